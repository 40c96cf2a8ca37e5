#include "file_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/files.h"

namespace devenv::build {
namespace {

void copy_link(const SourceEntry& entry, int dirfd, const std::string& name) {
  std::array<char, 4097> target{};
  check(readlinkat(entry.dirfd, entry.name.c_str(), target.data(), target.size() - 1),
        [&] { return "read symbolic link " + entry.name; });
  check(symlinkat(target.data(), dirfd, name.c_str()), [&] { return "make symbolic link " + name; });
}

void copy_regular(const SourceEntry& entry, int dirfd, const std::string& name,
                  const store::Attributes& attributes) {
  const UniqueFd from = open_file_at(entry.dirfd, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const UniqueFd to = open_file_at(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  copy_bytes(from.get(), to.get(), entry.name);
  store::set_attributes(to.get(), attributes, false, true);
}

}  // namespace

void copy_bytes(int from, int to, const std::string& name) {
  loff_t offset = 0;
  for (;;) {
    const ssize_t n = copy_file_range(from, &offset, to, nullptr, 1u << 30, 0);
    if (n > 0) continue;
    // From 5.3 to 5.18 also of files that have content but no size, as in /proc: what is there to read tells.
    if (n == 0) break;
    if (errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
      throw SystemError(errno, "copy " + name);
    break;
  }
  std::vector<char> buffer(256 * 1024);
  for (;;) {
    const ssize_t n =
        check(pread(from, buffer.data(), buffer.size(), offset), [&] { return "read " + name; });
    if (n == 0) return;
    write_all(to, {buffer.data(), static_cast<std::size_t>(n)}, name);
    offset += n;
  }
}

store::Attributes file_attributes(const SourceEntry& entry, const std::optional<Owner>& owner,
                                  const std::optional<unsigned>& mode) {
  store::Attributes attributes;
  attributes.uid = owner ? owner->first : entry.st.st_uid;
  attributes.gid = owner ? owner->second : entry.st.st_gid;
  attributes.mode = mode.value_or(entry.st.st_mode & 07777u);
  attributes.atime = entry.st.st_atim;
  attributes.mtime = entry.st.st_mtim;
  const UniqueFd fd(openat(entry.dirfd, entry.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (fd && !S_ISLNK(entry.st.st_mode)) attributes.xattrs = store::read_xattrs(fd.get());
  return attributes;
}

void copy_file(const SourceEntry& entry, int dirfd, const std::string& name,
               const std::optional<Owner>& owner, const std::optional<unsigned>& mode) {
  const store::Attributes attributes = file_attributes(entry, owner, mode);
  if (S_ISREG(entry.st.st_mode)) return copy_regular(entry, dirfd, name, attributes);
  if (S_ISLNK(entry.st.st_mode))
    copy_link(entry, dirfd, name);
  else
    check(mknodat(dirfd, name.c_str(), (entry.st.st_mode & S_IFMT) | 0600u, entry.st.st_rdev),
          [&] { return "make special file " + name; });
  store::set_attributes_at(dirfd, name, attributes);
}

}  // namespace devenv::build
