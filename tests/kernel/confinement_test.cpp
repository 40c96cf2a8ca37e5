// Credentials, capabilities, seccomp, keyring, descriptors and limits: looked at from inside by the probe.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <nlohmann/json.hpp>

#include "devenv/error.h"
#include "runtime/kernel/capabilities.h"
#include "runtime/kernel/credentials.h"
#include "runtime/kernel/process_setup.h"
#include "runtime/kernel/seccomp.h"
#include "runtime/kernel/seccomp_install.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace devenv::kernel {
namespace {

using Json = nlohmann::json;
using test::in_child;
using test::TempDir;

/// Executes the probe as a container's process would be: same steps, same order, and gives its report.
Json probe_as(const Credentials& credentials, std::uint64_t capabilities, const std::string& filter) {
  const auto result = in_child(kContainerNamespaces | CLONE_NEWNET, [&] {
    int error = drop_bounding(capabilities);
    if (error == 0) error = clear_ambient();
    if (error == 0) error = new_session_keyring();
    if (error == 0 && !filter.empty()) error = install_seccomp(filter.data(), filter.size());
    if (error == 0) error = set_capabilities(capabilities | kInitCapabilities);
    if (error == 0) error = become(credentials, capabilities);
    if (error == 0) error = close_descriptors_from(3);
    if (error != 0) return -error;
    execl(DEVENV_PROBE, DEVENV_PROBE, nullptr);
    return errno;
  });
  EXPECT_EQ(result.exit_code(), 0) << result.output;
  return Json::parse(result.output, nullptr, false);
}

TEST(Confinement, RootHasExactlyTheDefaultCapabilities) {
  const std::uint64_t mask = container_capabilities({}, {}, false);
  const Json seen = probe_as({}, mask, compile_seccomp(mask));
  char hex[17];
  snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(mask));
  EXPECT_EQ(mask, default_capabilities());
  EXPECT_EQ(std::string(hex), "00000000a80425fb");  // docker's
  EXPECT_EQ(seen["status"]["CapBnd"], hex);
  EXPECT_EQ(seen["status"]["CapEff"], hex);
  EXPECT_EQ(seen["status"]["CapPrm"], hex);
  EXPECT_EQ(seen["status"]["CapInh"], "0000000000000000");
  EXPECT_EQ(seen["status"]["CapAmb"], "0000000000000000");
  EXPECT_EQ(seen["status"]["Seccomp"], 2);
  EXPECT_EQ(seen["status"]["NoNewPrivs"], 0);
  EXPECT_EQ(seen["groups"], Json::array());
  EXPECT_EQ(seen["descriptors"].size(), 3u) << seen["descriptors"];
}

TEST(Confinement, OtherUsersHaveNoCapabilitiesAndExactGroups) {
  const std::uint64_t mask = container_capabilities({}, {}, false);
  const gid_t groups[] = {1000, 27};
  const Json seen = probe_as({1000, 1000, groups, 2}, mask, compile_seccomp(mask));
  EXPECT_EQ(seen["uid"], 1000);
  EXPECT_EQ(seen["egid"], 1000);
  EXPECT_EQ(seen["status"]["CapEff"], "0000000000000000");
  EXPECT_EQ(seen["status"]["CapPrm"], "0000000000000000");
  EXPECT_EQ(seen["status"]["CapInh"], "0000000000000000");
  EXPECT_EQ(seen["groups"], Json({27, 1000}));
}

TEST(Confinement, UserWithoutAnyCapabilityCanStillBeTaken) {
  const gid_t groups[] = {5};
  const Json seen = probe_as({7, 5, groups, 1}, container_capabilities({}, {"ALL"}, false), "");
  EXPECT_EQ(seen["uid"], 7);
  EXPECT_EQ(seen["status"]["CapBnd"], "0000000000000000");
}

TEST(Confinement, DangerousCallsAreRefused) {
  const std::uint64_t mask = default_capabilities();
  const Json calls = probe_as({}, mask, compile_seccomp(mask))["calls"];
  for (const char* name : {"unshare_user",
                           "unshare_mount",
                           "clone_newuser",
                           "setns",
                           "mount",
                           "umount2",
                           "fsopen",
                           "open_tree",
                           "pivot_root",
                           "bpf",
                           "perf_event_open",
                           "userfaultfd",
                           "io_uring_setup",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "kexec_load",
                           "init_module",
                           "finit_module",
                           "delete_module",
                           "reboot",
                           "swapon",
                           "swapoff",
                           "acct",
                           "settimeofday",
                           "open_by_handle_at",
                           "sethostname",
                           "quotactl",
                           "personality_no_randomize",
                           "socket_vsock",
                           "socket_alg"})
    EXPECT_EQ(calls[name], "EPERM") << name;
  EXPECT_EQ(calls["clone3"], "ENOSYS");
  for (const char* name : {"clone_plain", "socket_inet", "socket_raw", "chroot", "ptrace", "openat2"})
    EXPECT_EQ(calls[name], "ok") << name;
}

TEST(Confinement, FilterFollowsTheCapabilities) {
  const std::uint64_t mask = container_capabilities({"SYS_ADMIN"}, {"SYS_CHROOT"}, false);
  const Json calls = probe_as({}, mask, compile_seccomp(mask))["calls"];
  EXPECT_EQ(calls["mount"], "ENODEV");
  EXPECT_EQ(calls["unshare_mount"], "ok");
  EXPECT_EQ(calls["chroot"], "EPERM");
  EXPECT_EQ(calls["init_module"], "EPERM");
  EXPECT_EQ(calls["keyctl"], "EPERM");
}

TEST(Confinement, SessionKeyringIsEmpty) {
  const auto result = in_child(0, [] {
    if (syscall(SYS_add_key, "user", "secret", "x", 1, -3) < 0) return errno;  // into the session keyring
    if (const int error = new_session_keyring(); error < 0) return -error;
    execl(DEVENV_PROBE, DEVENV_PROBE, "see", nullptr);
    return errno;
  });
  ASSERT_EQ(result.exit_code(), 0) << result.output;
  EXPECT_EQ(Json::parse(result.output)["keyring"]["keys"], 0);
}

TEST(Confinement, DescriptorsAreClosedButTheKeptOnes) {
  const auto result = in_child(0, [] {
    for (int fd = 10; fd < 20; ++fd) dup2(0, fd);
    const int keep[] = {12, 15};
    if (close_descriptors_from(3, keep, 2) != 0) return 1;
    for (int fd = 3; fd < 100; ++fd)
      if ((fcntl(fd, F_GETFD) >= 0) != (fd == 12 || fd == 15)) return fd;
    if (cloexec_descriptors_from(3) != 0) return 2;
    return fcntl(12, F_GETFD) == FD_CLOEXEC ? 0 : 3;
  });
  EXPECT_EQ(result.exit_code(), 0);
}

TEST(Confinement, LimitsAreLoweredAndNeverFailForBeingHigh) {
  const auto result = in_child(0, [] {
    if (set_limit(RLIMIT_NOFILE, 100, 200) != 0) return 1;
    if (set_capabilities(0) != 0) return 2;
    if (set_limit(RLIMIT_NOFILE, 1000, 1000) != 0) return 3;
    rlimit now;
    getrlimit(RLIMIT_NOFILE, &now);
    return now.rlim_cur == 200 && now.rlim_max == 200 ? 0 : 4;
  });
  EXPECT_EQ(result.exit_code(), 0);
}

TEST(Confinement, OomScoreIsSet) {
  const auto result = in_child(0, [] {
    if (set_oom_score(500) != 0) return 1;
    return test::slurp("/proc/self/oom_score_adj") == "500\n" ? 0 : 2;
  });
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(set_oom_score(1001), -EINVAL);
}

TEST(Confinement, SignalsAreReset) {
  const auto result = in_child(0, [] {
    signal(SIGPIPE, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    if (reset_signals() != 0) return 1;
    struct sigaction now;
    sigaction(SIGPIPE, nullptr, &now);
    sigprocmask(SIG_BLOCK, nullptr, &all);
    return now.sa_handler == SIG_DFL && sigismember(&all, SIGTERM) == 0 ? 0 : 2;
  });
  EXPECT_EQ(result.exit_code(), 0);
}

// --- The sets ---

TEST(Capabilities, NamesInAnyForm) {
  EXPECT_EQ(parse_capability("NET_ADMIN"), unsigned{CAP_NET_ADMIN});
  EXPECT_EQ(parse_capability("cap_net_admin"), unsigned{CAP_NET_ADMIN});
  EXPECT_EQ(capability_name(CAP_NET_ADMIN), "CAP_NET_ADMIN");
  for (const char* wrong : {"", "12", "cap_", "NET_ADMINS", "ALL"})
    EXPECT_THROW(parse_capability(wrong), Error) << wrong;
  try {
    parse_capability("NET_ADMN");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "use capability \"NET_ADMN\": no such capability; did you mean NET_ADMIN?");
  }
}

TEST(Capabilities, DockersRulesForAddAndDrop) {
  const auto bit = [](unsigned n) { return std::uint64_t{1} << n; };
  EXPECT_EQ(container_capabilities({"NET_ADMIN"}, {"MKNOD"}, false),
            (default_capabilities() | bit(CAP_NET_ADMIN)) & ~bit(CAP_MKNOD));
  EXPECT_EQ(container_capabilities({}, {"all"}, false), 0u);
  EXPECT_EQ(container_capabilities({"CHOWN"}, {"ALL"}, false), bit(CAP_CHOWN));
  EXPECT_EQ(container_capabilities({"ALL"}, {"SYS_ADMIN"}, false),
            available_capabilities() & ~bit(CAP_SYS_ADMIN));
  EXPECT_EQ(container_capabilities({}, {}, true), available_capabilities());
  EXPECT_THROW(container_capabilities({"NONSENSE"}, {}, false), Error);
  EXPECT_EQ(available_capabilities() & default_capabilities(), default_capabilities());
}

// --- The filter as such ---

/// What the filter says about a call: just enough of BPF for what libseccomp emits.
std::uint32_t verdict(const std::string& bpf, const seccomp_data& data) {
  const auto* code = reinterpret_cast<const sock_filter*>(bpf.data());
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < bpf.size() / sizeof(sock_filter); ++at) {
    const sock_filter& op = code[at];
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + op.k, sizeof accumulator);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= op.k;
        break;
      case BPF_JMP | BPF_JA:
        at += op.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += accumulator == op.k ? op.jt : op.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += accumulator >= op.k ? op.jt : op.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += accumulator > op.k ? op.jt : op.jf;
        break;
      case BPF_RET | BPF_K:
        return op.k;
      default:
        ADD_FAILURE() << "unknown BPF code " << op.code;
        return 0;
    }
  }
  return 0;
}

constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;

TEST(Seccomp, LetsThroughAboutWhatDockerDoes) {
  const std::string bpf = compile_seccomp(default_capabilities());
  int allowed = 0, refused = 0;
  for (int number = 0; number < 600; ++number) {
    const std::uint32_t said = verdict(bpf, {number, kArch, 0, {}});
    allowed += said == SECCOMP_RET_ALLOW;
    refused += said == (SECCOMP_RET_ERRNO | EPERM);
  }
  EXPECT_EQ(allowed + refused, 599);  // and clone3
  EXPECT_GT(allowed, 300);
  EXPECT_LT(allowed, 345);
  EXPECT_EQ(verdict(bpf, {SYS_clone3, kArch, 0, {}}), std::uint32_t{SECCOMP_RET_ERRNO | ENOSYS});
  EXPECT_EQ(verdict(bpf, {452, kArch, 0, {}}), SECCOMP_RET_ALLOW);  // fchmodat2: libc's fchmodat needs it
}

TEST(Seccomp, OtherArchitecturesAreRefused) {
  const std::string bpf = compile_seccomp(default_capabilities());
  EXPECT_EQ(verdict(bpf, {SYS_getpid, AUDIT_ARCH_I386, 0, {}}), std::uint32_t{SECCOMP_RET_ERRNO | EPERM});
  EXPECT_EQ(verdict(bpf, {0x40000000 + SYS_getpid, kArch, 0, {}}),
            std::uint32_t{SECCOMP_RET_ERRNO | EPERM});  // x32
}

TEST(Seccomp, ArgumentsAreLookedAt) {
  const std::string bpf = compile_seccomp(default_capabilities());
  const auto allows = [&](int number, std::uint64_t first) {
    return verdict(bpf, {number, kArch, 0, {first}}) == SECCOMP_RET_ALLOW;
  };
  EXPECT_TRUE(allows(SYS_clone, SIGCHLD));
  EXPECT_TRUE(allows(SYS_clone, 0x3d0f00));  // pthread_create
  for (const std::uint64_t flag :
       {CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP})
    EXPECT_FALSE(allows(SYS_clone, flag | SIGCHLD)) << flag;
  for (const std::uint64_t family : {1, 2, 10, 16, 17, 39, 41, 44})
    EXPECT_TRUE(allows(SYS_socket, family)) << family;
  EXPECT_FALSE(allows(SYS_socket, 38));
  EXPECT_FALSE(allows(SYS_socket, 40));
  EXPECT_TRUE(allows(SYS_personality, 0xffffffff));
  EXPECT_TRUE(allows(SYS_personality, 8));
  EXPECT_FALSE(allows(SYS_personality, 0x0040000));
}

TEST(Seccomp, CacheIsUsedAndMended) {
  TempDir dir;
  const std::string cache = dir / "seccomp";
  const std::string bpf = cached_seccomp(default_capabilities(), cache);
  EXPECT_EQ(bpf, compile_seccomp(default_capabilities()));
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::directory_iterator(cache)) file = entry.path();
  const auto written = std::filesystem::last_write_time(file);
  EXPECT_EQ(cached_seccomp(default_capabilities(), cache), bpf);
  EXPECT_EQ(std::filesystem::last_write_time(file), written);
  std::filesystem::resize_file(file, 16);
  EXPECT_EQ(cached_seccomp(default_capabilities(), cache), bpf);
  EXPECT_EQ(std::filesystem::file_size(file), bpf.size() + 8);
  EXPECT_NE(cached_seccomp(available_capabilities(), cache), bpf);
}

TEST(Seccomp, GarbageIsNotInstalled) {
  EXPECT_EQ(install_seccomp("", 0), -EINVAL);
  EXPECT_EQ(install_seccomp("123456789", 9), -EINVAL);
}

}  // namespace
}  // namespace devenv::kernel
