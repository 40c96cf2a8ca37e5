// The leak check notices what it is for.
#include "tests/support/leak_check.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <thread>

#include "runtime/kernel/cgroup.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {
namespace {

std::string leaks(const HostState& before) { return difference(before, snapshot()); }

TEST(LeakCheck, NothingChangedIsNothing) {
  const HostState before = snapshot();
  EXPECT_EQ(leaks_since(before, Deadline::after(std::chrono::seconds(5))), "");
}

TEST(LeakCheck, DescriptorAndPort) {
  const HostState before = snapshot();
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(listen(listener.get(), 1), 0);  // on a port the kernel picks
  const std::string found = leaks(before);
  EXPECT_NE(found.find("+ descriptor " + std::to_string(listener.get()) + " socket:"), std::string::npos)
      << found;
  EXPECT_NE(found.find("+ listening port tcp "), std::string::npos) << found;
}

TEST(LeakCheck, OrphanedProcess) {
  const HostState before = snapshot();
  int orphan_fds[2];
  ASSERT_EQ(pipe2(orphan_fds, O_CLOEXEC), 0);
  const ChildResult result = in_child(0, [&] {
    const pid_t orphan = fork();
    if (orphan == 0) {
      close(1);
      close(orphan_fds[1]);
      char byte;
      // The mark is read from the environment a program was started with.
      setenv("ORPHAN_PIPE", std::to_string(orphan_fds[0]).c_str(), 1);
      fcntl(orphan_fds[0], F_SETFD, 0);
      execl("/bin/sh", "sh", "-c", "eval \"exec cat <&$ORPHAN_PIPE >/dev/null\"", nullptr);
      return static_cast<int>(read(orphan_fds[0], &byte, 1));
    }
    return 0;
  });
  EXPECT_EQ(result.exit_code(), 0);
  std::string found;
  while (found.find("cat") == std::string::npos) found = leaks(before);
  EXPECT_NE(found.find("+ process "), std::string::npos) << found;
  close(orphan_fds[0]);
  close(orphan_fds[1]);
  EXPECT_EQ(leaks_since(before, Deadline::after(std::chrono::seconds(5))), "");
}

TEST(LeakCheck, NamespaceHeldByADescriptor) {
  const HostState before = snapshot();
  UniqueFd ns;
  std::thread([&] {
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
    ns = UniqueFd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  EXPECT_NE(leaks(before).find("+ network namespace net:["), std::string::npos);
}

TEST(LeakCheck, CgroupDirectory) {
  const HostState before = snapshot();
  kernel::Cgroup group(kernel::detect_cgroups(), "leak-" + std::to_string(getpid()) + "/x", {});
  EXPECT_NE(leaks(before).find("+ cgroup "), std::string::npos);
}

TEST(LeakCheck, DeadSession) {
  TempDir dir;
  setenv("DEVENV_RUNTIME_DIR", dir.path().c_str(), 1);
  const HostState before = snapshot();
  dir.write("sessions/abc/lock", "");
  EXPECT_EQ(leaks(before), "+ file " + dir.path() + "/sessions/abc\n");
  unsetenv("DEVENV_RUNTIME_DIR");
}

TEST(LeakCheck, LossesCountToo) {
  const HostState before{{"link", {"eth0", "lo"}}};
  const HostState after{{"link", {"lo"}}};
  EXPECT_EQ(difference(before, after), "- link eth0\n");
}

}  // namespace
}  // namespace devenv::test
