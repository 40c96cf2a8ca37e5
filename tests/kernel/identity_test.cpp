#include "runtime/kernel/identity.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "devenv/error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thrown.h"

namespace devenv::kernel {
namespace {

using test::TempDir;

class IdentityTest : public testing::Test {
 protected:
  IdentityTest() {
    dir.write("etc/passwd",
              "root:x:0:0:root:/root:/bin/sh\n"
              "1000:x:0:0:trap:/trap:/bin/sh\n"
              "# a comment\n\n"
              "broken:x:abc:1\n"
              "app:x:1000:1001:App:/home/app:/bin/sh\n"
              "big:x:2147483648:1::/:\n"
              "last:x:77:78::/last:/bin/sh");
    dir.write("etc/group",
              "root:x:0:root\nwheel:x:10:root,app\napp:x:1001:\nvideo:x:44:x,app,y\naudio:x:29:apples,app2\n"
              "many:x:1001:app\nlast:x:78:last");
  }
  Identity find(const std::string& user) { return resolve_identity(root().get(), user); }
  IdentityError fails(const char* user) { return resolve_identity_at(root().get(), user, false, *flat); }
  UniqueFd root() { return open_file(dir.path(), O_PATH | O_DIRECTORY); }

  TempDir dir;
  std::unique_ptr<FlatIdentity> flat = std::make_unique<FlatIdentity>();
};

TEST_F(IdentityTest, ByName) {
  const Identity app = find("app");
  EXPECT_EQ(app.uid, 1000u);
  EXPECT_EQ(app.gid, 1001u);
  EXPECT_EQ(app.groups, (std::vector<gid_t>{1001, 10, 44}));
  EXPECT_EQ(app.home, "/home/app");
  EXPECT_EQ(find("last").groups, (std::vector<gid_t>{78}));
}

TEST_F(IdentityTest, ByNumberNeverMatchesAName) {
  // CVE class: a line named "1000" with uid 0 must not answer for USER 1000.
  const Identity user = find("1000");
  EXPECT_EQ(user.uid, 1000u);
  EXPECT_EQ(user.gid, 1001u);
  EXPECT_EQ(user.home, "/home/app");
  EXPECT_EQ(user.groups, (std::vector<gid_t>{1001, 10, 44}));
  EXPECT_EQ(find("4242").uid, 4242u);
  EXPECT_EQ(find("4242").gid, 0u);
  EXPECT_EQ(find("4242").home, "/");
}

TEST_F(IdentityTest, WithGroup) {
  EXPECT_EQ(find("app:wheel").gid, 10u);
  EXPECT_EQ(find("app:wheel").groups, (std::vector<gid_t>{10}));
  EXPECT_EQ(find("app:5000").gid, 5000u);
  EXPECT_EQ(find("0:video").gid, 44u);
}

TEST_F(IdentityTest, EmptyIsRootOnlyWhenNothingWasAskedFor) {
  EXPECT_EQ(find("").uid, 0u);
  EXPECT_EQ(find("").home, "/root");
  EXPECT_EQ(fails(""), IdentityError::malformed);
}

TEST_F(IdentityTest, MalformedIsRefused) {
  for (const char* user : {"+0", "-1", ":", "1:", ":1", "1:+0", "app:-5", "a:b:c", "app\nroot"})
    EXPECT_EQ(fails(user), IdentityError::malformed) << user;
  for (const char* user :
       {"2147483648", "4294967296", "4294967295", "99999999999999999999999", "0:2147483648"})
    EXPECT_EQ(fails(user), IdentityError::out_of_range) << user;
  EXPECT_EQ(fails("2147483647"), IdentityError::none);
  EXPECT_EQ(fails("nobody"), IdentityError::unknown_user);
  EXPECT_EQ(fails("broken"), IdentityError::unknown_user);
  EXPECT_EQ(fails("big"), IdentityError::unknown_user);
  EXPECT_EQ(fails("# a comment"), IdentityError::unknown_user);
  EXPECT_EQ(fails("app:nogroup"), IdentityError::unknown_group);
  try {
    find("nobody");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "find user \"nobody\": no such user in the image's /etc/passwd");
  }
}

TEST_F(IdentityTest, WithoutFilesNumbersWork) {
  TempDir empty;
  const UniqueFd fd = open_file(empty.path(), O_PATH | O_DIRECTORY);
  EXPECT_EQ(resolve_identity(fd.get(), "5:6").gid, 6u);
  EXPECT_EQ(resolve_identity(fd.get(), "").uid, 0u);
  EXPECT_EQ(test::thrown([&] { resolve_identity(fd.get(), "root"); }),
            "find user \"root\": no such user in the image's /etc/passwd");
}

TEST_F(IdentityTest, FifoAndLinksAreNoWayOut) {
  std::filesystem::remove(dir / "etc/passwd");
  ASSERT_EQ(mkfifo((dir / "etc/passwd").c_str(), 0644), 0);
  EXPECT_EQ(fails("app"), IdentityError::unreadable);
  std::filesystem::remove(dir / "etc/passwd");
  ASSERT_EQ(symlink("/etc/passwd", (dir / "etc/passwd").c_str()), 0);  // to itself, inside the root
  EXPECT_EQ(fails("root"), IdentityError::unreadable);
  std::filesystem::remove(dir / "etc/passwd");
  ASSERT_EQ(symlink("../../../../../../etc/passwd.real", (dir / "etc/passwd").c_str()), 0);
  dir.write("etc/passwd.real", "inside:x:5:5::/:\n");
  EXPECT_EQ(find("inside").uid, 5u);
}

TEST_F(IdentityTest, HugeGroupFileInBoundedMemory) {
  const std::string path = dir / "etc/group";
  {
    const UniqueFd file = open_file(path, O_WRONLY | O_TRUNC);
    ASSERT_EQ(ftruncate(file.get(), 1 << 30), 0);  // sparse: one line of 1 GiB
    lseek(file.get(), 0, SEEK_END);
    write_all(file.get(), "\nwheel:x:10:app\n", path);
  }
  const auto result = test::in_child(0, [&] {
    rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    const Identity app = find("app");
    getrusage(RUSAGE_SELF, &after);
    if (after.ru_maxrss - before.ru_maxrss > 16 << 10) return 2;  // KiB
    return app.groups == std::vector<gid_t>{1001, 10} ? 0 : 1;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
}

TEST_F(IdentityTest, TooManyGroupsAreAnError) {
  std::string groups;
  for (int i = 0; i < 3000; ++i) groups += "g" + std::to_string(i) + ":x:" + std::to_string(i) + ":app\n";
  dir.write("etc/group", groups);
  EXPECT_EQ(fails("app"), IdentityError::too_many_groups);
}

}  // namespace
}  // namespace devenv::kernel
