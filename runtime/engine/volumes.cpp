#include "volumes.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "images.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/store/diff.h"

namespace devenv::engine {
namespace {

UniqueFd open_directory_in(int root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

/// Copies a tree as a layer is copied: out as a tar against nothing, in again. Keeps owners, modes, links,
/// xattrs.
void copy_tree(const store::Store& store, int from, int to) {
  const store::TmpDir tmp = store.tmp_dir();
  const std::string empty = tmp.path() + "/empty", archive = tmp.path() + "/seed.tar";
  make_directories(empty);
  const UniqueFd nothing = open_file(empty, O_RDONLY | O_DIRECTORY);
  const UniqueFd tar = open_file(archive, O_RDWR | O_CREAT | O_EXCL, 0600);
  store::diff_layer(nothing.get(), from, store::fd_sink(tar.get(), archive));
  check(lseek(tar.get(), 0, SEEK_SET), "rewind " + archive);
  store::apply_layer(to, store::fd_source(tar.get(), archive), {.whiteouts = false});
}

void seed(const store::Store& store, const std::string& data_path, const std::string& target,
          const std::vector<std::string>& lower_dirs) {
  const UniqueFd root = mount_read_only(lower_dirs);
  const UniqueFd from = open_directory_in(root.get(), target);
  if (!from) return;  // the image has nothing there, or a file: the volume stays empty, as docker's does
  const UniqueFd to = open_file(data_path, O_RDONLY | O_DIRECTORY);
  copy_tree(store, from.get(), to.get());
  struct stat st;
  check(fstat(from.get(), &st), "stat " + target);
  check(fchown(to.get(), st.st_uid, st.st_gid), [&] { return "chown " + data_path; });
  check(fchmod(to.get(), st.st_mode & 07777), [&] { return "chmod " + data_path; });
}

bool is_anonymous(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

MountedVolumes prepare_volumes(const store::Store& store, const std::vector<MountSpec>& mounts,
                               const std::vector<std::string>& lower_dirs, const std::string& private_dir) {
  MountedVolumes mounted;
  for (const MountSpec& mount : mounts) {
    if (mount.type != MountSpec::Type::volume) continue;
    if (!private_dir.empty() && is_anonymous(mount.source) && !store.volumes().has(mount.source)) {
      const std::string data_path = private_dir + "/" + mount.source;
      make_directories(data_path);
      seed(store, data_path, mount.target, lower_dirs);
      mounted.data_dirs[mount.source] = data_path;
      continue;
    }
    auto [volume, in_use] = store.volumes().obtain(mount.source, Deadline::after(std::chrono::seconds(60)));
    mounted.locks.push_back(std::move(in_use).release());
    if (store.volumes().is_empty(mount.source)) {
      const auto lock = store.volumes().lock(mount.source, Deadline::after(std::chrono::minutes(5)));
      if (store.volumes().is_empty(mount.source)) seed(store, volume.data_path, mount.target, lower_dirs);
    }
    mounted.data_dirs[mount.source] = volume.data_path;
  }
  return mounted;
}

}  // namespace devenv::engine
