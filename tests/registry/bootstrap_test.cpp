#include "runtime/registry/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/base/files.h"
#include "runtime/kernel/mounts.h"
#include "runtime/registry/bootstrap_needs.h"
#include "tests/support/temp_dir.h"

namespace devenv::registry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const Mirrors mirrors{"http://mirror/debian", "http://mirror/debian-security"};

const store::OverlayMounter mounter = [](const std::vector<std::string>& lower, const std::string& upper,
                                         const std::string& work) {
  if (lower.empty()) return open_file(upper, O_RDONLY | O_DIRECTORY);
  return kernel::detached_overlay({.lower = lower, .upper = upper, .work = work});
};

TEST(BootstrapPlan, TakesSuiteVariantAndMirrors) {
  const BootstrapPlan full = plan_bootstrap(parse_reference("debian:bookworm"), mirrors);
  EXPECT_EQ(full.suite, "bookworm");
  EXPECT_THAT(full.argv, Not(Contains(StartsWith("--dpkgopt"))));
  EXPECT_THAT(full.sources, HasSubstr("URIs: http://mirror/debian\nSuites: bookworm bookworm-updates\n"));
  EXPECT_THAT(full.sources, HasSubstr("URIs: http://mirror/debian-security\nSuites: bookworm-security\n"));
  EXPECT_THAT(full.sources, HasSubstr("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg"));

  const BootstrapPlan slim = plan_bootstrap(parse_reference("debian:13-slim"), mirrors);
  EXPECT_EQ(slim.suite, "trixie");
  EXPECT_THAT(slim.argv, Contains("--dpkgopt=path-exclude=/usr/share/man/*"));
}

TEST(BootstrapPlan, AnUnknownDistributionIsToldTheKnownOnes) {
  for (const char* name :
       {"debian", "debian:sid", "ubuntu:24.04", "example.com/debian:bookworm", "debian:-slim"}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(
        can_bootstrap(parse_reference(name == std::string("debian:-slim") ? "debian:x-slim" : name)));
  }
  try {
    plan_bootstrap(parse_reference("debian:buster"), mirrors);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                StartsWith("bootstrap debian:buster: not a known distribution; known are debian:bookworm, "));
  }
}

std::vector<std::string> things(const std::vector<MissingNeed>& missing) {
  std::vector<std::string> names;
  for (const MissingNeed& need : missing) names.push_back(need.thing);
  return names;
}

TEST(BootstrapNeeds, AreLookedForAlongThePathAndAmongTheKeyrings) {
  const test::TempDir dir;
  const std::string first = dir / "first", second = dir / "second", path = first + ":" + second;
  const auto missing = [&](const std::string& suite) {
    return things(missing_for_bootstrap(suite, path, dir / "keyrings"));
  };
  for (const char* name : {"first", "second", "keyrings"}) std::filesystem::create_directory(dir / name);
  EXPECT_THAT(missing("trixie"), ElementsAre("mmdebstrap", "setpriv", "unshare", "the keys that sign trixie"));
  replace_file(dir / "first/setpriv", "", 0755);
  replace_file(dir / "first/mmdebstrap", "not executable", 0644);
  replace_file(dir / "second/unshare", "", 0755);
  replace_file(dir / "keyrings/debian-archive-keyring.gpg", "");
  replace_file(dir / "keyrings/debian-archive-bookworm-automatic.gpg", "");
  EXPECT_THAT(missing("bookworm"), ElementsAre("mmdebstrap"));
  replace_file(dir / "second/mmdebstrap", "", 0755);
  EXPECT_THAT(missing("bookworm"), IsEmpty());
  // The keyring is older than the suite.
  EXPECT_THAT(missing("trixie"), ElementsAre("the keys that sign trixie"));
}

TEST(BootstrapNeeds, AllThatIsMissingIsNamedWithOneCommand) {
  EXPECT_NO_THROW(require_needs("bootstrap debian:trixie", {}));
  try {
    require_needs("bootstrap debian:trixie", {{"mmdebstrap", "mmdebstrap"},
                                              {"setpriv", "util-linux"},
                                              {"unshare", "util-linux"},
                                              {"the keys that sign trixie", "debian-archive-keyring"}});
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_STREQ(error.what(),
                 "bootstrap debian:trixie: this machine lacks mmdebstrap, setpriv, unshare and the keys that sign "
                 "trixie; apt-get update && apt-get install -y mmdebstrap util-linux debian-archive-keyring");
  }
}

TEST(Bootstrap, AMirrorThatIsNotThereIsNamedAndNothingIsLeft) {
  setenv("DEVENV_DEBIAN_MIRROR", "http://127.0.0.1:1/debian", 1);
  const test::TempDir dir;
  const store::Store store = store::Store::open(dir / "store");
  try {
    bootstrap(parse_reference("debian:bookworm-slim"), store, mounter, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "bootstrap debian:bookworm-slim: no connection to 127.0.0.1:1; set DEVENV_DEBIAN_MIRROR to a Debian "
        "mirror this machine reaches");
  }
  unsetenv("DEVENV_DEBIAN_MIRROR");
  EXPECT_THAT(store.images().list(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(dir / "store/tmp"));
}

/// In the machine's own store, where the image stays for the other tests: made once, looked at every time.
TEST(Bootstrap, BookwormSlimIsAsTheOfficialImage) {
  const store::Store store = store::Store::open(store::Store::default_root());
  const Reference reference = parse_reference("debian:bookworm-slim");
  const store::StoredImage image = bootstrap(
      reference, store, mounter, [](const std::string& line) { std::printf("%s\n", line.c_str()); });
  EXPECT_THAT(image.config.config.cmd, ElementsAre("bash"));
  EXPECT_THAT(image.config.config.env,
              ElementsAre("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
  ASSERT_TRUE(store.images().is_unpacked(image));

  const std::filesystem::path root = store.layers().lower_dirs(image.config.diff_ids).at(0);
  EXPECT_TRUE(std::filesystem::is_empty(root / "dev"));
  EXPECT_THAT(test::slurp(root / "etc/apt/sources.list.d/debian.sources"),
              HasSubstr("Suites: bookworm-security"));
  EXPECT_EQ(test::slurp(root / "etc/hostname"), "");
  EXPECT_EQ(test::slurp(root / "etc/resolv.conf"), "");
  EXPECT_THAT(test::slurp(root / "usr/sbin/policy-rc.d"), HasSubstr("exit 101"));
  EXPECT_TRUE(std::filesystem::is_empty(root / "var/lib/apt/lists/partial") ||
              !std::filesystem::exists(root / "var/lib/apt/lists/partial"));
  EXPECT_FALSE(std::filesystem::exists(root / "usr/share/man/man1"));
  EXPECT_TRUE(std::filesystem::exists(root / "usr/share/doc/bash/copyright"));
  EXPECT_TRUE(std::filesystem::is_symlink(root / "bin"));

  std::vector<std::string> lines;
  const store::StoredImage again =
      bootstrap(reference, store, mounter, [&](const std::string& line) { lines.push_back(line); });
  EXPECT_EQ(again.id, image.id);
  EXPECT_THAT(lines, IsEmpty());
}

}  // namespace
}  // namespace devenv::registry
