#include <optional>
#include <thread>

#include "devenv/mongo.h"
#include "devenv/postgres.h"
#include "devenv/web_app.h"
#include "rows.h"

namespace devenv::bench {
namespace {

struct Parts {
  bool postgres = false, mongo = false, flask = false;
};

double start_ours(const std::string& app_context, Parts parts) {
  Session session({.side_by_side = true});
  return timed([&] {
    std::optional<Postgres> db;
    std::optional<Mongo> documents;
    std::optional<WebApp> app;
    if (parts.postgres) db.emplace(PostgresOptions{}, session);
    if (parts.mongo) documents.emplace(MongoOptions{}, session);
    if (parts.flask)
      app.emplace(WebAppOptions{.context = app_context,
                                .env = {{"DATABASE_URL", db ? db->internal_url() : ""}},
                                .health_path = ""},
                  session);
    session.wait_ready();
  });
}

/// The same three images on a network of docker's, started side by side as well. Ready means that the server
/// itself accepts: on its own address, for docker's proxy accepts on a published port before it does. (Our
/// Postgres has to answer besides.)
class PeerTrio {
 public:
  PeerTrio(const Peer& peer, const std::string& app_context) : peer_(peer) {
    process_engine()->build(*postgres_service({}).build, {});
    process_engine()->build(*mongo_service({}).build, {});
    BuildSpec app = *web_app_service({.context = app_context}).build;
    app.tags = {"devenv-bench/flask"};
    process_engine()->build(app, {});
    load_into_docker("docker.io/devenv/postgres:latest", "devenv-bench-postgres");
    load_into_docker("docker.io/devenv/mongo:latest", "devenv-bench-mongo");
    load_into_docker("docker.io/devenv-bench/flask:latest", "devenv-bench-flask");
    peer_.run({"network", "create", "--subnet", "10.213.7.0/24", kNetwork});
  }
  PeerTrio(const PeerTrio&) = delete;
  PeerTrio& operator=(const PeerTrio&) = delete;
  ~PeerTrio() {
    try {
      peer_.run({"network", "rm", kNetwork});
    } catch (const std::exception& error) {
      std::fprintf(stderr, "bench: %s\n", error.what());
    }
  }

  double start() {
    const double spent = timed([&] {
      std::exception_ptr failure[3];
      {
        const std::jthread db =
            starter(failure[0], "postgres", "10.213.7.11", 5432, {"-e", "POSTGRES_PASSWORD=postgres"});
        const std::jthread documents = starter(failure[1], "mongo", "10.213.7.12", 27017, {});
        const std::jthread app =
            starter(failure[2], "flask", "10.213.7.13", 8000,
                    {"-e", "DATABASE_URL=postgresql://postgres:postgres@10.213.7.11:5432/postgres"});
      }
      for (const auto& one : failure)
        if (one) std::rethrow_exception(one);
    });
    peer_.run({"rm", "-f", "-v", "devenv-bench-postgres-1", "devenv-bench-mongo-1", "devenv-bench-flask-1"});
    return spent;
  }

 private:
  std::jthread starter(std::exception_ptr& failure, const std::string& name, const std::string& address,
                       std::uint16_t port, const std::vector<std::string>& options) const {
    return std::jthread([this, &failure, name, address, port, options] {
      try {
        std::vector<std::string> args{
            "run",  "-d",    "--name", "devenv-bench-" + name + "-1",       "--network", kNetwork,
            "--ip", address, "-p",     "127.0.0.1::" + std::to_string(port)};
        args.insert(args.end(), options.begin(), options.end());
        args.push_back("devenv-bench-" + name);
        peer_.run(args);
        wait_for_port(address, port);
      } catch (...) {
        failure = std::current_exception();
      }
    });
  }

  static constexpr const char* kNetwork = "devenv-bench";
  const Peer peer_;
};

}  // namespace

std::vector<Row> trio_rows(const Bench& bench) {
  const std::string app = bench.source_dir + "/examples/flask_app";
  const auto ours = [app](Parts parts) { return [app, parts] { return start_ours(app, parts); }; };
  Row together{"fresh Postgres + Mongo + Flask, ready",
               ">= 10x / the slowest alone",
               ours({true, true, true}),
               {},
               {}};
  if (bench.peer.answers())
    together.peer = [trio = std::make_shared<PeerTrio>(bench.peer, app)] { return trio->start(); };
  return {together,
          {"  Postgres alone", "", ours({.postgres = true}), {}, {}},
          {"  Mongo alone", "", ours({.mongo = true}), {}, {}},
          {"  Flask alone", "", ours({.flask = true}), {}, {}}};
}

}  // namespace devenv::bench
