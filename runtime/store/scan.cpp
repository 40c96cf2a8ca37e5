#include "scan.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstdint>

#include "devenv/error.h"
#include "runtime/base/check.h"
#include "tar_entry.h"
#include "tree.h"

namespace devenv::store {
namespace {

/// The value of trusted.overlay.<mark> or user.overlay.<mark> (rootless), "" when there is none.
std::string overlay_mark(int fd, const char* mark) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  for (const char* prefix : {"trusted.overlay.", "user.overlay."}) {
    char value[256];
    const ssize_t n = getxattr(path.c_str(), (std::string(prefix) + mark).c_str(), value, sizeof value);
    if (n >= 0) return n == 0 ? "y" : std::string(value, static_cast<std::size_t>(n));
  }
  return {};
}

void read_marks(int fd, const std::string& path, Node& node) {
  if (S_ISCHR(node.st.st_mode) && node.st.st_rdev == 0) {
    node.whiteout = true;
  } else if (node.is_regular()) {
    if (node.st.st_size == 0) node.whiteout = !overlay_mark(fd, "whiteout").empty();
    if (!overlay_mark(fd, "metacopy").empty())
      throw Error("make layer: " + shown(path) +
                  ": the overlay copied its metadata only; mount without metacopy");
  } else if (node.is_directory()) {
    node.opaque = overlay_mark(fd, "opaque") == "y";
    if (!overlay_mark(fd, "redirect").empty())
      throw Error("make layer: " + shown(path) +
                  ": the overlay renamed a lower directory; mount without redirect_dir");
  }
}

class Scan {
 public:
  explicit Scan(bool overlay) : overlay_(overlay) {}

  void directory(int dirfd, const std::string& path) {
    for (const std::string& name : names_in(dirfd)) entry(dirfd, name, join_path(path, name));
  }

  Nodes nodes;

 private:
  void entry(int dirfd, const std::string& name, const std::string& path) {
    const auto action = [&] { return "read " + shown(path); };
    const UniqueFd fd(check(openat(dirfd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC), action));
    Node node;
    check(fstat(fd.get(), &node.st), action);
    if (S_ISSOCK(node.st.st_mode)) return;
    node.xattrs = read_xattrs(fd.get());
    if (overlay_) read_marks(fd.get(), path, node);
    if (S_ISLNK(node.st.st_mode)) {
      node.link.resize(4096);
      node.link.resize(
          static_cast<std::size_t>(check(readlinkat(fd.get(), "", node.link.data(), 4096), action)));
    }
    if (node.is_directory()) {
      const UniqueFd child(check(openat(fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), action));
      directory(child.get(), path);
    }
    nodes.emplace(path, std::move(node));
  }

  bool overlay_;
};

}  // namespace

Nodes scan_tree(int root_dirfd, bool overlay) {
  Scan scan(overlay);
  scan.directory(root_dirfd, "");
  return std::move(scan.nodes);
}

UniqueFd open_beneath(int root_dirfd, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(check(syscall(SYS_openat2, root_dirfd, path.c_str(), &how, sizeof how),
                                         [&] { return "open " + shown(path); })));
}

}  // namespace devenv::store
