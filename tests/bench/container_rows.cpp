#include <stdexcept>

#include "devenv/native_engine.h"
#include "devenv/session.h"
#include "rows.h"

namespace devenv::bench {
namespace {

const std::string kPeerContainer = "devenv-bench-exec";

/// A container to exec in, gone at the end.
class Running {
 public:
  Running(const Bench& bench, Lifetime lifetime) : engine_(process_engine()) {
    id_ = engine_->start({.image = bench.image, .command = {"sleep", "3600"}}, lifetime).id;
  }
  ~Running() { engine_->remove(id_, true); }
  Engine& engine() { return *engine_; }
  const std::string& id() const { return id_; }

 private:
  std::shared_ptr<Engine> engine_;
  std::string id_;
};

/// Exits of what must succeed.
void expect_zero(int code, const std::string& what) {
  if (code != 0) throw std::runtime_error(what + " exited with " + std::to_string(code));
}

Work start_in_process(const Bench& bench) {
  auto network = std::make_shared<std::string>();
  return [bench, network] {
    Engine& engine = *process_engine();
    if (network->empty()) *network = engine.create_network({}).name;
    return timed([&] {
      const auto container = engine.start(
          {.image = bench.image, .command = {"true"}, .ports = {{.container_port = 80}}, .network = *network},
          Lifetime::session);
      expect_zero(engine.wait(container.id, Deadline::never())->code, "true");
      engine.remove(container.id, true);
    });
  };
}

Work peer_run(const Bench& bench) {
  if (!bench.peer.answers()) return {};
  return [bench] { return timed([&] { bench.peer.run({"run", "--rm", bench.image, "true"}); }); };
}

Work peer_exec(const Bench& bench) {
  if (!bench.peer.answers()) return {};
  bench.peer.run({"run", "-d", "--rm", "--name", kPeerContainer, bench.image, "sleep", "3600"});
  // Removed with the last copy of the work.
  const std::shared_ptr<void> remover(nullptr, [bench](void*) {
    bench.peer.run({"rm", "-f", kPeerContainer});
  });
  return [bench, remover] { return timed([&] { bench.peer.run({"exec", kPeerContainer, "true"}); }); };
}

Work floor_work(const Bench& bench) {
  const auto floor =
      std::make_shared<Floor>(bench.floor, bench.layers, std::vector<std::string>{"/usr/bin/true"});
  return [floor] { return floor->round(); };
}

}  // namespace

std::vector<Row> container_rows(const Bench& bench) {
  const auto inside = std::make_shared<Running>(bench, Lifetime::session);
  const auto exec_inside = [inside] {
    return timed([&] {
      expect_zero(inside->engine().exec(inside->id(), {.command = {"true"}}, Deadline::never()).exit_code(),
                  "true");
    });
  };
  const auto whole_run = [bench] {
    return timed([&] { run_or_throw({bench.command, "run", "--rm", bench.image, "true"}); });
  };
  const auto whole_exec = [bench, inside] {
    return timed([&] { run_or_throw({bench.command, "exec", inside->id(), "true"}); });
  };
  const Work exec_in_peer = peer_exec(bench);
  return {
      {"start -> exit of true, in process", ">= 25x / <= 3x floor", start_in_process(bench), peer_run(bench),
       floor_work(bench)},
      {"run --rm IMAGE true, whole process", ">= 10x / <= 25 ms", whole_run, peer_run(bench),
       floor_work(bench)},
      {"exec of true, in process", ">= 15x / <= 5 ms", exec_inside, exec_in_peer, {}},
      {"exec of true, whole process", "", whole_exec, exec_in_peer, {}},
  };
}

}  // namespace devenv::bench
