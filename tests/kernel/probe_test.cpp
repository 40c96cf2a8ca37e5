#include "runtime/kernel/probe.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "devenv/error.h"
#include "runtime/kernel/id_map.h"
#include "tests/support/in_child.h"
#include "tests/support/leak_check.h"
#include "tests/support/temp_dir.h"

namespace devenv::kernel {
namespace {

TEST(Probe, EveryFeatureIsExplained) {
  const test::HostState before = test::snapshot();
  std::set<std::string> names;
  for (const Feature& feature : probe_features()) {
    EXPECT_TRUE(names.insert(feature.name).second) << feature.name;
    EXPECT_FALSE(feature.needed_for.empty()) << feature.name;
    EXPECT_TRUE(feature.works || !feature.reason.empty()) << feature.name;
    EXPECT_TRUE(feature.works || !feature.fix.empty()) << feature.name;
    EXPECT_TRUE(feature.works || !feature.required) << feature.name << ": " << feature.reason;
  }
  EXPECT_GE(names.size(), 15u);
  EXPECT_EQ(&probe_features(), &probe_features());
  test::expect_same(before);
}

TEST(Probe, DocsSayWhatIsUsedInsteadOfWhatIsOptional) {
  const std::string page = test::slurp(DEVENV_SOURCE_DIR "/docs/kernels.md");
  std::set<std::string> optional, explained;
  for (const Feature& feature : probe_features())
    if (!feature.required) optional.insert(feature.name);
  const std::regex last_column(R"(\| `([^`|]+)` \|\n)");
  for (std::sregex_iterator row(page.begin(), page.end(), last_column), end; row != end; ++row)
    explained.insert((*row)[1]);
  EXPECT_EQ(explained, optional);
}

TEST(Probe, FeaturesAreFoundByName) {
  EXPECT_TRUE(probe_feature("overlay").works) << probe_feature("overlay").reason;
  EXPECT_TRUE(probe_feature("cgroups").works);
  EXPECT_THROW(probe_feature("no such thing"), Error);
}

TEST(IdMap, IdentityForRoot) {
  EXPECT_TRUE(choose_id_map().identity());
  EXPECT_EQ(outside_uid({}, 1000), 1000u);
  const IdMap map{.uids = {{0, 1000, 1}, {1, 100000, 65536}}, .gids = {{0, 1000, 1}}};
  EXPECT_EQ(outside_uid(map, 0), 1000u);
  EXPECT_EQ(outside_uid(map, 33), 100032u);
  EXPECT_THROW(outside_gid(map, 33), Error);
}

TEST(IdMap, IsWrittenForAChild) {
  int ready[2], go[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(go), 0);
  const CloneResult child = clone_process({.flags = CLONE_NEWUSER});
  if (child.pid == 0) {
    char byte;
    _exit(read(go[0], &byte, 1) == 1 && getuid() == 0 && getgid() == 0 ? 0 : 1);
  }
  ASSERT_GT(child.pid, 0);
  write_id_map(child.pid, {.uids = {{0, 0, 1}}, .gids = {{0, 0, 1}}, .deny_setgroups = true});
  EXPECT_EQ(test::slurp("/proc/" + std::to_string(child.pid) + "/setgroups"), "deny\n");
  ASSERT_EQ(write(go[1], "x", 1), 1);
  int status = 1;
  waitpid(child.pid, &status, 0);
  EXPECT_EQ(status, 0);
  for (const int fd : {ready[0], ready[1], go[0], go[1], child.pidfd}) close(fd);
}

TEST(Namespaces, CloneGivesAPidfdAndNewNamespaces) {
  const auto result = test::in_child(kContainerNamespaces, [] { return getpid() == 1 ? 0 : 1; });
  EXPECT_EQ(result.exit_code(), 0);
  const CloneResult child = clone_process({});
  if (child.pid == 0)
    for (;;) pause();
  EXPECT_EQ(send_signal(child.pidfd, SIGKILL), 0);
  int status = 0;
  EXPECT_EQ(waitpid(child.pid, &status, 0), child.pid);
  EXPECT_EQ(send_signal(child.pidfd, SIGKILL), -ESRCH);
  EXPECT_TRUE(fcntl(child.pidfd, F_GETFD) & FD_CLOEXEC);
  close(child.pidfd);
}

TEST(Namespaces, BadCgroupDescriptorFallsBack) {
  const CloneResult child = clone_process({.cgroup_fd = open("/dev/null", O_RDONLY | O_CLOEXEC)});
  if (child.pid == 0) _exit(0);
  ASSERT_GT(child.pid, 0);
  EXPECT_FALSE(child.in_cgroup);
  waitpid(child.pid, nullptr, 0);
  close(child.pidfd);
}

}  // namespace
}  // namespace devenv::kernel
