// The kernels played: each facility under the last kernel that lacks it, and under the first that has it.
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <string>

#include "kernel.h"
#include "runtime/base/process.h"

namespace devenv::deny {
namespace {

std::string under(const std::string& kernel, const std::string& operation) {
  const ProcessResult result = run_process({.argv = {DENY, kernel, TRIAL, operation},
                                            .deadline = Deadline::after(std::chrono::seconds(20))});
  if (result.exit_code == 0) return result.output;
  return "exit code " + std::to_string(result.exit_code) + result.errors;
}

Kernel this_kernel() {
  utsname name{};
  uname(&name);
  const std::string release = name.release;
  const std::size_t dot = release.find('.');
  return *parse_kernel(release.substr(0, release.find_first_not_of("0123456789", dot + 1)));
}

struct Case {
  std::string operation, last_without, refusal, first_with, success;
};
void PrintTo(const Case& tried, std::ostream* out) { *out << tried.operation << " of " << tried.first_with; }

class OldKernel : public testing::TestWithParam<Case> {};

TEST_P(OldKernel, RefusesAsItDoes) {
  EXPECT_EQ(under(GetParam().last_without, GetParam().operation), GetParam().refusal);
}

TEST_P(OldKernel, NoLongerThanItLacksIt) {
  if (this_kernel() < *parse_kernel(GetParam().first_with)) GTEST_SKIP() << "this kernel lacks it itself";
  EXPECT_EQ(under(GetParam().first_with, GetParam().operation), GetParam().success);
}

INSTANTIATE_TEST_SUITE_P(
    Facilities, OldKernel,
    testing::Values(
        Case{"mount_setattr", "5.11", "ENOSYS", "5.12", "0"},
        Case{"futex_waitv", "5.15", "ENOSYS", "5.16", "EINVAL"},
        Case{"cachestat", "6.4", "ENOSYS", "6.5", "EBADF"},
        Case{"fchmodat2", "6.5", "ENOSYS", "6.6", "ENOENT"},
        Case{"statmount", "6.7", "ENOSYS", "6.8", "EFAULT"},
        Case{"mseal", "6.9", "ENOSYS", "6.10", "EINVAL"},
        Case{"open_tree_attr", "6.14", "ENOSYS", "6.15", "ENOENT"},
        Case{"MFD_EXEC", "6.2", "EINVAL", "6.3", "0"},
        Case{"PR_SET_MDWE", "6.2", "EINVAL", "6.3", "0"},
        Case{"MOVE_MOUNT_BENEATH", "6.4", "EINVAL", "6.5", "ENOENT"},
        Case{"CMD_CREATE_EXCL", "6.5", "EOPNOTSUPP", "6.6", "0"},
        Case{"noswap", "6.3", "EINVAL", "6.4", "0"},
        Case{"O_TMPFILE on overlay", "6.0", "EOPNOTSUPP", "6.1", "0"},
        Case{"cgroup.kill", "5.13", "ENOENT", "5.14", "0"},
        Case{"cgroup.kill by access", "5.13", "ENOENT", "5.14", "0"},
        Case{"lowerdir+ option", "6.6", "EINVAL", "6.7", "0"},
        Case{"lowerdir+ mount", "6.6", "at the option: EINVAL", "6.7", "0"},
        Case{"overlay on a detached mount", "6.14", "EINVAL", "6.15", "0"},
        Case{"mount(2) on a detached mount", "6.14", "EINVAL", "6.15", "0"},
        Case{"clone of a detached mount", "6.14", "EINVAL", "6.15", "0"},
        Case{"mount onto a detached mount", "6.14", "EINVAL", "6.15", "0"}));

TEST(Deny, OverlayBefore65TakesEveryOptionAndRefusesTheMount) {
  for (const char* kernel : {"5.15", "6.1", "6.4"}) {
    EXPECT_EQ(under(kernel, "lowerdir+ option"), "0") << kernel;
    EXPECT_EQ(under(kernel, "nonsense option"), "0") << kernel;
    EXPECT_EQ(under(kernel, "lowerdir+ mount"), "EINVAL") << kernel;
    EXPECT_EQ(under(kernel, "lowerdir mount"), "0") << kernel;
  }
  EXPECT_EQ(under("6.5", "nonsense option"), "EINVAL");
}

TEST(Deny, WhatOldKernelsHaveIsLeftAlone) {
  for (const char* kernel : {"5.11", "6.1", "6.8", "6.12"})
    for (const char* operation : {"overlay on a mount", "mount(2) on a mount", "clone of a mount",
                                  "mount onto a mount", "cgroup.procs"})
      EXPECT_EQ(under(kernel, operation), "0") << operation << " under " << kernel;
}

TEST(Deny, LongerStructsAreTakenWhenTheRestIsZero) {
  EXPECT_EQ(under("5.15", "bpf_attr with zeros"), "EFAULT");
  EXPECT_EQ(under("5.15", "bpf_attr with a rest"), "E2BIG");
  EXPECT_EQ(under("5.17", "bpf_attr with a rest"), "EINVAL");
}

TEST(Deny, PassesOnHowTheCommandEnds) {
  const auto run = [](const std::string& script) {
    return run_process({.argv = {DENY, "6.1", "/bin/sh", "-c", script},
                        .deadline = Deadline::after(std::chrono::seconds(20))});
  };
  EXPECT_EQ(run("exit 7").exit_code, 7);
  EXPECT_EQ(run("kill -TERM $$").exit_code, 128 + 15);
  EXPECT_EQ(run("echo $(sh -c 'cat /dev/null; echo below')").output, "below\n");
}

TEST(Deny, KernelsAreTwoNumbers) {
  EXPECT_EQ(parse_kernel("6.1"), (Kernel{6, 1}));
  EXPECT_LT(*parse_kernel("6.8"), *parse_kernel("6.12"));
  for (const char* text : {"", "6", "6.", ".1", "6.1.3", "six", "openat2"})
    EXPECT_FALSE(parse_kernel(text)) << text;
}

}  // namespace
}  // namespace devenv::deny
