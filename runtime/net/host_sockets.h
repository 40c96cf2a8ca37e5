// Sockets that live in the host's network namespace although the holder does not. Rootless holders cannot
// enter it: their implementation will ask a broker process for them.
#pragma once

#include "runtime/base/unique_fd.h"

namespace devenv::net {

class HostSockets {
 public:
  virtual ~HostSockets() = default;
  /// A nonblocking, close-on-exec socket; family AF_INET or AF_INET6, type SOCK_STREAM or SOCK_DGRAM.
  /// Throws SystemError (EMFILE included).
  virtual UniqueFd open(int family, int type) = 0;
};

/// Enters the namespace for the moment of socket(2). For one single-threaded process that may do so (root).
class SetnsHostSockets : public HostSockets {
 public:
  SetnsHostSockets(UniqueFd host_netns, UniqueFd home_netns)
      : host_(std::move(host_netns)), home_(std::move(home_netns)) {}
  UniqueFd open(int family, int type) override;

 private:
  UniqueFd host_, home_;
};

}  // namespace devenv::net
