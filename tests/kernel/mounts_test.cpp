#include "runtime/kernel/mounts.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <cerrno>

#include "devenv/error.h"
#include "runtime/kernel/rootfs.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thrown.h"

namespace devenv::kernel {
namespace {

using test::in_child;
using test::slurp;
using test::TempDir;
using test::thrown_code;

std::string read_at(int dirfd, const std::string& name) {
  return read_all(open_file_at(dirfd, name, O_RDONLY).get(), name);
}

struct Layers {
  TempDir dir;
  OverlaySpec spec{
      {dir.make_dir("top"), dir.make_dir("bottom")}, dir.make_dir("upper"), dir.make_dir("work")};
  Layers() {
    dir.write("top/name", "top");
    dir.write("bottom/name", "bottom");
    dir.write("bottom/only", "bottom");
  }
};

TEST(Mounts, DetachedOverlayIsUsableAndInvisible) {
  Layers layers;
  const std::string before = slurp("/proc/self/mountinfo");
  const UniqueFd overlay = detached_overlay(layers.spec);
  EXPECT_EQ(slurp("/proc/self/mountinfo"), before);
  EXPECT_EQ(read_at(overlay.get(), "name"), "top");
  EXPECT_EQ(read_at(overlay.get(), "only"), "bottom");
  write_all(open_file_at(overlay.get(), "new", O_WRONLY | O_CREAT).get(), "written", "new");
  EXPECT_EQ(slurp(layers.dir / "upper/new"), "written");
}

TEST(Mounts, ReadOnlyOverlayRefusesWrites) {
  Layers layers;
  layers.spec.upper = layers.spec.work = "";
  const UniqueFd overlay = detached_overlay(layers.spec);
  EXPECT_EQ(thrown_code([&] { open_file_at(overlay.get(), "new", O_WRONLY | O_CREAT); }), EROFS);
  EXPECT_EQ(read_at(overlay.get(), "name"), "top");
}

TEST(Mounts, OneLayerAloneIsAClone) {
  Layers layers;
  const UniqueFd clone = detached_overlay({.lower = {layers.dir / "bottom"}, .upper = "", .work = ""});
  EXPECT_EQ(read_at(clone.get(), "name"), "bottom");
}

TEST(Mounts, ManyLongLayerPathsWork) {
  TempDir dir;
  OverlaySpec spec{{}, dir.make_dir("upper"), dir.make_dir("work")};
  const std::string part(200, 'x');
  for (int i = 0; i < 100; ++i) {
    const std::string name = part + "/" + part + ":,\\" + std::to_string(i);
    dir.write(name + "/file" + std::to_string(i), "x");
    spec.lower.push_back(dir / name);
  }
  const UniqueFd overlay = detached_overlay(spec);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(read_at(overlay.get(), "file" + std::to_string(i)), "x");
}

TEST(Mounts, LegacyOverlayMatchesTheModernOne) {
  Layers layers;
  const std::string top = layers.dir / "top", bottom = layers.dir / "bottom";
  const auto result = in_child(CLONE_NEWNS, [&] {
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    const char* lower[] = {top.c_str(), bottom.c_str()};
    const OverlayLayers flat{lower, 2, layers.spec.upper.c_str(), layers.spec.work.c_str(), false, true};
    const std::string before = slurp("/proc/self/mountinfo");
    const UniqueFd overlay(overlay_mount_legacy(flat));
    if (!overlay) return -overlay.get();
    if (slurp("/proc/self/mountinfo") != before) return 200;
    return read_at(overlay.get(), "name") == "top" && read_at(overlay.get(), "only") == "bottom" ? 0 : 201;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST(Mounts, MissingLayerNamesTheOverlay) {
  TempDir dir;
  try {
    detached_overlay(
        {.lower = {dir / "nowhere"}, .upper = dir.make_dir("upper"), .work = dir.make_dir("work")});
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code(), ENOENT);
    EXPECT_NE(std::string(error.what()).find("mount overlay on " + dir.path()), std::string::npos)
        << error.what();
  }
}

TEST(Mounts, TmpfsHasItsSizeAndMode) {
  const UniqueFd tmpfs(tmpfs_mount(1 << 20, 01770, MOUNT_ATTR_NODEV));
  ASSERT_TRUE(tmpfs);
  struct stat st;
  ASSERT_EQ(fstat(tmpfs.get(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 01770u);
  const UniqueFd file = open_file_at(tmpfs.get(), "big", O_WRONLY | O_CREAT);
  EXPECT_EQ(thrown_code([&] { write_all(file.get(), std::string(2 << 20, 'x'), "big"); }), ENOSPC);
}

TEST(Mounts, AttributesReachCloneBeforeItIsAttached) {
  TempDir dir;
  dir.write("file", "x");
  const UniqueFd clone(clone_tree(AT_FDCWD, dir.path().c_str(), true));
  ASSERT_TRUE(clone);
  const int set = set_mount_attributes(clone.get(), MOUNT_ATTR_RDONLY, true);
  if (set == -EINVAL && syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0) != 0 && errno == ENOSYS)
    GTEST_SKIP() << "before Linux 5.12 they are set once it is attached";
  ASSERT_EQ(set, 0);
  EXPECT_EQ(thrown_code([&] { open_file_at(clone.get(), "file", O_WRONLY); }), EROFS);
}

TEST(Mounts, AttributesAreAddedToThoseOfAnAttachedMount) {
  TempDir dir;
  const auto result = in_child(CLONE_NEWNS, [&] {
    if (make_mounts_private() != 0) return 1;
    const UniqueFd tmpfs(tmpfs_mount(0, 0755, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
    if (attach_root(tmpfs.get(), dir.path().c_str()) != 0) return 2;
    if (set_mount_attributes(tmpfs.get(), MOUNT_ATTR_RDONLY, false) != 0) return 3;
    struct statvfs now;
    if (statvfs(dir.path().c_str(), &now) != 0) return 4;
    constexpr unsigned long wanted = ST_RDONLY | ST_NOSUID | ST_NOEXEC;
    return (now.f_flag & (wanted | ST_NODEV)) == wanted ? 0 : 5;
  });
  EXPECT_EQ(result.exit_code(), 0);
}

}  // namespace
}  // namespace devenv::kernel
