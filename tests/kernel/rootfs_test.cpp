#include "runtime/kernel/rootfs.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <atomic>
#include <thread>

#include "devenv/error.h"
#include "runtime/kernel/mounts.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace devenv::kernel {
namespace {

using test::in_child;
using test::slurp;
using test::TempDir;

constexpr std::uint64_t kNamespaces = kContainerNamespaces | CLONE_NEWNET | CLONE_NEWCGROUP;

/// An image directory, and what becomes of it in a child with its own namespaces.
class RootfsTest : public testing::Test {
 protected:
  TempDir dir;
  std::string image = dir.make_dir("image");
  std::string upper = dir.make_dir("upper"), work = dir.make_dir("work"), place = dir.make_dir("place");

  /// The child's root: an overlay over the image, attached.
  int attach() {
    if (make_mounts_private() != 0) return -1;
    const char* lower[] = {image.c_str()};
    const int root = overlay_mount({lower, 1, upper.c_str(), work.c_str(), false, true});
    return root >= 0 && attach_root(root, place.c_str()) == 0 ? root : -1;
  }
};

#define STEP(expression)                                           \
  do {                                                             \
    if (const int step_result = (expression); step_result < 0) {   \
      dprintf(1, "%s: %s\n", #expression, strerror(-step_result)); \
      return 1;                                                    \
    }                                                              \
  } while (false)
#define MUST(condition)                                         \
  do {                                                          \
    if (!(condition)) {                                         \
      dprintf(1, "not so: %s (errno %d)\n", #condition, errno); \
      return 2;                                                 \
    }                                                           \
  } while (false)

TEST_F(RootfsTest, WholeRootLooksLikeAContainer) {
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    STEP(mount_proc(root));
    STEP(mount_sys(root, false));
    const char* hierarchies[] = {"memory", "pids", "name=systemd", "unified"};
    STEP(mount_cgroups(root, hierarchies, 4, false));
    const DevMounts dev = mount_dev(root, {});
    STEP(dev.error);
    STEP(mount_mqueue(root));
    const Terminal terminal = open_terminal(dev.pts);
    STEP(terminal.error);
    STEP(attach_console(dev.dev, terminal.peer));
    STEP(mask_default_paths(root, dev.dev));
    STEP(make_root_read_only(root));
    STEP(enter_root(root));
    STEP(set_hostname("box"));
    struct stat st;
    MUST(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
    MUST((st.st_mode & 0777) == 0666);
    MUST(stat("/dev/console", &st) == 0 && S_ISCHR(st.st_mode));
    MUST(stat("/dev/shm", &st) == 0 && (st.st_mode & 07777) == 01777);
    MUST(access("/dev/pts/ptmx", R_OK) == 0);
    MUST(open("/proc/sys/kernel/hostname", O_WRONLY) < 0 && errno == EROFS);
    MUST(open("/proc/irq/default_smp_affinity", O_WRONLY) < 0 && errno == EROFS);
    MUST(slurp("/proc/timer_list").empty());
    MUST(stat("/proc/kcore", &st) != 0 || st.st_rdev == makedev(1, 3));
    MUST(mkdir("/x", 0755) != 0 && errno == EROFS);
    MUST(mkdir("/sys/fs/cgroup/pids/x", 0755) != 0);
    MUST(access("/home", F_OK) != 0 && access(image.c_str(), F_OK) != 0);
    char name[64];
    MUST(gethostname(name, sizeof name) == 0 && std::string(name) == "box");
    MUST(slurp("/proc/self/mountinfo").find(dir.path()) == std::string::npos);
    MUST(access("/proc/1/status", R_OK) == 0 && access("/proc/2", F_OK) != 0);
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST_F(RootfsTest, SymlinkedProcOrDevIsRefused) {
  dir.make_dir("image/elsewhere");
  ASSERT_EQ(symlink("elsewhere", (image + "/proc").c_str()), 0);
  ASSERT_EQ(symlink("/", (image + "/dev").c_str()), 0);
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    MUST(mount_proc(root) == -ELOOP);
    MUST(mount_dev(root, {}).error == -ELOOP);
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST_F(RootfsTest, NothingIsMountedOverProcOrTheRoot) {
  ASSERT_EQ(symlink("/proc/self", (image + "/link").c_str()), 0);
  const std::string source = dir.make_dir("source");
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    STEP(mount_proc(root));
    for (const char* target : {"/", "/..", "/proc", "/proc/sys", "/link/attr", "/x/../proc"}) {
      const int error = attach_in_root(root, {.source = source.c_str(), .target = target});
      MUST(error == -EPERM);
    }
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST_F(RootfsTest, MountTargetsStayInside) {
  const std::string outside = dir.make_dir("outside");
  dir.write("source/file", "bound");
  ASSERT_EQ(symlink(outside.c_str(), (image + "/absolute").c_str()), 0);
  ASSERT_EQ(symlink("../../../../../../..", (image + "/up").c_str()), 0);
  ASSERT_EQ(symlink("run/later", (image + "/dangling").c_str()), 0);
  const std::string source = dir / "source", file = dir / "source/file";
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    STEP(attach_in_root(root, {.source = source.c_str(), .target = "/absolute/in"}));
    STEP(attach_in_root(root, {.source = source.c_str(), .target = "/up/etc/deep/er"}));
    STEP(attach_in_root(root, {.flags = kMountReadOnly, .source = file.c_str(), .target = "/dangling/file"}));
    STEP(attach_in_root(
        root, {.kind = MountKind::tmpfs, .flags = kMountNoExec, .target = "/scratch", .mode = 0700}));
    STEP(enter_root(root));
    MUST(slurp("/etc/deep/er/file") == "bound");
    MUST(slurp("/run/later/file") == "bound");
    MUST(open("/run/later/file", O_WRONLY) < 0 && errno == EROFS);
    struct statfs fs;
    MUST(statfs("/scratch", &fs) == 0 && fs.f_type == TMPFS_MAGIC);
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

TEST_F(RootfsTest, SwappedMountTargetNeverEscapes) {
  // CVE-2021-30465: another process exchanges the target with a symlink to the host while we mount.
  const std::string shared = dir.make_dir("shared"), outside = dir.make_dir("outside");
  dir.make_dir("shared/target");
  ASSERT_EQ(symlink(outside.c_str(), (dir / "shared/link").c_str()), 0);
  const std::string source = dir.make_dir("source");
  std::atomic<bool> stop = false;
  std::atomic<int> exchanges = 0;
  std::thread attacker([&] {
    const UniqueFd fd = open_file(shared, O_PATH | O_DIRECTORY);
    while (!stop || exchanges < 10000) {
      renameat2(fd.get(), "target", fd.get(), "link", RENAME_EXCHANGE);
      ++exchanges;
    }
  });
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    STEP(attach_in_root(root, {.source = shared.c_str(), .target = "/shared"}));
    for (int i = 0; i < 2000; ++i) {
      const int error = attach_in_root(root, {.source = source.c_str(), .target = "/shared/target/below"});
      MUST(error == 0 || error == -ELOOP || error == -ENOENT || error == -EAGAIN || error == -ENOTDIR);
    }
    MUST(slurp("/proc/self/mountinfo").find(" " + outside) == std::string::npos);
    return 0;
  });
  stop = true;
  attacker.join();
  EXPECT_EQ(result.exit_code(), 0) << result.output;
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

TEST_F(RootfsTest, MaskingNeedsTheRealNullDevice) {
  // CVE-2025-31133: /dev/null replaced by a link to what the attacker wants bound.
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    STEP(mount_proc(root));
    const DevMounts dev = mount_dev(root, {});
    STEP(dev.error);
    MUST(unlinkat(dev.dev, "null", 0) == 0);
    MUST(symlinkat("/proc/sysrq-trigger", dev.dev, "null") == 0);
    MUST(mask_path(root, dev.dev, "/proc/timer_list") == -EINVAL);
    MUST(unlinkat(dev.dev, "null", 0) == 0);
    MUST(mknodat(dev.dev, "null", S_IFCHR | 0666, makedev(1, 5)) == 0);
    MUST(mask_path(root, dev.dev, "/proc/timer_list") == -EINVAL);
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST_F(RootfsTest, DevicesCanBeBound) {
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    STEP(mount_proc(root));
    const DevMounts dev = mount_dev(root, {.bind_devices = true});
    STEP(dev.error);
    STEP(mask_path(root, dev.dev, "/proc/timer_list"));
    STEP(enter_root(root));
    struct stat st;
    MUST(stat("/dev/urandom", &st) == 0 && st.st_rdev == makedev(1, 9));
    MUST(slurp("/proc/timer_list").empty());
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST_F(RootfsTest, WorkdirIsInsideOrRefused) {
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    const int leaked = open("/etc", O_PATH | O_DIRECTORY);
    STEP(mount_proc(root));
    STEP(enter_root(root));
    MUST(enter_workdir(("/proc/self/fd/" + std::to_string(leaked)).c_str(), 0755) == -ELOOP);
    MUST(enter_workdir("/proc/self/cwd", 0755) == -ELOOP);
    MUST(enter_workdir("/made", 0) == -ENOENT);
    STEP(enter_workdir("/made/on/the way", 0755));
    STEP(enter_workdir("/made/on", 0));
    STEP(enter_workdir("/made/on/the way", 0));
    MUST(std::filesystem::current_path() == "/made/on/the way");
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST_F(RootfsTest, SysctlsOfTheContainerOnly) {
  for (const char* name : {"kernel.core_pattern", "kernel.hostname", "vm.swappiness",
                           "net/../kernel.core_pattern", "net...kernel.core_pattern", "", "kernel.msgmax=1"})
    EXPECT_FALSE(sysctl_allowed(name)) << name;
  const auto result = in_child(kNamespaces, [&] {
    const int root = attach();
    MUST(root >= 0);
    STEP(mount_proc(root));
    STEP(set_sysctl(root, "net.ipv4.ip_unprivileged_port_start", "80"));
    STEP(set_sysctl(root, "kernel.msgmax", "4096"));
    MUST(set_sysctl(root, "kernel.core_pattern", "|/evil") == -EPERM);
    STEP(enter_root(root));
    MUST(slurp("/proc/sys/net/ipv4/ip_unprivileged_port_start") == "80\n");
    MUST(slurp("/proc/sys/kernel/msgmax") == "4096\n");
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
  EXPECT_NE(slurp("/proc/sys/kernel/msgmax"), "4096\n");
}

TEST_F(RootfsTest, FilesAndDirectoriesAreMadeInside) {
  const UniqueFd root = open_file(image, O_PATH | O_DIRECTORY);
  UniqueFd made(make_directory_in_root(root.get(), "/a/b/../c", 0755));
  EXPECT_TRUE(made);
  EXPECT_TRUE(std::filesystem::is_directory(image + "/a/c"));
  made = UniqueFd(make_file_in_root(root.get(), "etc/resolv.conf", 0644));
  EXPECT_TRUE(made);
  EXPECT_EQ(make_file_in_root(root.get(), "/a", 0644), -EISDIR);
  EXPECT_EQ(make_directory_in_root(root.get(), "/etc/resolv.conf/x", 0755), -ENOTDIR);
  ASSERT_EQ(symlink("loop", (image + "/loop").c_str()), 0);
  EXPECT_EQ(make_directory_in_root(root.get(), "/loop/x", 0755), -ELOOP);
  EXPECT_EQ(make_directory_in_root(root.get(), std::string(5000, 'x').c_str(), 0755), -ENAMETOOLONG);
  ASSERT_EQ(symlink("../run/stub.conf", (image + "/etc/dangling").c_str()), 0);
  made = UniqueFd(make_file_in_root(root.get(), "/etc/dangling", 0644));
  EXPECT_TRUE(made);
  EXPECT_TRUE(std::filesystem::exists(image + "/run/stub.conf"));
}

}  // namespace
}  // namespace devenv::kernel
