// A service: a container with what a test needs around it (where its image comes from, when it is ready,
// what it can be cloned from), and the handle to a running one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devenv/container_spec.h"
#include "devenv/engine.h"
#include "devenv/wait.h"

namespace devenv {

class Service;

/// A file put into the container, read-only, before its command runs.
struct FileSpec {
  std::string target;        ///< absolute path in the container
  std::string source = {};   ///< host file; else
  std::string content = {};  ///< these bytes
  unsigned mode = 0644;      ///< of `content`
};

/// A prepared state: the service is started once, made ready, stopped cleanly, and its writable layer kept
/// under a key of everything that shaped it (image, command, env, files, `inputs`). Every further start, of
/// any process, is a copy-on-write clone of it.
struct Preparation {
  bool enabled = false;
  std::vector<std::string> inputs = {};  ///< whatever else shaped it
  /// Work to do in the ready container before it is stopped and kept. Not part of the key: name it in inputs.
  std::function<void(Engine&, const ContainerInfo&)> finish = {};
  /// What a clone is started with instead, for example without the entrypoint that initialises.
  std::function<void(ContainerSpec&, const ImageInfo&)> adapt_clone = {};
  /// Clones write to memory rather than disk (ContainerSpec::in_memory), unless they have a memory limit.
  bool clone_in_memory = false;
  int clean_exit_code = 0;  ///< of the stop; anything else is a failure
  std::chrono::milliseconds timeout{120000};
};

/// Called at points of a service's life, from the thread that starts or removes it. One that throws fails
/// the start; before_stop must not throw.
struct ServiceHooks {
  std::function<void(ContainerSpec&)> before_start = {};
  std::function<void(Service&)> after_start = {};  ///< executed, not yet ready
  std::function<void(Service&)> ready = {};
  std::function<void(Service&)> before_stop = {};
};

struct ServiceSpec {
  /// Its name for the other services of its session; "-2" … is added when taken. Empty: "service".
  std::string name = {};
  /// What runs. `image` may be empty when `build` is given; `name` is made up from the service's;
  /// `network` "default" means the session's own private network.
  ContainerSpec container = {};
  std::optional<BuildSpec> build = {};  ///< builds the image, once per process for equal specs
  PullPolicy pull = PullPolicy::missing;
  std::vector<FileSpec> files = {};
  Wait ready = {};
  std::chrono::milliseconds startup_timeout{60000};  ///< this and other limits of a start times DEVENV_SLOWDOWN
  int startup_attempts = 1;
  std::vector<std::string> after = {};  ///< services of the session that must be ready before it starts
  Preparation preparation = {};
  ServiceHooks hooks = {};
  /// How long remove() lets it stop by itself; 0: killed at once. A test's data is thrown away anyway.
  std::chrono::milliseconds stop_grace{0};
};

/// What a start took, in order. Milliseconds are wall time.
struct StartTimes {
  double image_ms = 0;    ///< pulled, built, or found
  double prepare_ms = 0;  ///< the prepared state made or waited for; 0 when it was there
  double start_ms = 0;    ///< until the command was executed
  double ready_ms = 0;    ///< from there until ready
  bool from_prepared_state = false;
};

/// A service of a session. Movable handle; the service is removed when the last handle or the session goes,
/// whichever is first. Thread-safe. In a session that starts side by side, whatever needs the running
/// container blocks until it is ready and throws what the start failed with.
class Service {
 public:
  Service();  ///< no service; only assignment and destruction
  ~Service();
  Service(Service&&) noexcept;
  Service& operator=(Service&&) noexcept;

  /// Resolves for other containers of the session; known before it is started.
  const std::string& name() const;
  const std::string& internal_host() const { return name(); }

  /// Blocks until ready. Throws StartError.
  void wait_ready() const;
  /// Where its published ports are: "127.0.0.1".
  std::string host() const;
  /// The host port of a published container port; of the first one when 0. Throws Error when there is none.
  std::uint16_t port(std::uint16_t container_port = 0) const;
  std::string id() const;
  ContainerInfo info() const;
  StartTimes times() const;

  /// Runs a command in it and returns its output and exit code. Throws CommandError when it cannot be run,
  /// Timeout.
  ExecResult exec(std::vector<std::string> command,
                  std::chrono::milliseconds timeout = std::chrono::minutes(1)) const;
  ExecResult exec(const ExecSpec& spec, Deadline deadline) const;
  /// Everything it printed so far, both streams in order. Does not wait for readiness.
  std::string logs() const;
  std::unique_ptr<LogReader> log_reader() const;
  /// The bytes of a file in it (read with its `cat`).
  std::string read_file(const std::string& path) const;

  /// Stops it (its stop signal, then SIGKILL after the grace); its logs and exit status stay. Idempotent.
  ExitStatus stop(std::chrono::milliseconds grace = std::chrono::seconds(10));
  /// Blocks until its process exits; nullopt at the deadline.
  std::optional<ExitStatus> wait_exit(Deadline deadline) const;
  /// Gone, with everything it owned. Idempotent, never throws.
  void remove() noexcept;

  explicit operator bool() const { return state_ != nullptr; }

  class State;  // internal
  explicit Service(std::shared_ptr<State> state, bool owner = true);

 private:
  State& state() const;
  std::shared_ptr<State> state_;
  bool owner_ = false;
};

/// A service that did not come up. what() is the whole story: what was waited for and how long, the last
/// answer, state and exit code, the last log lines, what to try. Nothing of it is left running.
class StartError : public Error {
 public:
  using Error::Error;
};

}  // namespace devenv
