#include "mount_stubs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "runtime/base/files.h"

namespace devenv::engine {
namespace {

UniqueFd open_below(int root, const std::string& path, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

}  // namespace

std::vector<std::string> missing_below(int root, const std::vector<std::string>& targets) {
  std::set<std::string> missing;
  for (std::string path : targets) {
    while (path.size() > 1) {
      if (open_below(root, path, O_PATH, RESOLVE_IN_ROOT)) break;
      missing.insert(path);
      path.erase(path.find_last_of('/'));
    }
  }
  // A parent sorts before what is in it.
  return {missing.rbegin(), missing.rend()};
}

void remove_empty(const std::string& upper_dir, const std::vector<std::string>& paths) {
  const UniqueFd upper = open_file(upper_dir, O_RDONLY | O_DIRECTORY);
  for (const std::string& path : paths) {
    const std::size_t slash = path.find_last_of('/');
    const std::string parent = slash == 0 ? "." : path.substr(1, slash - 1);
    const std::string name = path.substr(slash + 1);
    const UniqueFd dir =
        open_below(upper.get(), parent, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    struct stat st;
    if (!dir || fstatat(dir.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(st.st_mode))
      unlinkat(dir.get(), name.c_str(), AT_REMOVEDIR);
    else if (S_ISREG(st.st_mode) && st.st_size == 0)
      unlinkat(dir.get(), name.c_str(), 0);
  }
}

}  // namespace devenv::engine
