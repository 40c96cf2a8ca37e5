#include "mounts.h"

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "syscalls.h"

namespace devenv::kernel {
namespace {

constexpr std::size_t kPageSize = 4096;

int set_flag(int fs, const char* key) {
  return system_call(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, key, nullptr, 0);
}

int set_string(int fs, const char* key, const char* value) {
  return system_call(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0);
}

int create(int fs, std::uint64_t attributes) {
  const int made = system_call(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (made < 0) return made;
  return system_call(SYS_fsmount, fs, FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
}

/// "key=value,flag" one by one. A value is limited to 255 bytes by the kernel, a key here likewise.
int set_options(int fs, const char* options) {
  char item[512];
  while (options != nullptr && *options != '\0') {
    const char* end = strchrnul(options, ',');
    const auto length = static_cast<std::size_t>(end - options);
    if (length >= sizeof item) return -E2BIG;
    std::memcpy(item, options, length);
    item[length] = '\0';
    char* equals = std::strchr(item, '=');
    if (equals != nullptr) *equals++ = '\0';
    const int set = equals != nullptr ? set_string(fs, item, equals) : set_flag(fs, item);
    if (set < 0) return set;
    options = *end == ',' ? end + 1 : end;
  }
  return 0;
}

/// A layer by descriptor: any length and any character in its path, and nothing of the host's paths shows in
/// the container's mountinfo.
int set_layer(int fs, const char* key, const char* path) {
  const ScopedFd layer(negative_errno(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)));
  return layer.failed() ? layer.error() : set_string(fs, key, FdPath(layer.get()).text);
}

/// The context of an overlay whose layers can be given one by one, else -EOPNOTSUPP (or -ENOSYS).
int open_overlay() {
  ScopedFd fs(system_call(SYS_fsopen, "overlay", FSOPEN_CLOEXEC));
  if (fs.failed()) return fs.error();
  // Before 6.5 overlay takes every key here; at the mount it refuses those it does not know, with a line in
  // the kernel's log.
  if (set_flag(fs.get(), "unknown-to-every-kernel") >= 0) return -EOPNOTSUPP;
  return fs.release();
}

int add_layer(int fs, const char* path) {
  const int set = set_layer(fs, "lowerdir+", path);
  // An unknown key in 6.5 and 6.6; a directory that cannot be a layer shows again in mount(2).
  return set == -EINVAL ? -EOPNOTSUPP : set;
}

const char* common_options(const OverlayLayers& layers) {
  // A user namespace may not set redirect_dir and metacopy beside userxattr, which turns them off itself.
  return layers.userxattr ? "userxattr,index=off,xino=off"
                          : "redirect_dir=nofollow,metacopy=off,index=off,xino=off";
}

}  // namespace

int overlay_mount_modern(const OverlayLayers& layers) {
  const ScopedFd fs(open_overlay());
  if (fs.failed()) return fs.error();
  for (unsigned i = 0; i < layers.lower_count; ++i)
    if (const int added = add_layer(fs.get(), layers.lower[i]); added < 0) return added;
  if (layers.upper != nullptr) {
    if (const int set = set_layer(fs.get(), "upperdir", layers.upper); set < 0) return set;
    if (const int set = set_layer(fs.get(), "workdir", layers.work); set < 0) return set;
    if (layers.volatile_upper)
      if (const int set = set_flag(fs.get(), "volatile"); set < 0) return set;
  }
  if (const int set = set_options(fs.get(), common_options(layers)); set < 0) return set;
  return create(fs.get(), 0);
}

namespace {

/// The page of options that mount(2) takes, with layers as descriptors: that holds two hundred of them.
class MountData {
 public:
  int append(const char* text) {
    const std::size_t length = std::strlen(text);
    if (used_ + length + 1 > sizeof data_) return -E2BIG;
    std::memcpy(data_ + used_, text, length + 1);
    used_ += length;
    return 0;
  }
  int append_layer(const char* prefix, const char* path) {
    if (count_ == sizeof fds_ / sizeof fds_[0]) return -E2BIG;
    const int fd = negative_errno(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0) return fd;
    fds_[count_++] = fd;
    const int added = append(prefix);
    return added < 0 ? added : append(FdPath(fd).text);
  }
  ~MountData() {
    for (unsigned i = 0; i < count_; ++i) close(fds_[i]);
  }
  const char* text() const { return data_; }

 private:
  char data_[kPageSize] = "";
  std::size_t used_ = 0;
  int fds_[256];
  unsigned count_ = 0;
};

}  // namespace

int overlay_mount_legacy(const OverlayLayers& layers) {
  MountData data;
  int error = data.append(common_options(layers));
  for (unsigned i = 0; i < layers.lower_count && error >= 0; ++i)
    error = data.append_layer(i == 0 ? ",lowerdir=" : ":", layers.lower[i]);
  if (layers.upper != nullptr && error >= 0) {
    error = data.append_layer(",upperdir=", layers.upper);
    if (error >= 0) error = data.append_layer(",workdir=", layers.work);
    if (error >= 0 && layers.volatile_upper) error = data.append(",volatile");
  }
  if (error < 0) return error;
  // Any directory serves as the place; the mount is cloned off it and taken down again.
  const ScopedFd place(negative_errno(open(layers.lower[0], O_PATH | O_DIRECTORY | O_CLOEXEC)));
  if (place.failed()) return place.error();
  const FdPath path(place.get());
  if (mount("overlay", path.text, "overlay", 0, data.text()) != 0) return -errno;
  // The descriptor still means what is below the mount, so the way to it is by name.
  const int clone = clone_tree(AT_FDCWD, layers.lower[0], false);
  umount2(layers.lower[0], MNT_DETACH);
  return clone;
}

int overlay_mount(const OverlayLayers& layers) {
  if (layers.lower_count == 0 || (layers.upper != nullptr) != (layers.work != nullptr)) return -EINVAL;
  const int mounted = overlay_mount_modern(layers);
  return mounted == -EOPNOTSUPP || mounted == -ENOSYS ? overlay_mount_legacy(layers) : mounted;
}

int overlay_takes_single_layers() {
  const ScopedFd fs(open_overlay());
  return fs.failed() ? fs.error() : add_layer(fs.get(), "/");
}

int filesystem_mount(const char* type, const char* source, const char* options, std::uint64_t attributes) {
  const ScopedFd fs(system_call(SYS_fsopen, type, FSOPEN_CLOEXEC));
  if (fs.failed()) return fs.error();
  if (source != nullptr)
    if (const int set = set_string(fs.get(), "source", source); set < 0) return set;
  if (const int set = set_options(fs.get(), options); set < 0) return set;
  return create(fs.get(), attributes);
}

int tmpfs_mount(std::uint64_t size_bytes, unsigned mode, std::uint64_t attributes) {
  const ScopedFd fs(system_call(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC));
  if (fs.failed()) return fs.error();
  char number[24];
  char* end = number + sizeof number;
  *--end = '\0';
  for (unsigned rest = mode & 07777; rest > 0 || *end == '\0'; rest /= 8)
    *--end = static_cast<char>('0' + rest % 8);
  if (const int set = set_string(fs.get(), "mode", end); set < 0) return set;
  if (size_bytes > 0) {
    end = number + sizeof number - 1;
    for (std::uint64_t rest = size_bytes; rest > 0; rest /= 10) *--end = static_cast<char>('0' + rest % 10);
    if (const int set = set_string(fs.get(), "size", end); set < 0) return set;
  }
  return create(fs.get(), attributes);
}

int clone_tree(int dirfd, const char* path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW |
                         (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0u) |
                         (*path == '\0' ? static_cast<unsigned>(AT_EMPTY_PATH) : 0u);
  return system_call(SYS_open_tree, dirfd, path, flags);
}

int set_mount_attributes(int mount_fd, std::uint64_t attributes, bool recursive) {
  mount_attr attr{};
  attr.attr_set = attributes;
  const unsigned how =
      static_cast<unsigned>(AT_EMPTY_PATH) | (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0u);
  const int set = system_call(SYS_mount_setattr, mount_fd, "", how, &attr, sizeof attr);
  if (set != -ENOSYS) return set;
  // RDONLY, NOSUID, NODEV and NOEXEC have the same values as MOUNT_ATTR_*, as MS_* and in statfs. A remount
  // takes away those it does not name.
  constexpr unsigned long inherited = 0xf;
  struct statfs now;
  if (fstatfs(mount_fd, &now) != 0) return -errno;
  const unsigned long flags =
      (static_cast<unsigned long>(attributes) | static_cast<unsigned long>(now.f_flags)) & inherited;
  return negative_errno(
      mount(nullptr, FdPath(mount_fd).text, nullptr, MS_REMOUNT | MS_BIND | flags, nullptr));
}

int attach_mount(int mount_fd, int target_fd) {
  return system_call(SYS_move_mount, mount_fd, "", target_fd, "",
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

}  // namespace devenv::kernel
