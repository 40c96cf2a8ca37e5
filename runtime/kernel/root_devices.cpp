#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mounts.h"
#include "root_paths.h"
#include "rootfs.h"
#include "syscalls.h"

namespace devenv::kernel {
namespace {

struct Device {
  const char* name;
  const char* host_path;
  unsigned major, minor;
};
constexpr Device kDevices[] = {{"null", "/dev/null", 1, 3},       {"zero", "/dev/zero", 1, 5},
                               {"full", "/dev/full", 1, 7},       {"random", "/dev/random", 1, 8},
                               {"urandom", "/dev/urandom", 1, 9}, {"tty", "/dev/tty", 5, 0}};

struct Link {
  const char* name;
  const char* target;
};
constexpr Link kLinks[] = {{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
                           {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
                           {"core", "/proc/kcore"},       {"ptmx", "pts/ptmx"}};

/// umask would take bits off the nodes' modes.
class OpenUmask {
 public:
  OpenUmask() : old_(umask(0)) {}
  OpenUmask(const OpenUmask&) = delete;
  OpenUmask& operator=(const OpenUmask&) = delete;
  ~OpenUmask() { umask(old_); }

 private:
  mode_t old_;
};

/// Creates `name` as an empty file in /dev and puts the mount on it.
int attach_on_file(int dev_fd, const char* name, int mount_fd) {
  const ScopedFd file(
      negative_errno(openat(dev_fd, name, O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0600)));
  return file.failed() ? file.error() : attach_mount(mount_fd, file.get());
}

int bind_device(int dev_fd, const Device& device) {
  const ScopedFd host(negative_errno(open(device.host_path, O_PATH | O_NOFOLLOW | O_CLOEXEC)));
  if (host.failed()) return host.error();
  struct stat st;
  if (fstat(host.get(), &st) != 0) return -errno;
  if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(device.major, device.minor)) return -EINVAL;
  const ScopedFd clone(clone_tree(host.get(), "", false));
  return clone.failed() ? clone.error() : attach_on_file(dev_fd, device.name, clone.get());
}

int make_device(int dev_fd, const Device& device, bool bind) {
  if (bind) return bind_device(dev_fd, device);
  const int made = negative_errno(
      mknodat(dev_fd, device.name, S_IFCHR | 0666, makedev(device.major, device.minor)));
  // Without CAP_MKNOD (PrivateDevices= of systemd) the host's will do; where they do not, the first refusal tells more.
  return made == -EPERM && bind_device(dev_fd, device) >= 0 ? 0 : made;
}

int make_devices(int dev_fd, bool bind) {
  for (const Device& device : kDevices)
    if (const int made = make_device(dev_fd, device, bind); made < 0) return made;
  for (const Link& link : kLinks)
    if (symlinkat(link.target, dev_fd, link.name) != 0) return -errno;
  for (const char* name : {"pts", "shm", "mqueue"})
    if (mkdirat(dev_fd, name, 0755) != 0) return -errno;
  return 0;
}

/// Attaches to a directory of our own /dev, which holds nothing of the image. The mount's descriptor.
int attach_in_dev(int dev_fd, const char* name, int mount_fd) {
  ScopedFd mounted(mount_fd);
  if (mounted.failed()) return mounted.error();
  const ScopedFd place(negative_errno(openat(dev_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
  if (place.failed()) return place.error();
  const int attached = attach_mount(mounted.get(), place.get());
  return attached < 0 ? attached : mounted.release();
}

int devpts_mount(gid_t tty_gid) {
  char options[96] = "newinstance,ptmxmode=0666,mode=0620,gid=";
  char* end = options + std::strlen(options);
  char digits[12];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + tty_gid % 10);
    tty_gid /= 10;
  } while (tty_gid > 0);
  while (count > 0) *end++ = digits[--count];
  *end = '\0';
  return filesystem_mount("devpts", "devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

}  // namespace

DevMounts mount_dev(int root_fd, const DevSpec& spec) {
  const OpenUmask all_bits;
  const ScopedFd place(real_directory(root_fd, "dev"));
  if (place.failed()) return {place.error(), -1, -1};
  ScopedFd dev(filesystem_mount("tmpfs", "tmpfs", "mode=0755,size=65536k",
                                MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_STRICTATIME));
  if (dev.failed()) return {dev.error(), -1, -1};
  if (const int error = attach_mount(dev.get(), place.get()); error < 0) return {error, -1, -1};
  if (const int error = make_devices(dev.get(), spec.bind_devices); error < 0) return {error, -1, -1};
  ScopedFd pts(attach_in_dev(dev.get(), "pts", devpts_mount(spec.tty_gid)));
  if (pts.failed()) return {pts.error(), -1, -1};
  const ScopedFd shm(attach_in_dev(
      dev.get(), "shm",
      tmpfs_mount(spec.shm_size_bytes, 01777, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)));
  if (shm.failed()) return {shm.error(), -1, -1};
  return {0, dev.release(), pts.release()};
}

Terminal open_terminal(int pts_fd) {
  if (!on_filesystem(pts_fd, DEVPTS_SUPER_MAGIC)) return {-EINVAL, -1, -1};
  ScopedFd master(negative_errno(openat(pts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC)));
  if (master.failed()) return {master.error(), -1, -1};
  const int unlock = 0;
  if (ioctl(master.get(), TIOCSPTLCK, &unlock) != 0) return {-errno, -1, -1};
  // By the master, never by the name it has in /dev/pts: that could be anything by now.
  const int peer = negative_errno(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (peer < 0) return {peer, -1, -1};
  return {0, master.release(), peer};
}

int attach_console(int dev_fd, int terminal_peer) {
  const OpenUmask all_bits;
  const ScopedFd clone(clone_tree(terminal_peer, "", false));
  return clone.failed() ? clone.error() : attach_on_file(dev_fd, "console", clone.get());
}

}  // namespace devenv::kernel
