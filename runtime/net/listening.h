// Who listens on a port inside a network namespace: asks the kernel, connects to nothing. TCP listeners by
// sock_diag(7), for /proc/<pid>/net/tcp walks the connections of the whole machine: milliseconds, however few
// there are. /proc has the rest, and all on a kernel without inet_diag.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "netlink.h"

namespace devenv::net {

/// One line of /proc/<pid>/net/{tcp,tcp6,udp,udp6}.
struct SocketLine {
  std::uint16_t port = 0;
  bool loopback = false;   ///< bound to 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104
  bool any = false;        ///< bound to 0.0.0.0 or ::
  bool listening = false;  ///< TCP: LISTEN; UDP: unconnected
  std::uint64_t inode = 0;
};

/// Pure. Lines that do not parse are skipped.
std::vector<SocketLine> parse_proc_net(std::string_view text, bool udp);

/// Whether `text` shows a listener on `port` that others can reach: not bound to loopback. Pure.
bool listens_on(std::string_view text, std::uint16_t port, bool udp);

/// The same for the network namespace of process `pid`, IPv4 and IPv6. False when the process is gone.
bool process_listens_on(pid_t pid, std::uint16_t port, bool udp);

/// The same question to one namespace, to be asked again and again.
class ListenProbe {
 public:
  /// Of the network namespace current at construction, which it keeps alive; `pid` is a process in it. Throws
  /// SystemError.
  explicit ListenProbe(pid_t pid) : pid_(pid) {}
  /// Throws SystemError.
  bool listens_on(std::uint16_t port, bool udp);

 private:
  pid_t pid_;
  bool has_diag_ = true;
  DiagSocket diag_;
};

}  // namespace devenv::net
