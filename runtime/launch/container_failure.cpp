#include "container_failure.h"

#include <cerrno>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/kernel/identity.h"
#include "runtime/kernel/refusal.h"

namespace devenv::launch {

namespace {

StartError command_error(const ProcessPlan& process, int error) {
  const std::string command = process.argv.empty() ? std::string() : process.argv[0];
  const std::string what = "execute \"" + command + "\": ";
  if (error == ENOENT || error == ENOTDIR) {
    const bool searched = command.find('/') == std::string::npos;
    return {ErrorKind::command, 127,
            what + (searched ? "not found in the container's PATH" : "no such file in the container") +
                "; a script's #! line or a dynamic loader that is missing reads the same"};
  }
  if (error == ENOEXEC)
    return {ErrorKind::command, 126, what + "not a program for this machine; a script needs a #! line"};
  const char* hint =
      error == EACCES ? "it is a directory, not executable (chmod +x), or on a noexec mount" : "";
  return {ErrorKind::command, 126, SystemError(error, "execute \"" + command + "\"", hint).what()};
}

StartError user_error(const ProcessPlan& process, int error) {
  const char* reason = kernel::reason_of(static_cast<kernel::IdentityError>(error));
  return {ErrorKind::error, 0,
          "resolve user \"" + process.user + "\": " + reason +
              "; name a user and group the image has, or give numbers, as in 1000:1000"};
}

std::string object_of(const SandboxPlan& plan, const ProcessPlan& process, const Failure& failure) {
  const auto item = [&](const std::vector<std::string>& list) {
    return failure.index < list.size() ? " " + list[failure.index] : std::string();
  };
  switch (failure.step) {
    case Step::mount:
      if (failure.index >= plan.mounts.size()) return {};
      return " " + plan.mounts[failure.index].source + " on " + plan.mounts[failure.index].target;
    case Step::mask:
      return item(plan.masked_paths);
    case Step::read_only:
      return item(plan.read_only_paths);
    case Step::work_dir:
      return " " + process.cwd;
    default:
      return {};
  }
}

std::string hint_for(const Failure& failure) {
  switch (failure.step) {
    case Step::mount:
      return {};  // its source is the user's: a refusal says nothing of the machine
    case Step::work_dir:
      return "it has to be a directory in the image that the user may enter; choose one with -w";
    case Step::cgroup_namespace:
      return kernel::namespace_hint(failure.error);
    case Step::hostname:
      return kernel::refusal_hint(failure.error, "ProtectHostname=, SystemCallFilter= (sethostname)");
    case Step::dev:
      return kernel::refusal_hint(failure.error, "SystemCallFilter= (@mount)");
    case Step::seccomp:
      return kernel::refusal_hint(failure.error, "SystemCallFilter= (seccomp)");
    case Step::keyring:
      return kernel::refusal_hint(failure.error, "SystemCallFilter= (@keyring)");
    default:
      return kernel::refusal_hint(failure.error, "SystemCallFilter= (@mount)");
  }
}

}  // namespace

StartError start_error(const SandboxPlan& plan, const ProcessPlan& process, const Failure& failure) {
  if (failure.step == Step::exec) return command_error(process, failure.error);
  if (failure.step == Step::identity && failure.error < 64) return user_error(process, failure.error);
  const std::string name = plan.name.empty() ? plan.id.substr(0, 12) : plan.name;
  const std::string doing = &process == &plan.process ? "start container " : "run a process in container ";
  const std::string action = action_of(failure.step) + object_of(plan, process, failure);
  return {ErrorKind::system, failure.error,
          SystemError(failure.error, doing + name + ": " + action, hint_for(failure)).what()};
}

}  // namespace devenv::launch
