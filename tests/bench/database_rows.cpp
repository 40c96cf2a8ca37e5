#include <dirent.h>

#include <cstdio>
#include <fstream>
#include <optional>

#include "devenv/postgres.h"
#include "rows.h"

namespace devenv::bench {
namespace {

const std::string kPeerImage = "devenv-bench-postgres", kPeerPostgres = "devenv-bench-postgres-1";

/// Start and removal are two rows of one run: what start leaves, removal takes.
struct OurPostgres {
  std::optional<Session> session;
  std::optional<Postgres> database;

  double start() {
    session.emplace();
    return timed([&] {
      database.emplace(PostgresOptions{}, *session);
      first_query(database->connection_string());
    });
  }
  double remove() {
    return timed([&] {
      database.reset();
      session->remove_all();
    });
  }
};

struct PeerPostgres {
  explicit PeerPostgres(const Bench& bench) : peer(bench.peer) {
    // The very same image, as our store has it: docker's own builder may be too old for the Dockerfile.
    process_engine()->build(*postgres_service({}).build, {});
    load_into_docker("docker.io/devenv/postgres:latest", kPeerImage);
  }

  double start() {
    return timed([&] {
      peer.run({"run", "-d", "--name", kPeerPostgres, "-p", "127.0.0.1:54328:5432", "-e",
                "POSTGRES_PASSWORD=postgres", kPeerImage});
      first_query("host=127.0.0.1 port=54328 user=postgres password=postgres dbname=postgres");
    });
  }
  double remove() {
    return timed([&] { peer.run({"rm", "-f", "-v", kPeerPostgres}); });
  }

  Peer peer;
};

Row postgres_start(const Bench& bench, const std::shared_ptr<PeerPostgres>& peer) {
  const auto bare = std::make_shared<BarePostgres>();
  Row row{"fresh Postgres: start -> first query", ">= 20x / <= 1.5x bare", {}, {}, {}};
  row.ours = [] {
    OurPostgres ours;
    const double spent = ours.start();
    ours.remove();
    return spent;
  };
  if (bench.peer.answers())
    row.peer = [peer] {
      const double spent = peer->start();
      peer->remove();
      return spent;
    };
  row.floor = [bare] { return bare->start_to_query(); };
  return row;
}

Row postgres_removal(const Bench& bench, const std::shared_ptr<PeerPostgres>& peer) {
  Row row{"its removal", ">= 20x / <= 10 ms", {}, {}, {}};
  row.ours = [] {
    OurPostgres ours;
    ours.start();
    return ours.remove();
  };
  if (bench.peer.answers())
    row.peer = [peer] {
      peer->start();
      return peer->remove();
    };
  return row;
}

}  // namespace

std::vector<Row> database_rows(const Bench& bench) {
  const auto peer = bench.peer.answers() ? std::make_shared<PeerPostgres>(bench) : nullptr;
  return {postgres_start(bench, peer), postgres_removal(bench, peer)};
}

namespace {

/// Resident kilobytes of this process.
long resident_kb() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  return 0;
}

int descriptors() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

}  // namespace

void print_growth(unsigned tests) {
  long memory = 0;
  int open = 0;
  const double spent = timed([&] {
    for (unsigned i = 0; i < tests; ++i) {
      OurPostgres ours;
      ours.start();
      ours.remove();
      if (i == 19) {
        memory = resident_kb();
        open = descriptors();
      }
    }
  });
  std::printf(
      "%u tests with a fresh Postgres each, one process: %.1f s, after the first 20 memory %+ld kB, "
      "descriptors %+d\n",
      tests, spent / 1000, resident_kb() - memory, descriptors() - open);
}

}  // namespace devenv::bench
