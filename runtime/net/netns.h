// Network namespaces of the calling thread: entering one for a moment, and the settings of a fresh one.
#pragma once

#include <string>

#include "runtime/base/unique_fd.h"

namespace devenv::net {

/// A descriptor of the calling thread's network namespace.
UniqueFd current_netns();

/// In the namespace `target` as long as it lives, then back in `home`. Throws SystemError when it cannot
/// enter; if it cannot come back the process aborts: going on in the wrong namespace would be worse.
class NetnsScope {
 public:
  NetnsScope(int target, int home);
  NetnsScope(const NetnsScope&) = delete;
  NetnsScope& operator=(const NetnsScope&) = delete;
  ~NetnsScope();

 private:
  int home_;
};

/// For a holder's fresh, current namespace, once, before any bridge: lo up; no IPv6 on bridges (so no router
/// advertisement of a container is ever heard, CVE-2020-13401); no forwarding; bridged frames pass no
/// netfilter hooks. Throws SystemError.
void prepare_holder_netns();

/// lo up (127.0.0.1, ::1) in the namespace `netns`: all a container of network "none" gets. An attached one
/// gets it from attach_container(). `home` is the calling thread's own namespace.
void raise_loopback(int netns, int home);

}  // namespace devenv::net
