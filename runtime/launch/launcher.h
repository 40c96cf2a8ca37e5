// The library's side of a holder: spawns or finds one, and asks it for containers, execs and networks.
//
// Holder is thread-safe: several threads may start containers side by side. Every call fails with Error
// "the devenv holder process died…" once the holder is gone; none of them forks. A session holder dies with
// this object and with this process, by whatever signal, and takes everything it held along.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <devenv/deadline.h>
#include <devenv/engine.h>
#include <devenv/error.h>

#include "plan.h"
#include "runtime/base/unique_fd.h"

namespace devenv::launch {

struct HolderOptions {
  std::string runtime_dir;  ///< sessions/<id>/ are below it; made 0700 when missing
  std::string store_dir;    ///< scratch goes to sessions/<id>/ below it
  std::string helper_path;  ///< empty: locate_helper()
  std::string systemd_dir = "/run/systemd/system";  ///< there where systemd runs: sd_booted(3)
};

/// $DEVENV_HELPER, else ../libexec/devenv/devenv-helper beside the library or executable this code is in,
/// else the build tree's. Throws NotFound naming what was tried.
std::string locate_helper();

struct Started {
  std::string id;
  int pid = 0;     ///< of its init, seen from the host
  UniqueFd pidfd;  ///< of its init
  UniqueFd input;  ///< write end of its stdin (StdinMode::once, keep) or its terminal's master (tty)
  std::string ip;  ///< empty without a bridge
  std::int64_t started_unix_ns = 0;
  std::vector<std::string> unmet_limits;  ///< of its plan or around it, each a sentence for a person
};

struct StartedExec {
  std::uint64_t exec_id = 0;
  int pid = 0;        ///< seen from inside the container
  UniqueFd terminal;  ///< master, with tty
};

/// A container as its holder knows it.
struct ContainerRecord {
  std::string id, name, metadata, log_path, network, ip;
  ContainerState state = ContainerState::running;
  int pid = 0;  ///< 0 once exited
  std::optional<ExitStatus> exit;
  std::int64_t started_unix_ns = 0, finished_unix_ns = 0;
  ProcessPlan process;  ///< the main one; filled by inspect() alone
};

struct NetworkRecord {
  std::string id, name, subnet, gateway;
  bool internal = false;
};

class Connection;

class Holder {
 public:
  /// A new holder that lives as long as the returned object and this process.
  static std::shared_ptr<Holder> spawn_session(const HolderOptions& options);
  /// The user's one detached holder, started when there is none. It ends by itself when it holds nothing.
  static std::shared_ptr<Holder> connect_or_spawn_detached(const HolderOptions& options);
  /// A running holder by its session directory; nullptr when nobody answers there.
  static std::shared_ptr<Holder> connect(const std::string& session_dir);
  /// Session directories below runtime_dir whose holder is alive, the caller's own included.
  static std::vector<std::string> sessions(const std::string& runtime_dir);

  ~Holder();
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  const std::string& session_dir() const;
  /// A container's scratch_dir is "<this>/<its id>": <store>/sessions/<session id>. Exists.
  const std::string& scratch_dir() const;
  bool alive() const;
  /// The service or login that a detached holder ends with and why, as in "ci.service, where it was started, since
  /// …"; empty when it outlives them.
  const std::string& ends_with() const;

  /// Names are unique in a holder: Conflict. `id` is made up.
  NetworkRecord create_network(const std::string& name, bool internal);
  /// Conflict while containers are on it; a missing one is fine.
  void remove_network(const std::string& name_or_id);
  std::vector<NetworkRecord> networks();

  /// Returns when the command was executed. listeners[i] serves plan.network.ports[i]. The holder keeps
  /// `keep` open until the container is gone: flocked descriptors of the volumes and the state it uses.
  /// Throws CommandError, Conflict (name), NotFound (network), Error; then nothing is left.
  Started start(const SandboxPlan& plan, std::vector<UniqueFd> listeners = {},
                std::vector<UniqueFd> keep = {});

  /// Runs a further process in container `id`. The descriptors are duplicated; -1: /dev/null (ignored with
  /// tty). Throws CommandError, NotFound, Conflict (not running).
  StartedExec exec(const std::string& id, const ProcessPlan& process, int input, int output, int errors);

  /// The main process' end; nullopt at the deadline. NotFound for an unknown id.
  std::optional<ExitStatus> wait(const std::string& id, Deadline deadline);
  /// The end of an exec started over any connection; answers for ended ones too while the container exists.
  std::optional<ExitStatus> wait_exec(const std::string& id, std::uint64_t exec_id, Deadline deadline);

  /// To the main process. One that has exited: no effect.
  void signal(const std::string& id, int number);
  void signal_exec(const std::string& id, std::uint64_t exec_id, int number);

  /// A duplicate of the kept stdin's write end or of the terminal's master; empty when there is none.
  UniqueFd attach_input(const std::string& id);

  /// For open_log(): readable whenever the container's log has grown, at its end when nothing more follows.
  /// Empty for an unknown id.
  UniqueFd follow_log(const std::string& id);

  /// Whether something in the container listens on `port` where others reach it, not on loopback alone.
  /// Throws NotFound, Conflict when it is not running.
  bool listening(const std::string& id, std::uint16_t port, bool udp);

  /// Kills it if it runs, waits until nothing of it is left. False when there was none.
  bool remove(const std::string& id);

  std::vector<ContainerRecord> list();
  std::optional<ContainerRecord> inspect(const std::string& id);

 private:
  using ExecKey = std::pair<std::string, std::uint64_t>;
  struct Waits;
  Holder(std::unique_ptr<Connection> connection, std::string session_dir);
  void greet();
  void need_network(const SandboxPlan& plan);
  std::optional<ExitStatus> wait_for(const ExecKey& key, Deadline deadline);

  std::string session_dir_, scratch_dir_, ends_with_;
  std::unique_ptr<Waits> waits_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace devenv::launch
