#include "runtime/kernel/cgroup.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <fstream>

#include "devenv/error.h"
#include "runtime/kernel/cgroup_files.h"
#include "runtime/kernel/namespaces.h"
#include "runtime/kernel/systemd_unit.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thrown.h"

namespace devenv::kernel {
namespace {

using namespace std::string_literals;
using std::chrono::seconds;
using test::TempDir;

/// A machine's cgroup file systems as plain files.
struct FakeMachine {
  TempDir dir;

  void describe(const std::string& mountinfo, const std::string& own) {
    dir.write("proc/self/mountinfo", mountinfo);
    dir.write("proc/self/cgroup", own);
  }
  CgroupLayout layout() const { return detect_cgroups(dir.path()); }
};

constexpr const char* kV2 =
    "35 31 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(CgroupLayout, V2Alone) {
  FakeMachine machine;
  machine.describe(kV2, "0::/user.slice/session-1.scope\n");
  machine.dir.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  const CgroupLayout layout = machine.layout();
  EXPECT_EQ(layout.mode, CgroupMode::v2);
  EXPECT_EQ(layout.v2, machine.dir / "sys/fs/cgroup");
  EXPECT_EQ(layout.v2_controllers, (std::vector<std::string>{"cpuset", "cpu", "io", "memory", "pids"}));
  EXPECT_TRUE(cgroup_hierarchies(layout).empty());
}

/// A unit of systemd's: its group, delegated as systemd notes it.
struct FakeUnit : FakeMachine {
  explicit FakeUnit(const std::string& group, const std::string& below = "")
      : directory("sys/fs/cgroup" + group) {
    describe(kV2, "0::" + group + below + "\n");
    dir.write("sys/fs/cgroup/cgroup.controllers", "cpu io memory pids\n");
    dir.write(directory + "/cgroup.controllers", "memory pids\n");
    dir.write(directory + "/memory.max", "1048576\n");
  }
  void delegate() { ASSERT_EQ(setxattr((dir / directory).c_str(), "trusted.delegate", "1", 1, 0), 0); }
  std::string directory;
};

TEST(CgroupLayout, AUnitThatDelegatesItsGroupHasOursBelowIt) {
  FakeUnit machine("/system.slice/ci.service", "/main");
  EXPECT_EQ(machine.layout().v2, machine.dir / "sys/fs/cgroup");
  machine.delegate();
  const CgroupLayout layout = machine.layout();
  EXPECT_EQ(layout.v2, machine.dir / machine.directory);
  EXPECT_EQ(layout.own, machine.dir / machine.directory + "/main");
  EXPECT_EQ(layout.v2_controllers, (std::vector<std::string>{"memory", "pids"}));
  EXPECT_EQ(limit_left_behind(layout), "");
}

TEST(CgroupLayout, AUnitThatDoesNotIsToldThatItsLimitStaysBehind) {
  FakeUnit machine("/system.slice/ci.service");
  EXPECT_EQ(
      limit_left_behind(machine.layout()),
      "the memory limit of ci.service does not hold for its containers, whose groups may not be made there; "
      "set Delegate=yes in the unit");
  machine.dir.write(machine.directory + "/memory.max", "max\n");
  EXPECT_EQ(limit_left_behind(machine.layout()), "");
}

// What is delegated to a user's own systemd is not for others to make groups in.
TEST(CgroupLayout, AUsersManagerKeepsItsGroup) {
  FakeUnit machine("/user.slice/user-1000.slice/user@1000.service", "/app.slice/terminal.scope");
  machine.delegate();
  EXPECT_EQ(machine.layout().v2, machine.dir / "sys/fs/cgroup");
}

TEST(SystemdUnit, IsTheInnermost) {
  FakeMachine machine;
  machine.describe(kV2, "0::/user.slice/user-0.slice/user@0.service/app.slice/db.service/payload\n");
  EXPECT_EQ(own_unit(machine.dir.path()).name, "db.service");
  EXPECT_EQ(own_unit(machine.dir.path()).group,
            "/user.slice/user-0.slice/user@0.service/app.slice/db.service");
  machine.describe(kV2, "1:name=systemd:/system.slice/old.service\n0::/\n");
  EXPECT_EQ(own_unit(machine.dir.path()).name, "old.service");
  for (const char* none : {"0::/\n", "0::/../../ci\n", "0::/docker/0123\n", ""}) {
    machine.describe(kV2, none);
    EXPECT_EQ(own_unit(machine.dir.path()).name, "") << none;
  }
}

TEST(CgroupLayout, HybridAndBlanksInMountPoints) {
  FakeMachine machine;
  machine.describe(
      "32 31 0:29 / /sys/fs/cg\\040roup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /sys/fs/cg\\040roup/memory rw - cgroup cgroup rw,memory\n"
      "40 31 0:37 / /sys/fs/cg\\040roup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
      "41 31 0:38 / /sys/fs/cg\\040roup/unified rw - cgroup2 cgroup2 rw\n",
      "0::/\n");
  for (const char* name : {"cpu,cpuacct", "memory", "systemd", "unified"})
    machine.dir.make_dir("sys/fs/cg roup/" + std::string(name));
  const CgroupLayout layout = machine.layout();
  EXPECT_EQ(layout.mode, CgroupMode::hybrid);
  EXPECT_EQ(layout.v1.at("cpu"), machine.dir / "sys/fs/cg roup/cpu,cpuacct");
  EXPECT_EQ(layout.v1.at("cpu"), layout.v1.at("cpuacct"));
  EXPECT_EQ(cgroup_hierarchies(layout),
            (std::vector<std::string>{"cpu,cpuacct", "memory", "name=systemd", "unified"}));
}

TEST(CgroupLayout, ReadOnlyMountIsNotUsedAndSaysSo) {
  FakeMachine machine;
  machine.describe("35 31 0:30 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup2 rw\n", "0::/\n");
  machine.dir.make_dir("sys/fs/cgroup");
  EXPECT_EQ(machine.layout().mode, CgroupMode::none);
  EXPECT_EQ(machine.layout().reason, "/sys/fs/cgroup is mounted read-only");
}

// ProtectControlGroups= of systemd 257.
TEST(CgroupLayout, AControlFileMountedByItselfIsNoPlaceForGroups) {
  FakeMachine machine;
  machine.describe(
      "35 31 0:30 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup2 rw\n"
      "36 35 0:30 /ci.service/memory.pressure /sys/fs/cgroup/ci.service/memory.pressure rw - cgroup2 cgroup2 "
      "rw\n",
      "0::/ci.service\n");
  machine.dir.make_dir("sys/fs/cgroup/ci.service");
  machine.dir.write("sys/fs/cgroup/ci.service/memory.pressure", "");
  EXPECT_EQ(machine.layout().mode, CgroupMode::none);
  EXPECT_EQ(machine.layout().reason, "/sys/fs/cgroup is mounted read-only");
}

TEST(CgroupLayout, NothingMounted) {
  FakeMachine machine;
  machine.describe("22 27 0:21 / /proc rw - proc proc rw\n", "");
  EXPECT_EQ(machine.layout().mode, CgroupMode::none);
  EXPECT_FALSE(machine.layout().reason.empty());
  EXPECT_TRUE(Cgroup::paths(machine.layout(), "s/c", {.memory_bytes = 1}).empty());
}

TEST(Cgroup, V2LimitsAndTheirFiles) {
  FakeMachine machine;
  machine.describe(kV2, "0::/\n");
  machine.dir.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  machine.dir.write("sys/fs/cgroup/cgroup.subtree_control", "");
  const std::string group = "sys/fs/cgroup/devenv/session/container/";
  for (const char* file : {"memory.max", "memory.swap.max", "cpu.max"})
    machine.dir.write(group + file, "max");
  machine.dir.write(group + "memory.events", "low 0\noom 1\noom_kill 0\n");
  machine.dir.write(group + "cpu.stat", "usage_usec 1234\nuser_usec 1000\n");
  machine.dir.write(group + "memory.current", "4096\n");
  const CgroupLimits limits{.memory_bytes = 64u << 20, .cpus = 1.5, .pids = 100};
  Cgroup cgroup(machine.layout(), "session/container", limits);
  EXPECT_EQ(test::slurp(machine.dir / (group + "memory.max")), "67108864");
  EXPECT_EQ(test::slurp(machine.dir / (group + "cpu.max")), "150000 100000");
  ASSERT_EQ(cgroup.unmet_limits().size(), 1u);
  EXPECT_EQ(cgroup.unmet_limits()[0],
            "limit of 100 processes is not enforced: this machine offers no pids controller");
  EXPECT_FALSE(cgroup.oom_killed());
  machine.dir.write(group + "memory.events", "low 0\noom 1\noom_kill 2\n");
  EXPECT_TRUE(cgroup.oom_killed());
  EXPECT_EQ(cgroup.usage().cpu_us, 1234u);
  EXPECT_EQ(cgroup.usage().memory_bytes, 4096u);
}

TEST(Cgroup, V1UsesOnlyWhatLimitsNeed) {
  FakeMachine machine;
  std::string mountinfo;
  for (const std::string name : {"memory", "cpu", "pids", "freezer"}) {
    mountinfo += "30 31 0:1 / /cg/" + name + " rw - cgroup cgroup rw," + name + "\n";
    machine.dir.make_dir("cg/" + name);
  }
  machine.describe(mountinfo, "1:memory:/\n");
  const CgroupLayout layout = machine.layout();
  EXPECT_EQ(layout.mode, CgroupMode::v1);
  EXPECT_EQ(Cgroup::paths(layout, "s/c", {}),
            (std::vector<std::string>{machine.dir / "cg/freezer/devenv/s/c"}));
  EXPECT_EQ(
      Cgroup::paths(layout, "s/c", {.memory_bytes = 1, .pids = 1}),
      (std::vector<std::string>{machine.dir / "cg/freezer/devenv/s/c", machine.dir / "cg/memory/devenv/s/c",
                                machine.dir / "cg/pids/devenv/s/c"}));
  machine.dir.write("cg/memory/devenv/s/c/memory.limit_in_bytes", "-1");
  Cgroup cgroup(layout, "s/c", {.memory_bytes = 1 << 20});
  EXPECT_EQ(test::slurp(machine.dir / "cg/memory/devenv/s/c/memory.limit_in_bytes"), "1048576");
  EXPECT_TRUE(cgroup.unmet_limits().empty());
}

TEST(Cgroup, ForeignPathsAreNotDestroyed) {
  TempDir dir;
  for (const std::string& path : {dir.make_dir("system.slice"), "/sys/fs/cgroup/devenv/../system.slice"s})
    EXPECT_EQ(test::thrown([&] { destroy_cgroup(path, Deadline::never()); }),
              "remove cgroup " + path + ": not one of ours");
  EXPECT_TRUE(std::filesystem::exists(dir / "system.slice"));
}

// --- On this machine ---

std::string unique_name(const char* container) {
  return "test-" + std::to_string(getpid()) + "/" + container;
}

/// A process in the group, and its child; both wait for ever.
pid_t start_two_in(Cgroup& cgroup) {
  int go[2];
  if (pipe(go) != 0) return -1;
  const CloneResult child = clone_process({.cgroup_fd = cgroup.v2_fd()});
  if (child.pid == 0) {
    char byte;
    if (read(go[0], &byte, 1) == 1 && fork() >= 0)
      for (;;) pause();
    _exit(1);
  }
  close(child.pidfd);
  cgroup.attach(child.pid, child.in_cgroup);
  const bool told = write(go[1], "x", 1) == 1;
  close(go[0]);
  close(go[1]);
  while (processes_in(cgroup.directories().at(0)).size() < 2) sched_yield();
  return told ? child.pid : -1;
}

TEST(Cgroup, DestroyKillsGrandchildren) {
  const CgroupLayout layout = detect_cgroups();
  ASSERT_NE(layout.mode, CgroupMode::none) << layout.reason;
  Cgroup cgroup(layout, unique_name("kills"), {});
  const std::vector<std::string> directories = cgroup.directories();
  EXPECT_EQ(directories, Cgroup::paths(layout, unique_name("kills"), {}));
  const pid_t child = start_two_in(cgroup);
  ASSERT_GT(child, 0);
  EXPECT_FALSE(cgroup.empty());
  // A group that something inside made.
  make_group(directories[0], "nested/deeper");
  write_control(directories[0] + "/nested/deeper", "cgroup.procs",
                std::to_string(processes_in(directories[0])[1]));
  cgroup.destroy(Deadline::after(seconds(5)));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  for (const std::string& directory : directories) EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(directories[0]).parent_path()));
  cgroup.destroy(Deadline::after(seconds(5)));
}

TEST(Cgroup, FrozenProcessesOfV1AreThawedAndDie) {
  CgroupLayout layout = detect_cgroups();
  if (!layout.v1.contains("freezer")) return;  // nothing on this machine can freeze that way
  layout.mode = CgroupMode::v1;
  layout.v2.clear();
  layout.v2_controllers.clear();
  Cgroup cgroup(layout, unique_name("frozen"), {});
  const pid_t child = start_two_in(cgroup);
  const std::string directory = cgroup.directories().at(0);
  ASSERT_EQ(write_control(directory, "freezer.state", "FROZEN"), 0);
  while (read_control(directory, "freezer.state") != "FROZEN\n") sched_yield();
  cgroup.destroy(Deadline::after(seconds(5)));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(Cgroup, DestroyByPathIsIdempotent) {
  const CgroupLayout layout = detect_cgroups();
  ASSERT_NE(layout.mode, CgroupMode::none) << layout.reason;
  const std::string path = Cgroup::paths(layout, unique_name("swept"), {}).at(0);
  Cgroup cgroup(layout, unique_name("swept"), {});
  const pid_t child = start_two_in(cgroup);
  destroy_cgroup(path, Deadline::after(seconds(5)));
  destroy_cgroup(path, Deadline::after(seconds(5)));
  EXPECT_FALSE(std::filesystem::exists(path));
  waitpid(child, nullptr, 0);
}

TEST(Cgroup, MemoryLimitKillsAndIsNoticed) {
  const CgroupLayout layout = detect_cgroups();
  Cgroup cgroup(layout, unique_name("oom"), {.memory_bytes = 32u << 20});
  ASSERT_TRUE(cgroup.unmet_limits().empty()) << cgroup.unmet_limits()[0];
  EXPECT_FALSE(cgroup.oom_killed());
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const CloneResult child = clone_process({.cgroup_fd = cgroup.v2_fd()});
  if (child.pid == 0) {
    char byte;
    if (read(go[0], &byte, 1) != 1) _exit(1);
    for (std::size_t size = 256u << 20, at = 0; at < size; at += 1u << 20) {
      char* memory = static_cast<char*>(malloc(1u << 20));
      for (std::size_t i = 0; i < 1u << 20; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
    }
    _exit(0);
  }
  close(child.pidfd);
  cgroup.attach(child.pid, child.in_cgroup);
  ASSERT_EQ(write(go[1], "x", 1), 1);
  int status = 0;
  waitpid(child.pid, &status, 0);
  close(go[0]);
  close(go[1]);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(cgroup.oom_killed());
  EXPECT_GT(cgroup.usage().memory_peak_bytes, 16u << 20);
  cgroup.destroy(Deadline::after(seconds(5)));
}

TEST(Cgroup, PidsLimitStopsForks) {
  const CgroupLayout layout = detect_cgroups();
  Cgroup cgroup(layout, unique_name("pids"), {.pids = 3});
  ASSERT_TRUE(cgroup.unmet_limits().empty()) << cgroup.unmet_limits()[0];
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const CloneResult child = clone_process({.cgroup_fd = cgroup.v2_fd()});
  if (child.pid == 0) {
    char byte;
    if (read(go[0], &byte, 1) != 1) _exit(100);
    int made = 0;
    for (int i = 0; i < 10; ++i) {
      const pid_t pid = fork();
      if (pid == 0)
        for (;;) pause();
      made += pid > 0;
    }
    _exit(made);
  }
  close(child.pidfd);
  cgroup.attach(child.pid, child.in_cgroup);
  ASSERT_EQ(write(go[1], "x", 1), 1);
  int status = 0;
  waitpid(child.pid, &status, 0);
  close(go[0]);
  close(go[1]);
  EXPECT_EQ(WEXITSTATUS(status), 2);
  cgroup.destroy(Deadline::after(seconds(5)));
}

TEST(Cgroup, DestroyOfAMissingGroupIsFine) {
  const CgroupLayout layout = detect_cgroups();
  const std::string base = layout.v2.empty() ? layout.v1.begin()->second : layout.v2;
  EXPECT_NO_THROW(destroy_cgroup(base + "/devenv/" + unique_name("missing"), Deadline::after(seconds(0))));
}

}  // namespace
}  // namespace devenv::kernel
