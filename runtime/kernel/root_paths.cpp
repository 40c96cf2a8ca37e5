#include "root_paths.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <climits>

#include "rootfs.h"
#include "syscalls.h"

namespace devenv::kernel {
namespace {

constexpr int kMostSteps = 512;  // components made plus symlinks followed, for one path

/// Replaces `path` by <its first prefix_length bytes>/<link>/<rest>; an absolute link drops the prefix.
int substitute_link(char* path, std::size_t prefix_length, const char* link, const char* rest) {
  char replaced[PATH_MAX];
  std::size_t used = 0;
  const auto append = [&](const char* text, std::size_t length) {
    if (used + length + 2 > sizeof replaced) return false;
    std::memcpy(replaced + used, text, length);
    used += length;
    replaced[used++] = '/';
    return true;
  };
  if (link[0] != '/' && !append(path, prefix_length)) return -ENAMETOOLONG;
  if (!append(link, std::strlen(link))) return -ENAMETOOLONG;
  if (*rest != '\0' && !append(rest, std::strlen(rest))) return -ENAMETOOLONG;
  replaced[used - 1] = '\0';
  std::memcpy(path, replaced, used);
  return 0;
}

int make_component(int parent, const char* name, bool as_file, mode_t mode) {
  if (!as_file) return negative_errno(mkdirat(parent, name, mode));
  const ScopedFd file(
      negative_errno(openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode)));
  return file.failed() ? file.error() : 0;
}

/// Makes the component [begin, end) of `path`, whose prefix of that length exists as `parent`; `end` holds a
/// NUL in place of `after`. What is there already was missing a moment ago, or is a dangling symlink: follow
/// it.
int make_missing(int parent, char* path, std::size_t prefix, char* begin, char* end, char after, mode_t mode,
                 bool directory) {
  const char* rest = after == '\0' ? "" : end + 1;
  while (*rest == '/') ++rest;
  const bool as_file = !directory && *rest == '\0';
  // `mode` is the last component's: a file's is none for the directories above it.
  const int made = make_component(parent, begin, as_file, as_file || directory ? mode : 0755);
  char link[PATH_MAX];
  const ssize_t length = made == -EEXIST ? readlinkat(parent, begin, link, sizeof link - 1) : -1;
  const int code = errno;
  *end = after;
  if (made != -EEXIST) return made;
  if (length < 0) return code == EINVAL ? 0 : -code;
  link[length] = '\0';
  return substitute_link(path, prefix, link, rest);
}

/// Makes the first component of `path` that is missing, or follows it when it is a dangling symlink (which
/// the kernel reports as missing, too). 0: try the whole path again.
int make_first_missing(int root_fd, char* path, mode_t mode, bool directory) {
  int parent = negative_errno(fcntl(root_fd, F_DUPFD_CLOEXEC, 3));
  if (parent < 0) return parent;
  std::size_t prefix = 0;
  for (char* begin = path; *begin != '\0';) {
    char* end = strchrnul(begin, '/');
    const char after = *end;
    *end = '\0';
    const int found = *begin == '\0' ? -EEXIST : resolve_in_root(root_fd, path, O_PATH, 0, 0);
    if (found >= 0) {
      close(parent);
      parent = found;
      prefix = static_cast<std::size_t>(end - path);
    } else if (found != -EEXIST) {
      const ScopedFd holder(parent);
      return found == -ENOENT ? make_missing(parent, path, prefix, begin, end, after, mode, directory)
                              : found;
    }
    *end = after;
    begin = after == '\0' ? end : end + 1;
  }
  close(parent);
  return 0;
}

int make_in_root(int root_fd, const char* path, mode_t mode, bool directory) {
  char buffer[PATH_MAX];
  std::size_t length = strnlen(path, sizeof buffer);
  if (length == sizeof buffer) return -ENAMETOOLONG;
  std::memcpy(buffer, path, length + 1);
  while (length > 1 && buffer[length - 1] == '/') buffer[--length] = '\0';
  for (int step = 0; step < kMostSteps; ++step) {
    const int found = resolve_in_root(root_fd, buffer, O_PATH | (directory ? O_DIRECTORY : 0), 0, 0);
    if (found >= 0 && !directory) {
      struct stat st;
      if (fstat(found, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(found);
        return -EISDIR;
      }
    }
    if (found != -ENOENT) return found;
    if (const int made = make_first_missing(root_fd, buffer, mode, directory); made < 0) return made;
  }
  return -ELOOP;
}

}  // namespace

int resolve_in_root(int root_fd, const char* path, int flags, mode_t mode, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC));
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve;
  int fd;
  int tries = 64;
  do {
    fd = system_call(SYS_openat2, root_fd, *path == '\0' ? "." : path, &how, sizeof how);
    // The kernel could not be sure that ".." stayed inside while something was renamed.
  } while (fd == -EAGAIN && --tries > 0);
  return fd;
}

int open_in_root(int root_fd, const char* path, int flags, mode_t mode) {
  return resolve_in_root(root_fd, path, flags, mode, 0);
}

int make_directory_in_root(int root_fd, const char* path, mode_t mode) {
  return make_in_root(root_fd, path, mode, true);
}

int make_file_in_root(int root_fd, const char* path, mode_t mode) {
  return make_in_root(root_fd, path, mode, false);
}

int real_directory(int root_fd, const char* path) {
  int found = resolve_in_root(root_fd, path, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
  if (found != -ENOENT) return found;
  char buffer[PATH_MAX];
  const std::size_t length = strnlen(path, sizeof buffer);
  if (length == sizeof buffer) return -ENAMETOOLONG;
  std::memcpy(buffer, path, length + 1);
  char* slash = std::strrchr(buffer, '/');
  const char* name = slash == nullptr ? buffer : slash + 1;
  if (slash != nullptr) *slash = '\0';
  const ScopedFd parent(
      resolve_in_root(root_fd, slash == nullptr ? "" : buffer, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS));
  if (parent.failed()) return parent.error();
  if (mkdirat(parent.get(), name, 0755) != 0 && errno != EEXIST) return -errno;
  return resolve_in_root(root_fd, path, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
}

bool on_filesystem(int fd, long magic) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && fs.f_type == magic;
}

bool same_file(int a, int b) {
  struct stat first, second;
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace devenv::kernel
