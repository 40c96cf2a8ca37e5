#include "answers.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/fields.h"

namespace devenv::deny {
namespace {

int descriptor(std::uint64_t argument) { return static_cast<int>(argument); }

bool sets_option(std::uint64_t command) { return command <= FSCONFIG_SET_FD; }

}  // namespace

Answer Answers::to(const seccomp_notif& question) {
  const auto thread = static_cast<pid_t>(question.pid);
  const seccomp_data& call = question.data;
  const auto& args = call.args;
  const Caller caller(thread);
  switch (call.nr) {
    case SYS_fsopen:
      return fsopen(thread, call);
    case SYS_fsconfig:
      return fsconfig(thread, call);
    case SYS_mount:
      return mount(caller, call);
    case SYS_open_tree:
      return needs_own_mount(caller, descriptor(args[0]), caller.text(args[1]),
                             (args[2] & AT_SYMLINK_NOFOLLOW) == 0);
    case SYS_move_mount:
      return needs_own_mount(caller, descriptor(args[2]), caller.text(args[3]),
                             (args[4] & MOVE_MOUNT_T_SYMLINKS) != 0);
    case SYS_openat:
    case SYS_faccessat:
    case SYS_faccessat2:
      return access_file(caller, descriptor(args[0]), args[1], call.nr == SYS_openat ? args[2] : 0);
    case SYS_access:
      return access_file(caller, AT_FDCWD, args[0], 0);
    case SYS_bpf:
      return bpf(caller, call);
    case SYS_copy_file_range:
      return copy(caller, descriptor(args[0]));
    default:
      return std::nullopt;
  }
}

Answer Answers::fsopen(pid_t thread, const seccomp_data& call) {
  // A number that is about to be given anew belongs to no context of before.
  const Caller caller(thread);
  std::erase_if(contexts_, [&](const auto& entry) {
    return entry.first.first == thread && !caller.has_context(entry.first.second);
  });
  opened_[thread] = caller.text(call.args[0]);
  return std::nullopt;
}

Answers::Context& Answers::context_of(pid_t thread, int fd) {
  return contexts_.try_emplace({thread, fd}, Context{opened_[thread]}).first->second;
}

Answer Answers::fsconfig(pid_t thread, const seccomp_data& call) {
  Context& context = context_of(thread, descriptor(call.args[0]));
  if (sets_option(call.args[1])) return set_option(Caller(thread), call, context);
  return context.refused ? Answer(EINVAL) : std::nullopt;
}

Answer Answers::set_option(const Caller& caller, const seccomp_data& call, Context& context) {
  const std::string name = caller.text(call.args[2]);
  if (context.type == "overlay" && kernel_ < kOverlayRefusesUnknownOptions && !is_old_overlay_option(name)) {
    context.refused = true;
    return 0;
  }
  if (kernel_ < option_since(context.type, name)) return EINVAL;
  if (context.type != "overlay") return std::nullopt;
  if (call.args[1] == FSCONFIG_SET_FD && kernel_ < kOverlayTakesDescriptors) return EINVAL;
  if (call.args[1] == FSCONFIG_SET_STRING && foreign_layer(caller, name, caller.text(call.args[3])))
    context.refused = true;
  return std::nullopt;
}

bool Answers::foreign_layer(const Caller& caller, std::string_view option, const std::string& value) const {
  if (option != "lowerdir" && option != "lowerdir+" && option != "upperdir" && option != "workdir")
    return false;
  const auto is_foreign = [&](std::string_view path) {
    const UniqueFd layer = caller.open(AT_FDCWD, std::string(path), true);
    return layer && !caller.has_mounted(layer.get());
  };
  if (option != "lowerdir") return is_foreign(value);
  const auto layers = fields(value, ":");
  return std::any_of(layers.begin(), layers.end(), is_foreign);
}

Answer Answers::mount(const Caller& caller, const seccomp_data& call) const {
  if (caller.text(call.args[2]) != "overlay") return std::nullopt;
  const std::string data = caller.text(call.args[4]);
  for (const std::string_view option : fields(data, ",")) {
    const std::size_t equals = option.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = option.substr(0, equals);
    if (kernel_ < option_since("overlay", name)) return EINVAL;
    if (foreign_layer(caller, name, std::string(option.substr(equals + 1)))) return EINVAL;
  }
  return std::nullopt;
}

Answer Answers::needs_own_mount(const Caller& caller, int dirfd, const std::string& path, bool follow) const {
  const UniqueFd file = caller.open(dirfd, path, follow);
  return file && !caller.has_mounted(file.get()) ? Answer(EINVAL) : std::nullopt;
}

Answer Answers::access_file(const Caller& caller, int dirfd, std::uint64_t path, std::uint64_t flags) const {
  const std::string name = caller.text(path);
  if (kernel_ < control_file_since(name.substr(name.rfind('/') + 1))) {
    const UniqueFd file = caller.open(dirfd, name, true);
    struct statfs fs;
    if (file && fstatfs(file.get(), &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) return ENOENT;
  }
  if ((flags & O_TMPFILE) == O_TMPFILE && kernel_ < kOverlayHasTmpfile) {
    const UniqueFd directory = caller.open(dirfd, name, true);
    struct statfs fs;
    if (directory && fstatfs(directory.get(), &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC)
      return EOPNOTSUPP;
  }
  return std::nullopt;
}

Answer Answers::copy(const Caller& caller, int from) const {
  const UniqueFd file = caller.open(from, "", true);
  struct stat st;
  return file && fstat(file.get(), &st) == 0 && st.st_size == 0 ? Answer(0) : std::nullopt;
}

Answer Answers::bpf(const Caller& caller, const seccomp_data& call) const {
  const std::size_t known = bpf_attr_size(kernel_);
  if (call.args[2] <= known) return std::nullopt;
  const std::string rest = caller.bytes(call.args[1] + known, call.args[2] - known);
  return rest.find_first_not_of('\0') == std::string::npos ? std::nullopt : Answer(E2BIG);
}

}  // namespace devenv::deny
