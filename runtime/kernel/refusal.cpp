#include "refusal.h"

#include <linux/capability.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "cgroup.h"
#include "cgroup_files.h"
#include "devenv/error.h"
#include "runtime/base/fields.h"
#include "runtime/base/files.h"
#include "systemd_unit.h"

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

/// PrivateUsers= of systemd: root, but of a user namespace that has hardly anybody else.
bool is_alone_with_its_ids() {
  if (!own_unit().is_service()) return false;
  const std::string text = read_control("/proc/self", "uid_map");
  const auto map = fields(text);
  return map.size() < 3 || std::strtoull(std::string(map[2]).c_str(), nullptr, 10) < 65536;
}

bool may_administer() {
  if (is_alone_with_its_ids()) return false;
  const std::string effective = status_field("CapEff");
  if (effective.empty()) return geteuid() == 0;
  return (std::strtoull(effective.c_str(), nullptr, 16) >> CAP_SYS_ADMIN & 1) != 0;
}

std::string missing_privilege() {
  const SystemdUnit unit = own_unit();
  if (geteuid() != 0)
    return unit.is_service() ? "devenv needs root for now: " + unit.name + " must set User=root, and no DynamicUser="
                             : "devenv needs root for now: run it as root or through sudo";
  if (unit.is_service())
    return unit.name + " may not administer the machine: leave CAP_SYS_ADMIN in CapabilityBoundingSet=, and "
                       "PrivateUsers= off";
  return "this root has no CAP_SYS_ADMIN; give the container that devenv runs in --privileged";
}

std::string sandbox_hint(const std::string& option) {
  const SystemdUnit unit = own_unit();
  if (!unit.is_service())
    return std::string(
               "devenv runs under a seccomp filter, which may refuse this; run it outside of that sandbox, "
               "or give its container --privileged or --security-opt seccomp=unconfined; ") +
           see_info;
  const std::string options =
      option.empty() ? "RestrictNamespaces=, SystemCallFilter=, PrivateUsers= and the like" : option;
  return unit.name + " is hardened, which may refuse this: see " + options + " in `systemd-analyze security " +
         unit.name + "`";
}

/// Whether somebody was already refused a process there, or would be now.
bool is_exhausted(const std::string& group) {
  const std::string limit = read_control(group, "pids.max");
  if (limit.empty() || limit == "max\n") return false;
  return control_number(group, "pids.events", "max") > 0 ||
         control_number(group, "pids.current") >= control_number(group, "pids.max");
}

std::string process_limit_hint() {
  const CgroupLayout layout = detect_cgroups();
  const auto v1 = layout.v1.find("pids");
  std::string group = v1 == layout.v1.end() ? layout.own : v1->second + own_group("/", "pids");
  for (; group.size() > 1; group.erase(group.rfind('/')))
    if (is_exhausted(group))
      return group.substr(group.rfind('/') + 1) + " may have no more than " +
             std::to_string(control_number(group, "pids.max")) + " processes and threads; raise TasksMax= of that unit";
  return "no more processes are allowed here; raise ulimit -u, or TasksMax= of the systemd unit";
}

std::string unit_hint(const char* what) {
  const SystemdUnit unit = own_unit();
  return unit.is_service() ? unit.name + what : std::string();
}

}  // namespace

std::string refusal_hint(int code, const std::string& option) {
  switch (code) {
    case EAGAIN:
      return process_limit_hint();
    case EROFS:
      return unit_hint(" may not write there (ProtectSystem=, ReadOnlyPaths=); name the place in ReadWritePaths=");
    case EAFNOSUPPORT:
      return unit_hint(" may not use that kind of socket; add it to RestrictAddressFamilies=: AF_UNIX AF_INET "
                       "AF_INET6 AF_NETLINK");
    case EPERM:
    case EACCES:
    case ENOSYS:
      break;
    default:
      return {};
  }
  if (!may_administer()) return missing_privilege();
  if (status_field("Seccomp") == "2" || own_unit().is_service()) return sandbox_hint(option);
  if (code == ENOSYS) return std::string("this kernel lacks it, Linux 5.11 or newer is needed; ") + see_info;
  return see_info;
}

std::string namespace_hint(int code) {
  if (code != ENOSPC) return refusal_hint(code, "RestrictNamespaces=");
  std::string limits;
  for (const char* kind : {"user", "mnt", "pid", "net", "uts", "ipc", "cgroup"}) {
    const std::string file = std::string("max_") + kind + "_namespaces";
    if (read_control("/proc/sys/user", file.c_str()) == "0\n") limits += (limits.empty() ? "user." : ", user.") + file;
  }
  return "no more namespaces are allowed here; raise " +
         (limits.empty() ? "the limits in /proc/sys/user" : limits + ", as in sysctl user.max_mnt_namespaces=10000");
}

void require_mount_privilege(const std::string& action) {
  if (!may_administer()) throw SystemError(EPERM, action, missing_privilege());
}

}  // namespace devenv::kernel
