#include "caller.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "runtime/base/files.h"

namespace devenv::deny {
namespace {

constexpr std::size_t kPage = 4096, kLongestText = 64 * 1024;

}  // namespace

std::string Caller::bytes(std::uint64_t address, std::size_t size) const {
  const UniqueFd memory(::open((proc_ + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  std::string data(size, '\0');
  const ssize_t got = memory ? pread(memory.get(), data.data(), size, static_cast<off_t>(address)) : -1;
  data.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return data;
}

std::string Caller::text(std::uint64_t address) const {
  std::string all;
  while (address != 0 && all.size() < kLongestText) {
    // Not beyond a page's end: the next one may not be there.
    const std::string part = bytes(address + all.size(), kPage - (address + all.size()) % kPage);
    const std::size_t end = part.find('\0');
    all.append(part, 0, end);
    if (end != std::string::npos || part.empty()) break;
  }
  return all;
}

UniqueFd Caller::open(int dirfd, const std::string& path, bool follow) const {
  const std::string self = "/proc/self/";
  std::string name;
  if (path.starts_with(self))
    name = proc_ + "/" + path.substr(self.size());
  else if (path.starts_with("/"))
    name = proc_ + "/root" + path;
  else
    name = (dirfd == AT_FDCWD ? proc_ + "/cwd" : proc_ + "/fd/" + std::to_string(dirfd)) +
           (path.empty() ? "" : "/" + path);
  const bool as_it_is = !follow && !path.empty() && !path.starts_with(self);
  return UniqueFd(::open(name.c_str(), O_PATH | O_CLOEXEC | (as_it_is ? O_NOFOLLOW : 0)));
}

bool Caller::has_mounted(int fd) const {
  struct statx file {};
  if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &file) != 0) return true;
  std::istringstream mounts(read_file(proc_ + "/mountinfo"));
  for (std::string line; std::getline(mounts, line);)
    if (std::strtoull(line.c_str(), nullptr, 10) == file.stx_mnt_id) return true;
  return false;
}

bool Caller::has_context(int fd) const {
  char target[64] = {};
  const std::string link = proc_ + "/fd/" + std::to_string(fd);
  return readlink(link.c_str(), target, sizeof target - 1) > 0 &&
         std::string_view(target) == "anon_inode:[fscontext]";
}

}  // namespace devenv::deny
