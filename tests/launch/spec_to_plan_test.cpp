#include "runtime/launch/spec_to_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <devenv/error.h>

#include "runtime/kernel/capabilities.h"

namespace devenv::launch {
namespace {

using Words = std::vector<std::string>;

ImageDefaults image() {
  ImageDefaults defaults;
  defaults.entrypoint = {"/entry"};
  defaults.command = {"serve"};
  defaults.env = {"PATH=/app", "FOO", "A=image"};
  defaults.user = "app";
  defaults.workdir = "/srv";
  return defaults;
}

PlanInput input() {
  PlanInput result;
  result.image = image();
  result.id = std::string(64, 'f');
  result.lower_dirs = {"/layers/1"};
  result.container_dir = "/store/sessions/s/" + result.id;
  result.all_capabilities = kernel::available_capabilities();
  return result;
}

TEST(CommandLine, FollowsDockersTable) {
  ContainerSpec spec;
  EXPECT_EQ(command_line(spec, image()), (Words{"/entry", "serve"}));
  spec.command = {"other"};
  EXPECT_EQ(command_line(spec, image()), (Words{"/entry", "other"}));
  spec.entrypoint = Words{"/mine"};
  EXPECT_EQ(command_line(spec, image()), (Words{"/mine", "other"}));
  spec.command = {};
  EXPECT_EQ(command_line(spec, image()), (Words{"/mine"}));
  spec.entrypoint = Words{""};
  EXPECT_THROW(command_line(spec, image()), Error);
  spec.command = {"bare"};
  EXPECT_EQ(command_line(spec, image()), (Words{"bare"}));
}

TEST(Environment, LastOfANameWinsAndBareNamesAreDropped) {
  ContainerSpec spec;
  spec.env = {{"A", "spec"}, {"B", "1"}, {"B", "2"}};
  EXPECT_EQ(environment(spec, image(), "host"), (Words{"PATH=/app", "HOSTNAME=host", "A=spec", "B=2"}));
  spec.tty = true;
  const Words with_terminal = environment(spec, image(), "host");
  EXPECT_NE(std::find(with_terminal.begin(), with_terminal.end(), "TERM=xterm"), with_terminal.end());
  spec.env = {{"", "x"}};
  EXPECT_THROW(environment(spec, image(), "host"), Error);
}

TEST(MakePlan, TakesUserAndWorkdirFromSpecElseImage) {
  PlanInput in = input();
  EXPECT_EQ(make_plan(in).process.user, "app");
  EXPECT_EQ(make_plan(in).process.cwd, "/srv");
  in.spec.user = "0";
  in.spec.workdir = "relative";
  EXPECT_THROW(make_plan(in), Error);
  in.spec.workdir = "/w";
  EXPECT_EQ(make_plan(in).process.user, "0");
  EXPECT_EQ(make_plan(in).process.cwd, "/w");
}

TEST(MakePlan, OuterMountsComeBeforeInnerOnes) {
  PlanInput in = input();
  MountSpec inner, outer;
  inner.source = outer.source = "/src";
  inner.target = "/data/inner";
  outer.target = "/data";
  in.spec.mounts = {inner, outer};
  const SandboxPlan plan = make_plan(in);
  EXPECT_EQ(plan.mounts[0].target, "/data");
  EXPECT_EQ(plan.mounts[1].target, "/data/inner");
}

TEST(MakePlan, VolumesAreResolvedAndTargetsAbsolute) {
  PlanInput in = input();
  MountSpec volume;
  volume.type = MountSpec::Type::volume;
  volume.source = "pgdata";
  volume.target = "/var/lib/postgresql";
  in.spec.mounts = {volume};
  EXPECT_THROW(make_plan(in), Error);
  in.volume_dirs["pgdata"] = "/store/volumes/pgdata/_data";
  EXPECT_EQ(make_plan(in).mounts[0].source, "/store/volumes/pgdata/_data");
  in.spec.mounts[0].target = "var";
  EXPECT_THROW(make_plan(in), Error);
}

TEST(MakePlan, PrivilegedLiftsMasksAndFilter) {
  PlanInput in = input();
  in.seccomp = {1};
  EXPECT_FALSE(make_plan(in).masked_paths.empty());
  EXPECT_EQ(make_plan(in).seccomp.size(), 1u);
  EXPECT_EQ(make_plan(in).capabilities, kernel::default_capabilities() & in.all_capabilities);
  in.spec.privileged = true;
  EXPECT_TRUE(make_plan(in).masked_paths.empty());
  EXPECT_TRUE(make_plan(in).seccomp.empty());
  EXPECT_EQ(make_plan(in).capabilities, in.all_capabilities);
}

TEST(MakePlan, ScratchOrKept) {
  PlanInput in = input();
  EXPECT_EQ(make_plan(in).scratch_dir, in.container_dir);
  EXPECT_TRUE(make_plan(in).rootfs.volatile_upper);
  in.container_dir_is_scratch = false;
  EXPECT_EQ(make_plan(in).scratch_dir, "");
  EXPECT_FALSE(make_plan(in).rootfs.volatile_upper);
}

TEST(MakePlan, ALayerInMemoryHasNoDirectories) {
  PlanInput in = input();
  EXPECT_EQ(make_plan(in).rootfs.upper, in.container_dir + "/upper");
  in.spec.in_memory = true;
  EXPECT_TRUE(make_plan(in).rootfs.in_memory);
  EXPECT_EQ(make_plan(in).rootfs.upper, "");
}

TEST(MakePlan, Networks) {
  PlanInput in = input();
  in.spec.ports = {{80, 8080, "", Protocol::tcp}, {53, 0, "", Protocol::udp}};
  in.spec.extra_hosts = {{"registry", "10.0.0.9"}};
  EXPECT_EQ(make_plan(in).network.network, "default");
  EXPECT_TRUE(make_plan(in).network.ports[1].udp);
  EXPECT_EQ(make_plan(in).hosts, "10.0.0.9\tregistry\n");
  in.spec.network = "none";
  EXPECT_EQ(make_plan(in).network.mode, ContainerNetwork::Mode::none);
}

}  // namespace
}  // namespace devenv::launch
