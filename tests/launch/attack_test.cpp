// What a hostile image or a hostile process inside must not achieve, end to end.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "launch_fixture.h"
#include "runtime/base/files.h"
#include "runtime/base/sha256.h"

namespace devenv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Attack : public LaunchTest {
 protected:
  /// Why it was not started.
  std::string refusal(const launch::SandboxPlan& wanted) {
    try {
      holder().start(wanted);
      return "it was started";
    } catch (const Error& error) {
      return error.what();
    }
  }
};

TEST_F(Attack, DeviceNodesOfTheHostCannotBeOpened) {
  struct stat disk;
  std::string made = "mknod /tmp/null c 1 3 && echo x > /tmp/null && echo null; ";
  ASSERT_EQ(stat("/", &disk), 0);
  made += "mknod /tmp/disk b " + std::to_string(major(disk.st_dev)) + " " +
          std::to_string(minor(disk.st_dev)) +
          "; dd if=/tmp/disk of=/dev/null count=1 2>/dev/null && echo read; mknod /tmp/mem c 1 1; dd "
          "if=/tmp/mem of=/dev/null count=1 2>/dev/null && echo mem; echo end";
  std::filesystem::create_symlink("busybox", root_ + "/bin/mknod");
  EXPECT_EQ(run_shell(made).out, "null\nend\n");
}

// CVE-2024-21626, CVE-2016-9962
TEST_F(Attack, WorkdirThroughADescriptorIsRefused) {
  for (int fd = 3; fd < 16; ++fd) {
    auto wanted = shell("pwd; ls ../../../../../../..");
    wanted.process.cwd = "/proc/self/fd/" + std::to_string(fd);
    EXPECT_THAT(refusal(wanted), HasSubstr("enter the working directory " + wanted.process.cwd + ": "));
  }
  EXPECT_TRUE(holder().list().empty());
}

// CVE-2019-16884 and kin
TEST_F(Attack, ProcAsASymlinkIsRefused) {
  std::filesystem::create_symlink("/tmp", root_ + "/proc");
  EXPECT_THAT(refusal(plan({"true"})), HasSubstr("mount /proc: too many levels of symbolic links"));
}

TEST_F(Attack, DevAsASymlinkIsRefused) {
  std::filesystem::create_directory(root_ + "/elsewhere");
  std::filesystem::create_symlink("/elsewhere", root_ + "/dev");
  EXPECT_THAT(refusal(plan({"true"})), HasSubstr("mount /dev: too many levels of symbolic links"));
}

TEST_F(Attack, EtcFilesAsSymlinksStayInside) {
  const std::string outside = dir_.write("outside", "untouched");
  std::filesystem::create_symlink("../../../../.." + outside, root_ + "/etc/hosts");
  std::filesystem::create_symlink(outside, root_ + "/etc/hostname");
  const Ran ran = run_shell(
      "echo evil >> /etc/hosts; echo evil > /etc/hostname; grep -c evil /etc/hosts; cat /etc/hostname");
  EXPECT_EQ(ran.out, "1\nevil\n") << "into files of its own";
  EXPECT_EQ(slurp(outside), "untouched");
}

// CVE-2019-5736
TEST_F(Attack, OurExecutableIsOutOfReach) {
  const std::string helper = launch::locate_helper(), before = sha256_hex(read_file(helper));
  const Ran ran = run_shell(
      "cat /proc/1/exe > /dev/null && echo readable; echo x > /proc/1/exe && echo writable; "
      "for fd in /proc/1/fd/*; do cat $fd && echo opened $fd; done; cat /proc/1/environ");
  EXPECT_EQ(ran.out, "");
  for (const char* file : {"/proc/1/exe", "/proc/1/environ"})
    EXPECT_THAT(ran.err, HasSubstr(std::string("can't open '") + file + "': Permission denied"));
  EXPECT_THAT(ran.err, HasSubstr("can't create /proc/1/exe: Permission denied"));
  EXPECT_EQ(sha256_hex(read_file(helper)), before);
}

TEST_F(Attack, HostEnvironmentDoesNotLeak) {
  setenv("DEVENV_TEST_SECRET", "hunter2", 1);
  const auto own = launch::Holder::spawn_session(options_);
  auto wanted = plan(*own, {"sh", "-c", "env; cat /proc/1/environ; cat /proc/self/environ"});
  own->start(wanted);
  EXPECT_THAT(output(*own, wanted), AllOf(HasSubstr("PATH=/bin\n"), Not(HasSubstr("hunter2"))));
  unsetenv("DEVENV_TEST_SECRET");
}

TEST_F(Attack, InitOfTheContainerCannotBeKilledFromInside) {
  const Ran ran = run_shell("kill -9 1; kill -TERM 1; kill -STOP 1; echo alive");
  EXPECT_EQ(ran.out, "alive\n");
  EXPECT_EQ(ran.exit.code, 0);
}

TEST_F(Attack, NothingOfTheHostIsMounted) {
  const Ran ran = run_shell("cat /proc/self/mountinfo");
  EXPECT_THAT(ran.out, AllOf(HasSubstr(" / / "), HasSubstr(" /proc "), Not(HasSubstr("/var/lib"))));
  EXPECT_THAT(ran.out, Not(HasSubstr(dir_.path()))) << "where the layers are";
}

TEST_F(Attack, KernelKnobsAreReadOnly) {
  const Ran ran = run_shell(
      "for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/drop_caches "
      "/sys/kernel/uevent_helper; do "
      "echo x > $f && echo wrote $f; done; cat /proc/kcore /proc/keys /proc/timer_list; ls /sys/firmware");
  EXPECT_EQ(ran.out, "");
  for (const std::string file :
       {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches"})
    if (std::filesystem::exists(file)) {  // not every kernel has all of them
      EXPECT_THAT(ran.err, HasSubstr("can't create " + file + ": Read-only file system"));
    }
}

}  // namespace
}  // namespace devenv::test
