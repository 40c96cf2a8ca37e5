// Layers that try to leave the root. Beside it lies a sentinel tree that must stay byte-identical.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>

#include <atomic>
#include <thread>

#include "runtime/store/tar_reader.h"
#include "tar_builder.h"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

namespace devenv::store {
namespace {

using namespace testing;  // NOLINT: the builders of this folder
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Test;

class TarAttack : public Test {
 protected:
  TarAttack() {
    scratch.make("out/dir");
    write_text(scratch.path("out/secret"), "secret");
    write_text(scratch.path("out/dir/file"), "file");
    chmod(scratch.path("out/secret").c_str(), 0600);
    sentinel = snapshot(scratch.path("out"));
  }
  void TearDown() override {
    EXPECT_EQ(snapshot(scratch.path("out")), sentinel);
    std::size_t entries = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(scratch.root())) ++entries;
    EXPECT_EQ(entries, 2u) << "something appeared beside the root";
  }
  /// The message of the refusal; "" when it was applied.
  std::string refusal(const std::string& archive, const ApplyOptions& options = {}) {
    try {
      apply_tar(root, archive, options);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  void expect_refused(const std::string& archive, const std::string& entry) {
    const std::string message = refusal(archive);
    EXPECT_NE(message.find("\"" + entry + "\""), std::string::npos) << message;
  }

  Scratch scratch;
  std::string root = scratch.make("root");
  std::string outside = scratch.path("out");
  std::string sentinel;
};

TEST_F(TarAttack, DotDotIsRefused) {
  expect_refused(Tar().file("../out/secret", "x").finish(), "../out/secret");
  expect_refused(Tar().file("a/../../out/new", "x").finish(), "a/../../out/new");
  expect_refused(Tar().directory("..").finish(), "..");
  expect_refused(Tar().file("../out/.wh.secret").finish(), "../out/.wh.secret");
}

TEST_F(TarAttack, AbsoluteNamesStayInside) {
  apply_tar(root, Tar().file(outside + "/secret", "x").file("/../../etc/x", "y").finish());
  EXPECT_EQ(read_file(root + outside + "/secret"), "x");
  EXPECT_EQ(read_file(root + "/etc/x"), "y");
}

TEST_F(TarAttack, SymlinkParentsStayInside) {
  apply_tar(root, Tar().symlink("abs", outside).file("abs/secret", "x").finish());
  EXPECT_EQ(read_file(root + outside + "/secret"), "x");
  apply_tar(root, Tar().symlink("rel", "../../../../out").file("rel/secret", "x").finish());
  EXPECT_EQ(read_file(root + "/out/secret"), "x");
  apply_tar(
      root,
      Tar().symlink("a", ".").symlink("a/b", "..").symlink("a/b/c", "..").file("a/b/c/out/n", "x").finish());
  EXPECT_EQ(read_file(root + "/out/n"), "x");
}

TEST_F(TarAttack, SymlinkLoopIsRefused) {
  expect_refused(Tar().symlink("a", "b").symlink("b", "a").file("a/x").finish(), "a/x");
}

TEST_F(TarAttack, HardLinksOutAreRefused) {
  expect_refused(Tar().hard_link("h", "../out/secret").finish(), "h");
  expect_refused(Tar().hard_link("h", outside + "/secret").finish(), "h");
  expect_refused(Tar().symlink("l", "../out").hard_link("h", "l/secret").finish(), "h");
  expect_refused(Tar().symlink("l", outside).hard_link("h", "l/secret").finish(), "h");
}

TEST_F(TarAttack, HardLinkToASymlinkIsAnotherNameOfTheSymlink) {
  TarEntry link;
  link.name = "h";
  link.type = EntryType::hard_link;
  link.link = "l";
  link.mode = 0777;
  link.uid = 99;
  link.mtime = {5, 0};
  link.xattrs["user.x"] = "1";
  apply_tar(root, Tar().symlink("l", outside + "/secret").add(link).finish());
  EXPECT_TRUE(std::filesystem::is_symlink(root + "/h"));
  apply_tar(root, Tar().file("h", "x", 0666).finish());
  EXPECT_FALSE(std::filesystem::is_symlink(root + "/h"));
}

/// An access control list that lets uid 1000 in, as the kernel reads it from the extended attribute.
std::string access_list() {
  const auto entry = [](char tag, char permissions, const std::string& id) {
    return std::string{tag, '\0', permissions, '\0'} + id;
  };
  const std::string none(4, '\xff'), someone("\xe8\x03\0\0", 4);
  return std::string("\2\0\0\0", 4) + entry(1, 7, none) + entry(2, 7, someone) + entry(4, 5, none) +
         entry(16, 7, none) + entry(32, 5, none);
}

TEST_F(TarAttack, AclModeAndOwnerThroughASymlinkStayInside) {
  TarEntry link;
  link.name = "l";
  link.type = EntryType::symlink;
  link.link = outside + "/secret";
  link.mode = 04777;
  link.uid = link.gid = 1000;
  link.mtime = {5, 0};
  link.xattrs["system.posix_acl_access"] = access_list();
  link.xattrs["trusted.evil"] = "1";
  EXPECT_EQ(refusal(Tar().add(link).finish()), "");
  EXPECT_TRUE(std::filesystem::is_symlink(root + "/l"));
  TarEntry hard = link;
  hard.name = "h";
  hard.type = EntryType::hard_link;
  hard.link = "l";
  EXPECT_EQ(refusal(Tar().symlink("l", outside + "/secret").add(hard).finish()), "");
  TarEntry directory = link;
  directory.name = "d/";
  directory.type = EntryType::directory;
  directory.link.clear();
  EXPECT_EQ(refusal(Tar().symlink("d", outside + "/dir").add(directory).finish()), "");
  EXPECT_FALSE(std::filesystem::is_symlink(root + "/d"));
}

TEST_F(TarAttack, NoAccessIsInheritedFromADirectorysDefaultAcl) {
  TarEntry directory;
  directory.name = "d/";
  directory.type = EntryType::directory;
  directory.mode = 0755;
  directory.xattrs["system.posix_acl_default"] = access_list();
  apply_tar(root, Tar()
                      .add(directory)
                      .file("d/file", "x", 0640)
                      .directory("d/sub/", 0750)
                      .plain("d/fifo", EntryType::fifo, "", 0640)
                      .finish());
  for (const char* name : {"/d/file", "/d/sub", "/d/fifo"}) {
    EXPECT_EQ(getxattr((root + name).c_str(), "system.posix_acl_access", nullptr, 0), -1) << name;
    EXPECT_EQ(getxattr((root + name).c_str(), "system.posix_acl_default", nullptr, 0), -1) << name;
  }
  EXPECT_GT(getxattr((root + "/d").c_str(), "system.posix_acl_default", nullptr, 0), 0);
}

TEST_F(TarAttack, FileOverASymlinkReplacesTheLink) {
  apply_tar(root, Tar().symlink("l", outside + "/secret").symlink("d", outside).finish());
  apply_tar(root, Tar().file("l", "x", 0666).directory("d/", 0700).finish());
  EXPECT_EQ(read_file(root + "/l"), "x");
  EXPECT_FALSE(std::filesystem::is_symlink(root + "/d"));
}

TEST_F(TarAttack, WhiteoutsActInsideOnly) {
  apply_tar(root, Tar().symlink("l", outside).symlink("s", outside).finish());
  apply_tar(root, Tar().file("l/.wh.secret").file("l/.wh..wh..opq").file(".wh.s").finish());
  EXPECT_FALSE(std::filesystem::is_symlink(root + "/s"));
  expect_refused(Tar().file(".wh...").finish(), ".wh...");
}

TEST_F(TarAttack, DataBehindAHardLinkIsNotItsContent) {
  // Read as data by some, as the next header by docker; here it is a header, and no valid one.
  const std::string archive =
      Tar().file("a", "1").raw(raw_header("h", '1', 5, "a")).raw(blocks("evil!")).finish();
  expect_refused(archive, "h");
  EXPECT_EQ(read_file(root + "/a"), "1");
}

TEST_F(TarAttack, PaxSizeGovernsTheNextHeader) {
  // The header says 0, PAX says one block: an inner archive must not be read as entries.
  const std::string inner = raw_header("smuggled", '0', 0);
  const std::string archive = Tar()
                                  .raw(pax_header(pax_record("size", "512")))
                                  .raw(raw_header("a", '0', 0))
                                  .raw(inner)
                                  .file("b")
                                  .finish();
  apply_tar(root, archive);
  EXPECT_EQ(read_file(root + "/a"), inner);
  EXPECT_FALSE(std::filesystem::exists(root + "/smuggled"));
  EXPECT_TRUE(std::filesystem::exists(root + "/b"));
}

TEST_F(TarAttack, PaxNamesAreHeldToTheSameRules) {
  const std::string archive =
      Tar().raw(pax_header(pax_record("path", "../out/new"))).raw(raw_header("a", '0', 0)).finish();
  expect_refused(archive, "../out/new");
  expect_refused(Tar()
                     .raw(pax_header(pax_record("linkpath", "../out/secret")))
                     .raw(raw_header("h", '1', 0, "a"))
                     .finish(),
                 "h");
}

TEST_F(TarAttack, BombsAreRefused) {
  ApplyOptions few;
  few.max_entries = 3;
  EXPECT_NE(refusal(Tar().file("1").file("2").file("3").file("4").finish(), few).find("\"4\""),
            std::string::npos);
  ApplyOptions small;
  small.max_bytes = 4096;
  EXPECT_NE(refusal(Tar().file("big", std::string(8192, 'x')).finish(), small).find("limit"),
            std::string::npos);
  // Says it is huge without being it.
  EXPECT_NE(refusal(Tar().raw(raw_header("huge", '0', 077777777777)).finish()).find("\"huge\""),
            std::string::npos);
}

TEST_F(TarAttack, FifoInPlaceOfAFileIsReplacedNotOpened) {
  apply_tar(root, Tar().plain("etc/passwd", EntryType::fifo, "", 0644).finish());
  apply_tar(root, Tar().file("etc/passwd", "root").finish());
  EXPECT_EQ(read_file(root + "/etc/passwd"), "root");
}

TEST_F(TarAttack, DeviceNumbersOutOfRangeAreRefused) {
  std::string header = raw_header("dev", '3', 0);
  header.replace(329, 7, "7777777");
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  header.replace(148, 7, std::string(digits, 7));
  expect_refused(Tar().raw(header).finish(), "dev");
}

TEST_F(TarAttack, MalformedArchivesAreRefusedNamingThePlace) {
  const std::string good = Tar().file("a", std::string(2000, 'x')).file("b", "y").finish();
  expect_refused(good.substr(0, 1000), "a");
  std::string corrupt = good;
  corrupt[512 + 2048] ^= 1;
  expect_refused(corrupt, "a");
  EXPECT_NE(refusal(std::string(1024, 'x')).find("not a tar header"), std::string::npos);
  EXPECT_THAT(refusal(Tar().raw(pax_header("99 path=x\n")).finish()),
              HasSubstr("bad length of a PAX record"));
  EXPECT_THAT(refusal(Tar().raw(pax_header(pax_record("uid", "-1"))).raw(raw_header("a", '0', 0)).finish()),
              HasSubstr("bad uid"));
  EXPECT_NE(refusal(Tar().raw(raw_header("v", 'V', 0)).finish()).find("\"v\""), std::string::npos);
}

/// Swaps a directory of the root with a link to the outside while layers are applied into it.
TEST_F(TarAttack, ConcurrentSwapOfAParentNeverLeadsOut) {
  scratch.make("root/d/sub");
  ASSERT_EQ(symlink(outside.c_str(), (root + "/swap").c_str()), 0);
  std::atomic<bool> stop{false};
  std::atomic<int> swaps{0};
  std::thread swapper([&] {
    const std::string a = root + "/d", b = root + "/swap";
    while (!stop)
      swaps += syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
  });
  const std::string layer = Tar().file("d/secret", "x").file("d/dir/file", "x").file("d/.wh.secret").finish();
  int applied = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string message = refusal(layer);
    applied += message.empty();
    EXPECT_THAT(message, AnyOf("", HasSubstr("\"d/")));
  }
  stop = true;
  swapper.join();
  EXPECT_GT(swaps, 300) << "hardly anything was swapped under it";
  EXPECT_GT(applied, 0) << "nothing was put to the test";
}

}  // namespace
}  // namespace devenv::store
