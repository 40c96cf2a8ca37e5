#include "runtime/base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "devenv/error.h"
#include "tests/support/thrown.h"

namespace devenv {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/devenv-files-XXXXXX";
    dir_ = mkdtemp(name);
  }
  void TearDown() override { remove_tree(dir_); }
  std::string dir_;
};

TEST_F(Files, ReplaceLeavesOldContentWhenTheDirectoryIsGone) {
  EXPECT_EQ(test::thrown_code([&] { replace_file(dir_ + "/missing/file", "x"); }), ENOENT);
  replace_file(dir_ + "/file", "one");
  replace_file(dir_ + "/file", "two");
  EXPECT_EQ(read_file(dir_ + "/file"), "two");
}

TEST_F(Files, ReadNamesThePathAndTheReason) {
  try {
    read_file(dir_ + "/none");
    FAIL() << "did not throw";
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code(), ENOENT);
    EXPECT_EQ(std::string(error.what()), "open " + dir_ + "/none: no such file or directory");
  }
}

TEST_F(Files, ReadRefusesMoreThanTheLimit) {
  replace_file(dir_ + "/big", std::string(1000, 'x'));
  EXPECT_THROW(read_file(dir_ + "/big", 999), Error);
  EXPECT_EQ(read_file(dir_ + "/big", 1000).size(), 1000u);
}

TEST_F(Files, RemoveTreeDoesNotFollowSymlinks) {
  make_directories(dir_ + "/keep/inner");
  replace_file(dir_ + "/keep/inner/file", "x");
  make_directories(dir_ + "/gone/a/b");
  ASSERT_EQ(symlink((dir_ + "/keep").c_str(), (dir_ + "/gone/a/link").c_str()), 0);
  remove_tree(dir_ + "/gone");
  EXPECT_EQ(read_file(dir_ + "/keep/inner/file"), "x");
  struct stat st;
  EXPECT_NE(lstat((dir_ + "/gone").c_str(), &st), 0);
}

TEST_F(Files, RemoveTreeEntersForbiddenDirectories) {
  make_directories(dir_ + "/locked/inner");
  ASSERT_EQ(chmod((dir_ + "/locked").c_str(), 0), 0);
  remove_tree(dir_ + "/locked");
  struct stat st;
  EXPECT_NE(lstat((dir_ + "/locked").c_str(), &st), 0);
}

TEST_F(Files, MakeDirectoriesIsIdempotentAndRefusesAFileInTheWay) {
  make_directories(dir_ + "/a/b/c");
  make_directories(dir_ + "/a/b/c");
  replace_file(dir_ + "/file", "x");
  EXPECT_EQ(test::thrown_code([&] { make_directories(dir_ + "/file/sub"); }), ENOTDIR);
}

}  // namespace
}  // namespace devenv
