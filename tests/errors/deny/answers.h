// What an older kernel answers where a call's arguments have to be followed into memory or to descriptors.
#pragma once

#include <linux/seccomp.h>

#include <map>
#include <optional>
#include <string>

#include "caller.h"
#include "kernel.h"

namespace devenv::deny {

/// The result of a call that the kernel does not get to see: 0 or an errno. Nothing: the kernel may decide.
using Answer = std::optional<int>;

class Answers {
 public:
  explicit Answers(Kernel kernel) : kernel_(kernel) {}
  Answer to(const seccomp_notif& question);

 private:
  struct Context {
    std::string type;
    bool refused = false;  ///< took an option that its mount will refuse
  };

  Answer fsopen(pid_t thread, const seccomp_data& call);
  Answer fsconfig(pid_t thread, const seccomp_data& call);
  Answer set_option(const Caller& caller, const seccomp_data& call, Context& context);
  Answer mount(const Caller& caller, const seccomp_data& call) const;
  Answer needs_own_mount(const Caller& caller, int dirfd, const std::string& path, bool follow) const;
  Answer access_file(const Caller& caller, int dirfd, std::uint64_t path, std::uint64_t flags) const;
  Answer copy(const Caller& caller, int from) const;
  Answer bpf(const Caller& caller, const seccomp_data& call) const;
  Context& context_of(pid_t thread, int fd);
  bool foreign_layer(const Caller& caller, std::string_view option, const std::string& value) const;

  const Kernel kernel_;
  /// What a thread opened last: an answer is given before the call, so its descriptor is not known then.
  std::map<pid_t, std::string> opened_;
  std::map<std::pair<pid_t, int>, Context> contexts_;
};

}  // namespace devenv::deny
