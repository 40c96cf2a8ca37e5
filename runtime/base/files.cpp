#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>

#include "check.h"
#include "random_id.h"
#include "scope_exit.h"

namespace devenv {

UniqueFd open_file(const std::string& path, int flags, unsigned mode) {
  return open_file_at(AT_FDCWD, path, flags, mode);
}

UniqueFd open_file_at(int dirfd, const std::string& path, int flags, unsigned mode) {
  return UniqueFd(
      check(openat(dirfd, path.c_str(), flags | O_CLOEXEC, mode), [&] { return "open " + path; }));
}

std::string read_all(int fd, const std::string& name, std::size_t limit) {
  std::string data;
  char buffer[65536];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    check(n, [&] { return "read " + name; });
    if (n == 0) return data;
    data.append(buffer, static_cast<std::size_t>(n));
    if (data.size() > limit)
      throw Error("read " + name + ": larger than the limit of " + std::to_string(limit) + " bytes");
  }
}

std::string read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  return read_all(fd.get(), path, limit);
}

void write_all(int fd, std::string_view data, const std::string& name) {
  while (!data.empty()) {
    const ssize_t n = write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    check(n, [&] { return "write " + name; });
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

void replace_file(const std::string& path, std::string_view data, unsigned mode, bool durable) {
  const std::string temporary = path + ".tmp-" + random_id(12);
  ScopeExit discard([&] { unlink(temporary.c_str()); });
  {
    const auto action = [&] { return "write " + path; };
    const UniqueFd fd(check(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), action));
    write_all(fd.get(), data, path);
    if (durable) check(fsync(fd.get()), action);
    check(rename(temporary.c_str(), path.c_str()), action);
  }
  discard.dismiss();
}

void make_directories(const std::string& path, unsigned mode) {
  for (std::size_t end = 1; end != std::string::npos;) {
    end = path.find('/', end);
    const std::string part = path.substr(0, end);
    if (end != std::string::npos) ++end;
    if (part.empty() || mkdir(part.c_str(), mode) == 0 || errno == EEXIST) continue;
    // A read-only or forbidden ancestor that already is a directory is no obstacle.
    const int code = errno;
    struct stat st;
    if (stat(part.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) continue;
    throw SystemError(code, "mkdir " + part);
  }
}

namespace {

void remove_entry(int parent, const char* name, const std::string& path, dev_t device) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) throw SystemError(errno, "remove " + path);
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return;  // somebody else removes the same tree
  check(fd, [&] { return "remove " + path; });
  struct stat st;
  fstat(fd, &st);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(fdopendir(fd), closedir);
  if (st.st_dev != device) throw SystemError(EXDEV, "remove " + path, "something is mounted there");
  while (const dirent* entry = readdir(dir.get())) {
    const std::string_view child = entry->d_name;
    if (child != "." && child != "..") remove_entry(fd, entry->d_name, path + "/" + entry->d_name, device);
  }
  if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw SystemError(errno, "remove " + path);
}

}  // namespace

void remove_tree(const std::string& path) {
  struct stat st;
  if (lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT) return;
    throw SystemError(errno, "remove " + path);
  }
  remove_entry(AT_FDCWD, path.c_str(), path, st.st_dev);
}

}  // namespace devenv
