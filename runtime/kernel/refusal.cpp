#include "refusal.h"

#include <linux/capability.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "devenv/error.h"
#include "runtime/base/files.h"

namespace devenv::kernel {
namespace {

constexpr char see_info[] = "`devenv info` tries each facility";

/// A field of /proc/self/status; empty where there is no /proc.
std::string status_field(const std::string& name) {
  std::string text;
  try {
    text = "\n" + read_file("/proc/self/status");
  } catch (const Error&) {
    return {};
  }
  const std::size_t at = text.find("\n" + name + ":\t");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 3;
  return text.substr(begin, text.find('\n', begin) - begin);
}

bool may_administer() {
  const std::string effective = status_field("CapEff");
  if (effective.empty()) return geteuid() == 0;
  return (std::strtoull(effective.c_str(), nullptr, 16) >> CAP_SYS_ADMIN & 1) != 0;
}

std::string missing_privilege() {
  if (geteuid() != 0) return "devenv needs root for now: run it as root or through sudo";
  return "this root has no CAP_SYS_ADMIN; give the container that devenv runs in --privileged";
}

}  // namespace

std::string refusal_hint(int code) {
  if (code != EPERM && code != EACCES && code != ENOSYS) return {};
  if (!may_administer()) return missing_privilege();
  if (status_field("Seccomp") == "2")
    return std::string(
               "devenv runs under a seccomp filter, which may refuse this; run it outside of that sandbox, "
               "or give its container --privileged or --security-opt seccomp=unconfined; ") +
           see_info;
  if (code == ENOSYS) return std::string("this kernel lacks it, Linux 5.11 or newer is needed; ") + see_info;
  return see_info;
}

void require_mount_privilege(const std::string& action) {
  if (!may_administer()) throw SystemError(EPERM, action, missing_privilege());
}

}  // namespace devenv::kernel
