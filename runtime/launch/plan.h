// What to start, decided: plain structs made by the library, carried to the holder in a memfd (plan_codec.h)
// and applied there without further choices. Pure data; the same for a container, a RUN step and an exec.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

namespace devenv::launch {

/// One process of a container. `user`, the executable and HOME are resolved inside the container, by its
/// init.
struct ProcessPlan {
  std::vector<std::string> argv;  ///< argv[0] is searched in env's PATH unless it contains '/'
  std::vector<std::string> env;   ///< "K=V"; HOME is added from the container's passwd file when absent
  std::string user;               ///< "name|uid[:group|gid]", empty: 0:0
  std::string cwd = "/";          ///< absolute; created (0755, root) when missing and create_cwd
  bool create_cwd = false;
  std::uint32_t umask = 022;
  bool tty = false;
  std::uint16_t rows = 0, columns = 0;  ///< of the terminal; 0: left as the kernel makes it
};

/// The root file system: an overlay of `lower` (topmost first) and a writable layer.
struct RootfsPlan {
  std::vector<std::string> lower;  ///< absolute host directories; one is enough
  std::string upper, work;         ///< absolute host directories on one file system, made by the holder
  bool in_memory = false;  ///< the writable layer is a tmpfs of the container's own; no upper, no work
  bool read_only = false;
  bool volatile_upper = false;  ///< fsync reaches no disk; `work` cannot be used a second time
};

struct MountPlan {
  enum class Kind : std::uint32_t { bind, tmpfs };
  Kind kind = Kind::bind;
  std::string source;  ///< bind: absolute host path of a file or directory that exists
  std::string target;  ///< resolved inside the root; made when missing (a file for a file)
  bool read_only = false;
  std::uint64_t size_bytes = 0;  ///< tmpfs; 0: the kernel's default
  std::uint32_t mode = 01777;    ///< tmpfs
};

/// A port of the container served on a listening socket of the client's: the i-th of Holder::start's
/// listeners belongs to ports[i].
struct PortPlan {
  std::uint16_t container_port = 0;
  bool udp = false;
};

struct ContainerNetwork {
  enum class Mode : std::uint32_t { bridge, none, host };
  Mode mode = Mode::bridge;
  std::string network = "default";   ///< bridge: a network of the holder; "default" is made on first use
  std::vector<std::string> aliases;  ///< names besides the container's own
  std::vector<PortPlan> ports;
};

struct LimitsPlan {
  std::uint64_t memory_bytes = 0;  ///< 0: none, as in ResourceLimits
  double cpus = 0;
  std::int64_t pids = 0;
};

struct RlimitPlan {
  std::int32_t resource = 0;  ///< RLIMIT_*
  std::uint64_t soft = 0, hard = 0;
};

enum class StdinMode : std::uint32_t {
  none,  ///< /dev/null
  once,  ///< a pipe whose only write end goes to the starter: closing it is end of file
  keep,  ///< a pipe the holder keeps open for later attaches
};

struct SandboxPlan {
  std::string id;        ///< 64 hex digits
  std::string name;      ///< unique in its holder, resolves on its network
  std::string hostname;  ///< empty: the first 12 digits of id
  std::string metadata;  ///< opaque to the holder; returned by list()
  RootfsPlan rootfs;
  std::vector<MountPlan> mounts;
  std::vector<std::string> masked_paths, read_only_paths;
  std::string hosts;  ///< further lines of /etc/hosts, "address name\n"
  std::uint64_t shm_size_bytes = 64u << 20;
  ContainerNetwork network;
  LimitsPlan limits;
  std::vector<RlimitPlan> rlimits;
  std::uint64_t capabilities = 0;  ///< bit n = capability n: bounding set, and root's permitted and effective
  std::vector<std::uint8_t> seccomp;  ///< struct sock_filter[] of the target; empty: no filter
  bool no_new_privileges = false;
  bool privileged = false;  ///< /sys and cgroups writable, no device filter; masks are the caller's choice
  StdinMode stdin_mode = StdinMode::none;
  ProcessPlan process;

  int stop_signal = SIGTERM;  ///< what asks its main process to end when all of its holder is stopped …
  std::int64_t stop_grace_ms = 10000;  ///< … and how long after that it is killed

  std::string
      scratch_dir;  ///< made before start, removed with the container; "" or Holder::scratch_dir() + "/" + id
  std::string log_path;   ///< CRI log, created; its directory exists or is scratch_dir
  std::string exit_path;  ///< "": not kept; else a file "code signal oom finished_ns\n", there from the
                          ///< start, filled in on exit
  /// Removed by the holder once it exited and somebody was told its end, its starter is gone, or two seconds
  /// passed.
  bool auto_remove = false;
  bool die_with_connection = false;  ///< killed and removed when the starting connection closes
};

}  // namespace devenv::launch
