#include "net_settings.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/check.h"
#include "runtime/base/unique_fd.h"

namespace devenv::net {

namespace {

int call(long result) { return result < 0 ? -1 : static_cast<int>(result); }

UniqueFd mount_own_proc() {
  const std::string action = "mount a /proc for network settings";
  const UniqueFd context(check(call(syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC)), action));
  check(call(syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0)), action);
  return UniqueFd(check(call(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)), action));
}

/// Kept: a container's start needs it as well. The kernel looks a setting up in the namespace of who asks.
int own_proc() {
  static const UniqueFd proc = mount_own_proc();
  return proc.get();
}

UniqueFd open_setting(int proc, const std::string& name) {
  return UniqueFd(openat(proc, ("sys/net/" + name).c_str(), O_WRONLY | O_CLOEXEC));
}

bool shows_settings(int proc) { return faccessat(proc, "sys/net", F_OK, 0) == 0; }

}  // namespace

void write_net_setting(const std::string& name, const std::string& value) {
  const UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  UniqueFd setting = open_setting(proc.get(), name);
  if (!setting && errno == ENOENT && shows_settings(proc.get())) return;
  if (!setting && (errno == EROFS || errno == ENOENT)) {
    setting = open_setting(own_proc(), name);
    if (!setting && errno == ENOENT) return;
  }
  check(setting.get(), [&] { return "open /proc/sys/net/" + name; });
  check(write(setting.get(), value.data(), value.size()), [&] { return "write /proc/sys/net/" + name; });
}

}  // namespace devenv::net
