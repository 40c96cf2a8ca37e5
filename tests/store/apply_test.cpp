#include "runtime/store/apply.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <clocale>

#include "runtime/base/sha256.h"
#include "tar_builder.h"

namespace devenv::store {
namespace {

using namespace testing;  // NOLINT: the builders of this folder
using ::testing::Test;

struct stat status(const std::string& path) {
  struct stat st {};
  EXPECT_EQ(lstat(path.c_str(), &st), 0) << path;
  return st;
}

bool exists(const std::string& path) {
  struct stat st {};
  return lstat(path.c_str(), &st) == 0;
}

class Apply : public Test {
 protected:
  Scratch scratch;
  std::string root = scratch.make("root");
  std::string at(const std::string& name) { return root + "/" + name; }
};

TEST_F(Apply, SetsContentModeOwnerAndTimes) {
  TarEntry file;
  file.name = "dir/file";
  file.mode = 04750;
  file.uid = 12;
  file.gid = 34;
  file.mtime = {1234, 567};
  TarEntry directory;
  directory.name = "dir/";
  directory.type = EntryType::directory;
  directory.mode = 02711;
  directory.mtime = {99, 1};
  apply_tar(root, Tar().add(directory).add(file, "hello").finish());
  EXPECT_EQ(read_file(at("dir/file")), "hello");
  const struct stat st = status(at("dir/file"));
  EXPECT_EQ(st.st_mode, S_IFREG | 04750u);
  EXPECT_EQ(st.st_uid, 12u);
  EXPECT_EQ(st.st_gid, 34u);
  EXPECT_EQ(st.st_mtim.tv_sec, 1234);
  EXPECT_EQ(st.st_mtim.tv_nsec, 567);
  const struct stat dir = status(at("dir"));
  EXPECT_EQ(dir.st_mode, S_IFDIR | 02711u);
  EXPECT_EQ(dir.st_mtim.tv_sec, 99);
  EXPECT_EQ(dir.st_mtim.tv_nsec, 1);
}

TEST_F(Apply, DigestIsOfThePlainArchive) {
  const std::string tar = Tar().file("a", "1").finish();
  const ApplyResult result = apply_tar(root, tar);
  EXPECT_EQ(result.diff_id, sha256_digest(tar));
  EXPECT_EQ(result.size, tar.size());
  EXPECT_EQ(result.entries, 1u);
}

TEST_F(Apply, MakesMissingParents) {
  const mode_t mask = umask(077);
  apply_tar(root, Tar().file("a/b/c", "1").finish());
  umask(mask);
  EXPECT_EQ(status(at("a/b")).st_mode, S_IFDIR | 0755u);
}

TEST_F(Apply, FollowsAParentThatIsASymlinkInside) {
  apply_tar(root, Tar().directory("usr/lib/").symlink("lib", "usr/lib").symlink("abs", "/usr/lib").finish());
  apply_tar(root, Tar().file("lib/x", "1").file("abs/y", "2").finish());
  EXPECT_EQ(read_file(at("usr/lib/x")), "1");
  EXPECT_EQ(read_file(at("usr/lib/y")), "2");
  EXPECT_TRUE(S_ISLNK(status(at("lib")).st_mode));
}

TEST_F(Apply, FollowsADanglingParentAndMakesItsTarget) {
  apply_tar(root, Tar().symlink("run", "var/run").file("run/x", "1").finish());
  EXPECT_EQ(read_file(at("var/run/x")), "1");
}

TEST_F(Apply, KeepsHardLinks) {
  apply_tar(root, Tar().file("a", "1").hard_link("b", "a").hard_link("c/d", "/a").finish());
  EXPECT_EQ(status(at("a")).st_ino, status(at("b")).st_ino);
  EXPECT_EQ(status(at("a")).st_nlink, 3u);
}

TEST_F(Apply, MakesDevicesAndFifos) {
  TarEntry device;
  device.name = "null";
  device.type = EntryType::char_device;
  device.mode = 0666;
  device.device_major = 1;
  device.device_minor = 3;
  TarEntry block = device;
  block.name = "disk";
  block.type = EntryType::block_device;
  block.device_minor = 70000;
  apply_tar(root, Tar().add(device).add(block).plain("pipe", EntryType::fifo, "", 0600).finish());
  EXPECT_EQ(status(at("null")).st_mode, S_IFCHR | 0666u);
  EXPECT_EQ(status(at("null")).st_rdev, makedev(1, 3));
  EXPECT_EQ(status(at("disk")).st_rdev, makedev(1, 70000));
  EXPECT_TRUE(S_ISFIFO(status(at("pipe")).st_mode));
}

TEST_F(Apply, WhiteoutHidesALowerName) {
  apply_tar(root, Tar().file("a/1").file("a/2").file("b/c/d").finish());
  apply_tar(root, Tar().file("a/.wh.1").file(".wh.b").file(".wh.none").finish());
  EXPECT_FALSE(exists(at("a/1")));
  EXPECT_TRUE(exists(at("a/2")));
  EXPECT_FALSE(exists(at("b")));
  EXPECT_FALSE(exists(at(".wh.b")));
}

TEST_F(Apply, WhiteoutSparesWhatItsOwnLayerHas) {
  apply_tar(root, Tar().file("d/low").finish());
  apply_tar(root, Tar().file("d/new").file(".wh.d").finish());
  EXPECT_FALSE(exists(at("d/low")));
  EXPECT_TRUE(exists(at("d/new")));
}

TEST_F(Apply, OpaqueHidesOnlyLowerNamesWhereverItStands) {
  const std::string lower = Tar().file("d/low").file("d/sub/low").file("d/sub/deep/low").finish();
  const std::string last =
      Tar().directory("d/").file("d/new").file("d/sub/new").file("d/.wh..wh..opq").finish();
  const std::string first =
      Tar().file("d/.wh..wh..opq").directory("d/").file("d/new").file("d/sub/new").finish();
  for (const std::string& layer : {last, first}) {
    remove_tree(root);
    scratch.make("root");
    apply_tar(root, lower);
    apply_tar(root, layer);
    EXPECT_FALSE(exists(at("d/low")));
    EXPECT_FALSE(exists(at("d/sub/low")));
    EXPECT_FALSE(exists(at("d/sub/deep")));
    EXPECT_TRUE(exists(at("d/new")));
    EXPECT_TRUE(exists(at("d/sub/new")));
    EXPECT_FALSE(exists(at("d/.wh..wh..opq")));
  }
}

TEST_F(Apply, WhiteoutsAreOrdinaryNamesOfAnArchive) {
  apply_tar(root, Tar().file("a").finish());
  apply_tar(root, Tar().file(".wh.a").finish(), {.whiteouts = false});
  EXPECT_TRUE(exists(at("a")));
  EXPECT_TRUE(exists(at(".wh.a")));
}

TEST_F(Apply, BareWhiteoutIsRefused) {
  for (const char* name : {".wh.", "a/.wh.", ".wh..", ".wh..."}) {
    try {
      apply_tar(root, Tar().file(name).finish());
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
}

TEST_F(Apply, DirectoryOverDirectoryKeepsContentAndReplacesAttributes) {
  apply_tar(root, Tar().directory("d/", 0700).file("d/x", "1").finish());
  ASSERT_EQ(setxattr(at("d").c_str(), "user.old", "1", 1, 0), 0);
  TarEntry entry;
  entry.name = "d/";
  entry.type = EntryType::directory;
  entry.mode = 0711;
  entry.uid = 5;
  entry.xattrs["user.new"] = "2";
  apply_tar(root, Tar().add(entry).finish());
  EXPECT_EQ(status(at("d")).st_mode, S_IFDIR | 0711u);
  EXPECT_EQ(status(at("d")).st_uid, 5u);
  EXPECT_TRUE(exists(at("d/x")));
  EXPECT_LT(getxattr(at("d").c_str(), "user.old", nullptr, 0), 0);
  EXPECT_EQ(getxattr(at("d").c_str(), "user.new", nullptr, 0), 1);
}

TEST_F(Apply, EverythingElseReplaces) {
  apply_tar(root, Tar().file("full/a/b").file("f").symlink("l", "f").file("g").finish());
  apply_tar(root,
            Tar().file("full", "now a file").directory("f/").file("l", "x").symlink("g", "full").finish());
  EXPECT_EQ(read_file(at("full")), "now a file");
  EXPECT_TRUE(S_ISDIR(status(at("f")).st_mode));
  EXPECT_EQ(read_file(at("l")), "x");
  EXPECT_TRUE(S_ISLNK(status(at("g")).st_mode));
}

TEST_F(Apply, ReplacingOneNameLeavesTheOtherLinkAlone) {
  apply_tar(root, Tar().file("a", "old").hard_link("b", "a").finish());
  apply_tar(root, Tar().file("a", "new").finish());
  EXPECT_EQ(read_file(at("b")), "old");
}

TEST_F(Apply, XattrsComeButOverlayMarksDoNot) {
  TarEntry entry;
  entry.name = "ping";
  entry.mode = 0755;
  // VFS_CAP_REVISION_2, cap_net_raw permitted and effective
  entry.xattrs["security.capability"] =
      std::string("\x01\x00\x00\x02\x00\x20\x00\x00\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  entry.xattrs["user.empty"] = "";
  entry.xattrs["trusted.overlay.opaque"] = "y";
  entry.xattrs["user.overlay.whiteout"] = "y";
  apply_tar(root, Tar().add(entry, "x").finish());
  EXPECT_EQ(getxattr(at("ping").c_str(), "security.capability", nullptr, 0), 20);
  EXPECT_EQ(getxattr(at("ping").c_str(), "user.empty", nullptr, 0), 0);
  EXPECT_LT(getxattr(at("ping").c_str(), "trusted.overlay.opaque", nullptr, 0), 0);
  EXPECT_LT(getxattr(at("ping").c_str(), "user.overlay.whiteout", nullptr, 0), 0);
}

TEST_F(Apply, NamesAreBytesWhateverTheLocale) {
  std::setlocale(LC_ALL, "C");
  const std::string decomposed = "o\xcc\x88.txt";  // NFD must not become NFC
  const std::string latin1 = "caf\xe9";
  apply_tar(root, Tar().file(decomposed, "1").file(latin1, "2").finish());
  EXPECT_EQ(read_file(at(decomposed)), "1");
  EXPECT_EQ(read_file(at(latin1)), "2");
}

TEST_F(Apply, LongNamesAndLinks) {
  const std::string name = std::string(120, 'd') + "/" + std::string(250, 'f');
  apply_tar(root, Tar().file(name, "1").symlink("s", std::string(3000, 't')).hard_link("h", name).finish());
  EXPECT_EQ(read_file(at(name)), "1");
  EXPECT_EQ(read_file(at("h")), "1");
  EXPECT_EQ(status(at("s")).st_size, 3000);
}

TEST_F(Apply, TimesBeforeTheEpochBecomeIt) {
  TarEntry entry;
  entry.name = "old";
  entry.mtime = {-5, 0};
  apply_tar(root, Tar().add(entry).finish());
  EXPECT_EQ(status(at("old")).st_mtim.tv_sec, 0);
}

TEST_F(Apply, RootEntrySetsItsAttributes) {
  apply_tar(root, Tar().directory("./", 0711).finish());
  EXPECT_EQ(status(root).st_mode, S_IFDIR | 0711u);
}

TEST_F(Apply, OwnerCanBeForced) {
  apply_tar(root, Tar().file("a").finish(), {.owner = std::pair<uid_t, gid_t>{7, 8}});
  EXPECT_EQ(status(at("a")).st_uid, 7u);
  EXPECT_EQ(status(at("a")).st_gid, 8u);
}

TEST_F(Apply, AufsBookkeepingIsPassedOver) {
  apply_tar(root, Tar().file(".wh..wh.aufs").file(".wh..wh.plnk/x").file("a").finish());
  EXPECT_EQ(snapshot(root, false).find(".wh."), std::string::npos);
}

}  // namespace
}  // namespace devenv::store
