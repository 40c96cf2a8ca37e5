#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "devenv/error.h"
#include "runtime/base/check.h"

namespace devenv::store {
namespace {

constexpr int max_symlinks = 255;  // as containerd; the kernel's own limit is 40

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string read_link(int fd) {
  std::string target(4096, '\0');
  const ssize_t n = check(readlinkat(fd, "", target.data(), target.size()), "read symbolic link");
  target.resize(static_cast<std::size_t>(n));
  return target;
}

}  // namespace

std::string clean_path(const std::string& path) {
  std::string clean;
  int depth = 0;
  for (const std::string& part : split(path)) {
    if (part == ".") continue;
    if (part != "..") {
      clean = join_path(clean, part);
      ++depth;
    } else if (path.front() != '/' || depth > 0) {
      if (depth-- == 0) throw Error("the path leads out of the root");
      clean = parent_of(clean);
    }
  }
  return clean;
}

std::string parent_of(const std::string& clean) {
  const std::size_t slash = clean.rfind('/');
  return slash == std::string::npos ? std::string() : clean.substr(0, slash);
}

std::string base_of(const std::string& clean) { return clean.substr(clean.rfind('/') + 1); }

std::string join_path(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "/" + name;
}

int Tree::open_beneath(const std::string& path, int flags) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0;; ++attempt) {
    const long fd = syscall(SYS_openat2, root_, path.empty() ? "." : path.c_str(), &how, sizeof how);
    // EAGAIN: something was renamed meanwhile and the kernel could not be sure.
    if (fd < 0 && errno == EAGAIN && attempt < 64) continue;
    return static_cast<int>(fd);
  }
}

std::string Tree::resolve(const std::string& clean) const {
  if (const UniqueFd direct{open_beneath(clean, O_PATH | O_DIRECTORY)}) return clean;
  std::vector<std::string> todo = split(clean);
  std::reverse(todo.begin(), todo.end());
  std::string done;
  int symlinks = 0;
  while (!todo.empty()) {
    const std::string part = std::move(todo.back());
    todo.pop_back();
    if (part == "." || part == "..") {
      if (part == "..") done = parent_of(done);
      continue;
    }
    const std::string path = join_path(done, part);
    const UniqueFd fd{open_beneath(path, O_PATH | O_NOFOLLOW)};
    struct stat st {};
    if (!fd || fstat(fd.get(), &st) != 0 || !S_ISLNK(st.st_mode)) {
      if (!fd && errno != ENOENT && errno != ENOTDIR) throw SystemError(errno, "resolve " + path);
      done = path;
      continue;
    }
    if (++symlinks > max_symlinks) throw SystemError(ELOOP, "resolve " + clean);
    const std::string target = read_link(fd.get());
    if (target.starts_with('/')) done.clear();
    std::vector<std::string> parts = split(target);
    todo.insert(todo.end(), std::make_move_iterator(parts.rbegin()), std::make_move_iterator(parts.rend()));
    if (todo.size() > 4096) throw SystemError(ENAMETOOLONG, "resolve " + clean);
  }
  return done;
}

UniqueFd Tree::open_directory(const std::string& path, bool make) const {
  constexpr int flags = O_RDONLY | O_DIRECTORY;
  UniqueFd fd{open_beneath(path, flags)};
  if (fd || !make || errno != ENOENT) {
    if (!fd) throw SystemError(errno, "open directory " + path);
    return fd;
  }
  const UniqueFd parent = open_directory(parent_of(path), true);
  const std::string name = base_of(path);
  if (mkdirat(parent.get(), name.c_str(), 0755) != 0 && errno != EEXIST)
    throw SystemError(errno, "create directory " + path);
  fd = UniqueFd(openat(parent.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
  check(fd.get(), [&] { return "open directory " + path; });
  check(fchmod(fd.get(), 0755), [&] { return "set mode of " + path; });  // whatever the umask
  return fd;
}

std::optional<struct stat> stat_at(int dirfd, const std::string& name) {
  struct stat st {};
  if (fstatat(dirfd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return st;
  if (errno == ENOENT) return std::nullopt;
  throw SystemError(errno, "stat " + name);
}

std::vector<std::string> names_in(int dirfd) {
  const int copy = check(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open directory");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(fdopendir(copy), closedir);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw SystemError(errno, "read directory");
  std::sort(names.begin(), names.end());
  return names;
}

void remove_at(int dirfd, const std::string& name) {
  if (unlinkat(dirfd, name.c_str(), 0) == 0 || errno == ENOENT) return;
  // unlink(2) of a directory: EISDIR on Linux, EPERM in POSIX and on some file systems.
  if (errno != EISDIR && errno != EPERM) throw SystemError(errno, "remove " + name);
  {
    const UniqueFd child(check(openat(dirfd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                               [&] { return "remove " + name; }));
    for (const std::string& entry : names_in(child.get())) remove_at(child.get(), entry);
  }
  if (unlinkat(dirfd, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw SystemError(errno, "remove " + name);
}

}  // namespace devenv::store
