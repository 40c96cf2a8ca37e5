#include "host_sockets.h"

#include <sys/socket.h>

#include "netns.h"
#include "runtime/base/check.h"

namespace devenv::net {

UniqueFd SetnsHostSockets::open(int family, int type) {
  const NetnsScope on_the_host(host_.get(), home_.get());
  return UniqueFd(check(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "open a socket on the host"));
}

}  // namespace devenv::net
