// The comparison notices each kind of thing that could be left behind.
#include "tests/storm/machine.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>

#include "runtime/base/unique_fd.h"
#include "runtime/kernel/cgroup.h"
#include "runtime/net/netlink.h"
#include "runtime/net/nft.h"
#include "runtime/store/store.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {
namespace {

struct Leak {
  const char* kind;
  std::function<void()> make, undo;
};

/// An orphan that runs `body`, then sleeps. Undone by undo_orphan().
pid_t orphan;
void make_orphan(const std::function<void()>& body) {
  int report[2];
  ASSERT_EQ(pipe(report), 0);
  const UniqueFd read_end(report[0]), write_end(report[1]);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t child = fork();
    if (child > 0) _exit(0);
    body();
    const pid_t self = getpid();
    (void)!write(report[1], &self, sizeof self);
    close(report[0]);
    close(report[1]);
    for (;;) pause();
  }
  waitpid(parent, nullptr, 0);
  ASSERT_EQ(read(read_end.get(), &orphan, sizeof orphan), static_cast<ssize_t>(sizeof orphan));
}
void undo_orphan() {
  kill(orphan, SIGKILL);
  waitpid(orphan, nullptr, 0);
}

void bridge(unsigned long request) {
  const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(ioctl(socket_fd.get(), request, "leak0"), 0);
}

void nft_batch(const std::string& batch) { net::NftSocket().apply(batch, "leak"); }

std::string scratch() { return store::Store::default_root() + "/sessions/0123456789abcdef"; }
std::string temporary() { return store::Store::default_root() + "/tmp/leak"; }

const std::vector<Leak>& leaks() {
  static std::unique_ptr<kernel::Cgroup> group;
  static const std::vector<Leak> all{
      {"process", [] { make_orphan([] {}); }, undo_orphan},
      {"network namespace", [] { make_orphan([] { unshare(CLONE_NEWNET); }); }, undo_orphan},
      {"listening port", [] { make_orphan([] { listen(socket(AF_INET, SOCK_STREAM, 0), 1); }); }, undo_orphan},
      {"cgroup",
       [] { group = std::make_unique<kernel::Cgroup>(kernel::detect_cgroups(), "leak/x", kernel::CgroupLimits{}); },
       [] { group.reset(); }},
      {"mount", [] { EXPECT_EQ(mount("leak", "/mnt", "tmpfs", 0, nullptr), 0); }, [] { umount("/mnt"); }},
      {"link", [] { bridge(SIOCBRADDBR); }, [] { bridge(SIOCBRDELBR); }},
      {"nft table", [] { nft_batch(net::network_rules_batch({.bridge = "leak0", .subnet = {7}})); },
       [] { nft_batch(net::remove_rules_batch("leak0")); }},
      {"file outside the store", [] { TempDir().write("x", ""); std::filesystem::create_directory("/run/leak"); },
       [] { std::filesystem::remove("/run/leak"); }},
      {"file", [] { std::filesystem::create_directories(scratch()); },
       [] { std::filesystem::remove_all(store::Store::default_root() + "/sessions"); }},
      {"file", [] { std::filesystem::create_directories(temporary()); },
       [] { std::filesystem::remove_all(store::Store::default_root() + "/tmp"); }},
  };
  return all;
}

/// A store of the test's own: in the common one, others would sweep what is left there.
class Machine : public testing::Test {
 protected:
  Machine() : common_(store::Store::default_root()) { setenv("DEVENV_STORE", own_.path().c_str(), 1); }
  ~Machine() override { setenv("DEVENV_STORE", common_.c_str(), 1); }

 private:
  const TempDir own_;
  const std::string common_;
};

TEST_F(Machine, EveryKindOfLeakIsNoticed) {
  for (const Leak& leak : leaks()) {
    SCOPED_TRACE(leak.kind);
    const HostState before = machine_state();
    leak.make();
    const std::string found = difference(before, machine_state());
    EXPECT_NE(found.find(std::string("+ ") + leak.kind + " "), std::string::npos) << found;
    leak.undo();
    expect_machine(before);
  }
}

}  // namespace
}  // namespace devenv::test
