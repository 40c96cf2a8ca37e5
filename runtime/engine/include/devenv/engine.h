// The one interface between whoever wants containers (harness, command line) and whoever runs them.
//
// What it guarantees: every call is thread-safe; every call that can wait takes a Deadline; what an Engine
// started "for its own life" (Lifetime::session) is gone when the Engine is destroyed or its process dies,
// by whatever signal. The built-in runtime is the first implementation (devenv/native_engine.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devenv/container_spec.h"
#include "devenv/deadline.h"
#include "devenv/error.h"

namespace devenv {

/// Progress of slow work, one finished or started step a call, plain text without a newline.
/// May be called from any thread, one call at a time.
using Progress = std::function<void(const std::string& line)>;

struct ImageInfo {
  std::string id{};                                         ///< "sha256:…" of the config: docker's image id
  std::string manifest_digest{};                            ///< "sha256:…" of the manifest
  std::vector<std::string> references{};                    ///< familiar names with tags, "debian:bookworm"
  std::int64_t created_unix_s = 0;                          ///< 0 when the config does not say
  std::uint64_t size_bytes = 0;                             ///< sum of uncompressed layer sizes
  std::vector<std::string> entrypoint{}, command{}, env{};  ///< env as "K=V"
  std::string user{}, working_dir{}, stop_signal{};
  std::map<std::string, std::string> labels{};
  std::vector<std::string> exposed_ports{};  ///< "80/tcp"
  std::vector<std::string> volumes{};
};

/// What a removal of images did.
struct ImageRemoval {
  std::vector<std::string> untagged{};  ///< familiar names
  std::vector<std::string> deleted{};   ///< "sha256:…": ids of images, chain ids of layers
  std::uint64_t reclaimed_bytes = 0;
  /// A build, a pull or a start was adding content just then, so none was collected; the next removal does.
  bool postponed = false;
};

/// What `build` needs. Paths are the caller's; "-" as dockerfile reads `dockerfile_text`.
struct BuildSpec {
  std::string context_dir{};
  std::string dockerfile{};       ///< path; empty: <context>/Dockerfile, else <context>/dockerfile
  std::string dockerfile_text{};  ///< used instead of a file when not empty
  std::vector<std::string> tags{};
  std::vector<std::pair<std::string, std::string>>
      build_args{};      ///< a name without value takes the environment's
  std::string target{};  ///< stage name or number; empty: the last
  bool no_cache = false;
  bool pull = false;            ///< ask the registry again for base images
  bool trust_host_cas = false;  ///< mount the host's CA bundle over the image's during RUN, never in a layer
  std::string network = "default";  ///< of RUN: default | none | host
  std::vector<std::pair<std::string, std::string>> labels{};
  std::vector<std::pair<std::string, std::string>> secrets{};  ///< id → host file
};

enum class PullPolicy { missing, always, never };

enum class ContainerState { created, running, exited };

struct ExitStatus {
  int code = 0;                ///< 0..255; 128+n when killed by signal n
  int signal = 0;              ///< the signal that killed it, else 0
  bool out_of_memory = false;  ///< its cgroup's OOM killer struck
};

struct PublishedPort {
  std::uint16_t container_port = 0;
  Protocol protocol = Protocol::tcp;
  std::string host_ip{};  ///< one entry per listening address
  std::uint16_t host_port = 0;
};

struct ContainerInfo {
  std::string id{};  ///< 64 hex digits
  std::string name{};
  std::string image{};  ///< as asked for
  std::string image_id{};
  std::vector<std::string> command{};  ///< entrypoint + command, as executed
  ContainerState state = ContainerState::created;
  std::optional<ExitStatus> exit{};  ///< once exited
  std::int64_t created_unix_ns = 0, started_unix_ns = 0, finished_unix_ns = 0;
  int pid = 0;            ///< of its PID 1, seen from the host; 0 when not running
  std::string network{};  ///< name
  std::string ip{};       ///< IPv4 in that network; empty for none and host
  std::vector<PublishedPort> ports{};
  std::map<std::string, std::string> labels{};
  ContainerSpec spec{};   ///< as it was started
  std::string problem{};  ///< why its record cannot be read; then little else is known, and it can be removed
  /// From start() alone: what a person should know, each a sentence: limits that are not enforced, a detached container
  /// that ends with the service it was started in.
  std::vector<std::string> warnings{};
};

enum class Lifetime {
  session,   ///< gone, files included, with this Engine and its process (tests, devenv run --rm)
  kept,      ///< runs no longer than this Engine; its files, log and end stay until removed (devenv run)
  detached,  ///< runs until stopped, stays until removed (devenv run -d)
};

struct NetworkSpec {
  std::string name{};                     ///< empty: a name is made up
  bool internal = false;                  ///< no egress, no DNS beyond its own names
  Lifetime lifetime = Lifetime::session;  ///< detached: the user's, shared by later commands
};

struct NetworkInfo {
  std::string id{}, name{}, subnet{}, gateway{};
  bool internal = false;
};

struct VolumeInfo {
  std::string name{}, mountpoint{};
  std::int64_t created_unix_s = 0;
};

struct ExecSpec {
  std::vector<std::string> command{};
  std::vector<std::pair<std::string, std::string>> env{};  ///< added to the container's
  std::string user{}, workdir{};                           ///< empty: the container's
  std::string input{};  ///< fed to standard input by exec(); ignored by open_exec()
  bool tty = false;
  bool open_stdin = false;
};

struct ExecResult {
  ExitStatus exit{};
  std::string output{}, errors{};
  int exit_code() const { return exit.code; }
};

/// A running process of a container seen from outside: descriptors to talk to it, and its end.
/// Owns the descriptors. wait() is thread-safe, the rest belongs to one thread.
class ProcessHandle {
 public:
  virtual ~ProcessHandle() = default;
  /// The write end of its standard input, or the terminal's master; -1 when not open. Stays owned here.
  virtual int input_fd() const = 0;
  /// Read ends; with a terminal both are the master. -1 when its output goes to the container's log.
  virtual int output_fd() const = 0;
  virtual int error_fd() const = 0;
  virtual void close_input() = 0;
  virtual void resize(unsigned rows, unsigned columns) = 0;
  virtual void signal(int number) = 0;
  /// Blocks until it exits or the deadline passes (then nullopt).
  virtual std::optional<ExitStatus> wait(Deadline deadline) = 0;
};

enum class LogStream { out, err };

struct LogLine {
  std::int64_t unix_ns = 0;
  LogStream stream = LogStream::out;
  std::string text{};    ///< exact bytes, without the final newline when `complete`
  bool complete = true;  ///< false: more of the same line follows
};

/// Reads a container's log from the start, then as it grows. One thread at a time; outlives the container.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// The next record; nullopt when the deadline passes first, or when the container's output has ended and
  /// everything was read (then ended() is true). Deadline already passed = do not block.
  virtual std::optional<LogLine> next(Deadline deadline) = 0;
  virtual bool ended() const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Images. Throw NotFound naming what was tried and the way out, Error for a bad reference.
  virtual ImageInfo ensure_image(const std::string& reference, PullPolicy policy, const Progress& progress,
                                 Deadline deadline) = 0;
  virtual ImageInfo build(const BuildSpec& spec, const Progress& progress) = 0;
  virtual ImageInfo bootstrap(const std::string& reference, bool force, const Progress& progress) = 0;
  virtual std::vector<ImageInfo> images() = 0;
  virtual ImageInfo inspect_image(const std::string& reference_or_id) = 0;

  /// Takes the name away, and with its last name (or by its id) the image and what only it needed. Throws
  /// NotFound, Conflict when a running container uses it; `force` removes it from under stopped ones, and all
  /// its names by id.
  virtual ImageRemoval remove_image(const std::string& reference_or_id, bool force) = 0;
  /// Images without a name, or with `all` every one, that no container uses.
  virtual ImageRemoval prune_images(bool all) = 0;
  /// Build steps that no image has, or with `all` every one, and their layers.
  virtual ImageRemoval prune_build_cache(bool all) = 0;

  // Networks of this engine's lifetime; names are unique within it. remove is idempotent.
  virtual NetworkInfo create_network(const NetworkSpec& spec) = 0;
  virtual std::vector<NetworkInfo> networks() = 0;
  virtual void remove_network(const std::string& name_or_id) = 0;

  // Containers. `id` is an id, a unique prefix of one, or a name.
  /// Creates and starts. Returns when the command was executed. Throws CommandError (126/127), Conflict
  /// (name or port taken), NotFound (image not present: ensure it first), Error. On a throw nothing is left.
  virtual ContainerInfo start(const ContainerSpec& spec, Lifetime lifetime) = 0;
  /// Attaches to the main process: input and terminal only, its output is in logs().
  virtual std::unique_ptr<ProcessHandle> attach(const std::string& id) = 0;
  virtual ContainerInfo inspect(const std::string& id) = 0;
  virtual std::vector<ContainerInfo> containers(bool all) = 0;
  virtual ExecResult exec(const std::string& id, const ExecSpec& spec, Deadline deadline) = 0;
  virtual std::unique_ptr<ProcessHandle> open_exec(const std::string& id, const ExecSpec& spec) = 0;
  virtual std::unique_ptr<LogReader> logs(const std::string& id) = 0;
  virtual void signal(const std::string& id, int number) = 0;
  /// Its stop signal, then SIGKILL after the grace (the spec's when nullopt). Returns its end. Idempotent.
  virtual ExitStatus stop(const std::string& id, std::optional<std::chrono::milliseconds> grace) = 0;
  virtual std::optional<ExitStatus> wait(const std::string& id, Deadline deadline) = 0;
  /// Removes it and everything it owned; a running one only when `force` (SIGKILL). A missing one throws
  /// NotFound unless `force`.
  virtual void remove(const std::string& id, bool force) = 0;
  /// Whether a socket inside the container's network namespace listens on `port`, on an address others can
  /// reach (not loopback). Connects to nothing.
  virtual bool listening(const std::string& id, std::uint16_t port, Protocol protocol) = 0;

  // Frozen states: the writable layer of a cleanly exited container, kept under a key, usable as
  // ContainerSpec::frozen_state by any later start of any process.
  virtual bool has_state(const std::string& key) = 0;
  /// Moves the writable layer of exited container `id` into the store under `key` and removes the
  /// container. When another process froze the same key first, theirs is kept.
  virtual void freeze(const std::string& id, const std::string& key) = 0;
  virtual std::vector<std::string> states() = 0;
  virtual void remove_state(const std::string& key) = 0;
  /// Holds a cross-process lock on `key` until the returned object dies, so that one process prepares.
  virtual std::shared_ptr<void> lock_state(const std::string& key, Deadline deadline) = 0;

  // Volumes.
  virtual VolumeInfo create_volume(const std::string& name) = 0;
  virtual std::vector<VolumeInfo> volumes() = 0;
  virtual void remove_volume(const std::string& name, bool force) = 0;
};

}  // namespace devenv
