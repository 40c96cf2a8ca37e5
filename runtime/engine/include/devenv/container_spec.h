// What a container should be: plain data, the same whoever asks for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace devenv {

enum class Protocol { tcp, udp };

/// One published port. Without host_ip: 127.0.0.1 and ::1, the same port on both.
struct PortMapping {
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;  ///< 0: a free one is found
  std::string host_ip{};        ///< empty, or a numeric IPv4 or IPv6 address
  Protocol protocol = Protocol::tcp;
};

/// Something mounted into the container. `target` is absolute, resolved inside the root file system.
struct MountSpec {
  enum class Type { bind, volume, tmpfs };
  Type type = Type::bind;
  std::string source{};  ///< bind: absolute host path; volume: its name; tmpfs: unused
  std::string target{};
  bool read_only = false;
  std::uint64_t tmpfs_size_bytes = 0;  ///< 0: the kernel's default, half of memory
  unsigned tmpfs_mode = 01777;
};

/// Limits, applied where the cgroup offers them; 0 means none.
struct ResourceLimits {
  std::uint64_t memory_bytes = 0;
  double cpus = 0;  ///< 1.5 = one and a half processors
  std::int64_t pids = 0;
};

struct ContainerSpec {
  std::string image{};  ///< a reference or an id; must be present
  std::string name{};   ///< empty: one is made up; [a-zA-Z0-9][a-zA-Z0-9_.-]+
  std::optional<std::vector<std::string>> entrypoint{};    ///< nullopt: the image's
  std::vector<std::string> command{};                      ///< empty: the image's, unless entrypoint is set
  std::vector<std::pair<std::string, std::string>> env{};  ///< added to the image's, the last of a name wins
  std::string user{};                                      ///< "name|uid[:group|gid]", empty: the image's
  std::string workdir{};                                   ///< empty: the image's, else /
  std::string hostname{};                                  ///< empty: the first 12 digits of the id
  std::map<std::string, std::string> labels{};
  std::vector<PortMapping> ports{};
  std::vector<MountSpec> mounts{};
  std::string network = "default";     ///< default | none | host | a network's name or id
  std::vector<std::string> aliases{};  ///< further names in that network; its name always resolves
  std::vector<std::pair<std::string, std::string>> extra_hosts{};  ///< name → address, into /etc/hosts
  ResourceLimits limits{};
  std::string stop_signal{};  ///< "SIGTERM", "TERM", "15"; empty: the image's, else SIGTERM
  std::chrono::milliseconds stop_grace{10000};
  bool tty = false;
  bool open_stdin = false;
  bool read_only_root = false;
  bool privileged = false;
  std::vector<std::string> cap_add{}, cap_drop{};  ///< "NET_ADMIN", "CAP_NET_ADMIN", "ALL"
  bool no_new_privileges = false;
  std::uint64_t shm_size_bytes = 64u << 20;
  bool auto_remove = false;     ///< gone, files included, as soon as it exits
  bool trust_host_cas = false;  ///< the host's CA bundle mounted over the image's, read-only
  std::string frozen_state{};   ///< key of a state to start from, on top of the image
  /// What it writes outside of mounts is kept in memory: an open for writing of an image's file then copies it in
  /// microseconds. At most half of the machine's memory; counts towards its memory limit; cannot be frozen.
  bool in_memory = false;
};

}  // namespace devenv
