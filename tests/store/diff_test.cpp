#include "runtime/store/diff.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <algorithm>

#include "runtime/base/scope_exit.h"
#include "runtime/store/store.h"
#include "runtime/store/tar_reader.h"
#include "tar_builder.h"

namespace devenv::store {
namespace {

using namespace testing;  // NOLINT: the builders of this folder
using ::testing::ElementsAre;
using ::testing::Test;

UniqueFd open_dir(const std::string& path) { return open_file(path, O_RDONLY | O_DIRECTORY); }

std::vector<std::string> names(const std::string& archive) {
  std::vector<std::string> result;
  TarReader reader(memory_source(archive));
  while (const auto entry = reader.next()) result.push_back(entry->name);
  return result;
}

class Diff : public Test {
 protected:
  std::string diff(const DiffOptions& options = {}) {
    std::string archive;
    diff_layer(
        open_dir(lower).get(), open_dir(upper).get(), [&](std::string_view data) { archive += data; },
        options);
    return archive;
  }
  std::string tar(const DiffOptions& options = {}) {
    std::string archive;
    tar_upper(
        open_dir(upper).get(), [&](std::string_view data) { archive += data; }, options);
    return archive;
  }
  /// lower and upper begin equal, times included.
  void both(const std::string& archive) {
    apply_tar(lower, archive);
    apply_tar(upper, archive);
  }
  /// Applying the difference to lower must give upper.
  void expect_round_trip() {
    const std::string archive = diff();
    apply_tar(lower, archive);
    EXPECT_EQ(snapshot(lower), snapshot(upper));
  }

  Scratch scratch;
  std::string lower = scratch.make("lower"), upper = scratch.make("upper");
};

TEST_F(Diff, EqualTreesGiveAnEmptyArchive) {
  both(Tar().directory("d/").file("d/f", "1").symlink("l", "d").finish());
  EXPECT_EQ(diff(), std::string(1024, '\0'));
}

TEST_F(Diff, WritesWhatChangedAndItsParents) {
  both(Tar()
           .directory("a/")
           .file("a/keep", "1")
           .file("a/gone", "1")
           .directory("dir/")
           .file("dir/x")
           .file("z")
           .finish());
  write_text(upper + "/a/new", "n");
  std::filesystem::remove(upper + "/a/gone");
  std::filesystem::remove_all(upper + "/dir");
  chmod((upper + "/z").c_str(), 0600);
  EXPECT_THAT(names(diff()), ElementsAre(".wh.dir", "a/", "a/.wh.gone", "a/new", "z"));
  expect_round_trip();
}

TEST_F(Diff, SeesContentBehindEqualMetadata) {
  both(Tar().file("f", "one").finish());
  write_text(upper + "/f", "two");
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  utimensat(AT_FDCWD, (upper + "/f").c_str(), times, 0);
  EXPECT_THAT(names(diff()), ElementsAre("f"));
}

TEST_F(Diff, TypeChangesNeedNoWhiteout) {
  both(Tar().file("d/x").file("d/y").file("f").symlink("l", "f").finish());
  std::filesystem::remove_all(upper + "/d");
  write_text(upper + "/d", "file");
  std::filesystem::remove(upper + "/f");
  std::filesystem::create_directory(upper + "/f");
  EXPECT_THAT(names(diff()), ElementsAre("d", "f/"));
  expect_round_trip();
}

TEST_F(Diff, KeepsOwnersXattrsLinksAndDevices) {
  both(Tar().directory("d/").file("d/a", "1").hard_link("d/b", "d/a").finish());
  ASSERT_EQ(lchown((upper + "/d").c_str(), 5, 6), 0);
  ASSERT_EQ(setxattr((upper + "/d").c_str(), "user.k", "v", 1, 0), 0);
  ASSERT_EQ(mknod((upper + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(mkfifo((upper + "/pipe").c_str(), 0600), 0);
  std::filesystem::create_hard_link(upper + "/d/a", upper + "/e");
  EXPECT_THAT(names(diff()), ElementsAre("d/", "d/a", "d/b", "e", "null", "pipe"));
  expect_round_trip();
  struct stat a {
  }, e{};
  stat((lower + "/d/a").c_str(), &a);
  stat((lower + "/e").c_str(), &e);
  EXPECT_EQ(a.st_ino, e.st_ino);
}

TEST_F(Diff, RemovedXattrsRoundTrip) {
  both(Tar().directory("d/").finish());
  ASSERT_EQ(setxattr((lower + "/d").c_str(), "user.k", "v", 1, 0), 0);
  expect_round_trip();
}

TEST_F(Diff, SocketsAreLeftOut) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (upper + "/s").copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(names(diff()), ElementsAre());
  EXPECT_THAT(names(tar()), ElementsAre());
}

TEST_F(Diff, ClampsTimes) {
  write_text(upper + "/new", "1");
  DiffOptions options;
  options.clamp_mtime_s = 77;
  const std::string archive = diff(options);
  TarReader reader(memory_source(archive));
  EXPECT_EQ(reader.next()->mtime.tv_sec, 77);
}

TEST_F(Diff, ANameThatWouldBeAWhiteoutIsRefused) {
  write_text(upper + "/.wh.x", "1");
  EXPECT_THROW(diff(), Error);
}

class Overlay : public Diff {
 protected:
  /// Runs `action` on an overlay of lower and upper.
  template <class Action>
  void mounted(const Action& action) {
    const std::string work = scratch.make("work"), merged = scratch.make("merged");
    const std::string options = "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work;
    ASSERT_EQ(mount("overlay", merged.c_str(), "overlay", 0, options.c_str()), 0);
    const ScopeExit unmount([&] { umount2(merged.c_str(), MNT_DETACH); });
    action(merged);
  }
};

TEST_F(Overlay, UpperBecomesALayerWithWhiteouts) {
  apply_tar(lower,
            Tar().file("gone", "1").file("d/low").file("d/both").file("k/x").file("changed", "old").finish());
  mounted([&](const std::string& merged) {
    std::filesystem::remove(merged + "/gone");
    std::filesystem::remove_all(merged + "/d");
    std::filesystem::create_directory(merged + "/d");
    write_text(merged + "/d/both", "new");
    write_text(merged + "/changed", "new");
  });
  EXPECT_THAT(names(tar()), ElementsAre(".wh.gone", "changed", "d/", "d/.wh..wh..opq", "d/both"));
  const UniqueFd below = open_dir(lower);
  DiffOptions options;
  options.lower_dirfd = below.get();
  EXPECT_THAT(names(tar(options)), ElementsAre(".wh.gone", "changed", "d/", "d/.wh.low", "d/both"));
}

TEST_F(Overlay, ApplyingTheLayerGivesTheMergedTree) {
  apply_tar(
      lower,
      Tar().file("gone").file("d/low").file("d/sub/low").file("l/a", "1").hard_link("l/b", "l/a").finish());
  std::string merged_tree;
  mounted([&](const std::string& merged) {
    std::filesystem::remove(merged + "/gone");
    std::filesystem::remove_all(merged + "/d");
    std::filesystem::create_directories(merged + "/d/sub");
    write_text(merged + "/d/sub/new", "n");
    chmod((merged + "/l").c_str(), 0700);
    merged_tree = snapshot(merged);
  });
  for (const bool is_explicit : {false, true}) {
    const std::string copy = scratch.make(is_explicit ? "copy1" : "copy2");
    const UniqueFd below = open_dir(lower);
    DiffOptions options;
    if (is_explicit) options.lower_dirfd = below.get();
    const std::string layer = tar(options);
    apply_tar(
        copy,
        Tar().file("gone").file("d/low").file("d/sub/low").file("l/a", "1").hard_link("l/b", "l/a").finish());
    apply_tar(copy, layer);
    EXPECT_EQ(snapshot(copy), merged_tree);
  }
}

TEST_F(Overlay, ALayerAppliedThroughAnOverlayGivesTheSameTree) {
  const std::string base = Tar()
                               .file("gone")
                               .file("d/low")
                               .file("d/sub/low")
                               .symlink("lib", "usr/lib")
                               .directory("usr/lib/")
                               .finish();
  const std::string layer =
      Tar().file(".wh.gone").file("d/new").file("d/.wh..wh..opq").file("lib/x", "1").finish();
  apply_tar(lower, base);
  std::string merged_tree;
  mounted([&](const std::string& merged) {
    apply_tar(merged, layer);
    merged_tree = snapshot(merged, false);
  });
  const std::string copy = scratch.make("copy");
  apply_tar(copy, base);
  apply_tar(copy, layer);
  EXPECT_EQ(snapshot(copy, false), merged_tree);
}

TEST_F(Overlay, TheSameUpperGivesTheSameBytes) {
  apply_tar(upper, Tar().file("b").file("a").directory("c/").hard_link("c/h", "a").finish());
  EXPECT_EQ(tar(), tar());
  const Store store = Store::open(scratch.path("store"));
  const LayerBlob blob = store_upper(open_dir(upper).get(), store.blobs());
  EXPECT_EQ(store.blobs().read(blob.digest), tar());
  EXPECT_EQ(blob.diff_id, blob.digest);
  EXPECT_FALSE(blob.empty);
}

}  // namespace
}  // namespace devenv::store
