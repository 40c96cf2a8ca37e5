// A machine that refuses: no root, no capabilities, a seccomp filter, a store that cannot be written.
#include "mistakes.h"

namespace devenv::errors {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kSandboxed[] =
    "; devenv runs under a seccomp filter, which may refuse this; run it outside of that sandbox, or give "
    "its container "
    "--privileged or --security-opt seccomp=unconfined; `devenv info` tries each facility";

class Machine : public Mistakes {
 protected:
  /// `devenv` behind another program that takes it as its last arguments.
  static ProcessResult behind(std::vector<std::string> wrapper, const std::vector<std::string>& args,
                              std::vector<std::string> env = environment()) {
    wrapper.push_back(DEVENV_COMMAND);
    wrapper.insert(wrapper.end(), args.begin(), args.end());
    return run_process({.argv = std::move(wrapper),
                        .env = std::move(env),
                        .deadline = Deadline::after(std::chrono::seconds(60))});
  }

  static void expect_denied(const std::string& calls, const std::string& what,
                            const std::string& code = "EPERM") {
    const std::string reason = code == "EPERM" ? "operation not permitted" : "function not implemented";
    expect_answer(behind({DENY, calls, code}, {"run", "--rm", "--name", "it", "small", "true"}),
                  {{calls, code}, 125, what + ": " + reason + kSandboxed});
  }

  static std::vector<std::string> nobody() {
    return {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  }
};

TEST_F(Machine, WithoutRoot) {
  constexpr char hint[] =
      ": operation not permitted; devenv needs root for now: run it as root or through sudo";
  const auto expect_needs_root = [&](const std::vector<std::string>& args, int code,
                                     const std::string& action) {
    expect_answer(behind(nobody(), args), {args, code, action + hint});
  };
  expect_needs_root({"run", "--rm", "small", "true"}, 125, "use image small");
  expect_needs_root({"build", dir() + "/context"}, 1, "build " + dir() + "/context");
  expect_needs_root({"image", "bootstrap", "debian:trixie-slim"}, 1, "bootstrap debian:trixie-slim");
  expect_answer(behind(nobody(), {"ps"}),
                {{"ps"},
                 1,
                 "open store " + dir() +
                     "/store: permission denied; run devenv as root or through sudo, or set "
                     "DEVENV_STORE to a directory you can write"});
}

TEST_F(Machine, ARootWithoutItsPower) {
  expect_answer(
      behind({"/usr/bin/setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"},
             {"run", "--rm", "small", "true"}),
      {{"run"},
       125,
       "use image small: operation not permitted; this root has no CAP_SYS_ADMIN; give the container that "
       "devenv runs in --privileged"});
}

TEST_F(Machine, AFilterThatRefusesWhatContainersNeed) {
  expect_denied("unshare", "start the devenv holder: create the holder's namespaces");
  expect_denied("mount", "start the devenv holder: make the holder's mounts its own");
  expect_denied("memfd_create", "start the devenv holder: create a memfd");
  expect_denied("fsopen", "start container it: mount the root file system");
  expect_denied("pivot_root", "start container it: enter the root file system");
  expect_denied("seccomp", "start container it: install the seccomp filter");
  expect_denied("keyctl", "start container it: make a session keyring");
  expect_denied("openat2", "start container it: mount /proc", "ENOSYS");
  const auto no_clone = behind({DENY, "clone,clone3", "EPERM"}, {"run", "--rm", "small", "true"});
  EXPECT_THAT(no_clone.errors, StartsWith("devenv: execute the devenv helper "));
  EXPECT_THAT(no_clone.errors, HasSubstr(std::string(": operation not permitted") + kSandboxed));
}

TEST_F(Machine, AFilterIsNamedByInfo) {
  const auto info = behind({DENY, "unshare,pidfd_open", "EPERM"}, {"info"});
  EXPECT_EQ(info.exit_code, 0);
  EXPECT_THAT(info.output, testing::ContainsRegex(
                               "pidfd +no +waiting for processes without races +operation not permitted"));
}

// `info` never says no where `run` works.
TEST_F(Machine, OlderKernels) {
  const auto line = [](const std::string& feature, const std::string& works) {
    return testing::ContainsRegex("\n" + feature + " +" + works + "  ");
  };
  for (const char* kernel : {"5.11", "5.15", "6.1", "6.8", "6.12"}) {
    const auto run = behind({DENY, kernel}, {"run", "--rm", "small", "true"});
    EXPECT_EQ(run.exit_code, 0) << kernel << run.errors;
    const auto info = behind({DENY, kernel}, {"info"});
    EXPECT_THAT(info.output, testing::Not(testing::ContainsRegex("\n[^\n]* no  "))) << kernel;
    EXPECT_THAT(info.output, line("overlay", "yes")) << kernel;
  }
  const auto info = behind({DENY, "5.11"}, {"info"});
  for (const char* feature : {"overlay layers one by one", "mount attributes", "cgroup.kill"})
    EXPECT_THAT(info.output, line(feature, "no .optional.")) << feature;
}

/// In a pid namespace of its own, which has this sysctl for itself.
TEST_F(Machine, ProgramsInMemoryMustSayThatTheyAre) {
  if (access("/proc/sys/vm/memfd_noexec", F_OK) != 0) GTEST_SKIP() << "the sysctl came with Linux 6.3";
  const auto with_noexec = [](const std::string& value) {
    return behind({"/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "/bin/sh", "-c",
                   "echo " + value + " > /proc/sys/vm/memfd_noexec; exec \"$@\"", "sh"},
                  {"run", "--rm", "small", "true"});
  };
  EXPECT_EQ(with_noexec("1").exit_code, 0);
  expect_answer(with_noexec("2"), {{"memfd_noexec", "2"},
                                   125,
                                   "start the devenv holder: create a memfd: permission denied; let programs "
                                   "run from memory: sysctl vm.memfd_noexec=1"});
}

TEST_F(Machine, AStoreThatCannotBe) {
  const auto with_store = [](const std::string& store) {
    return behind({"/usr/bin/env"}, {"ps"}, {"DEVENV_STORE=" + store, "PATH=/usr/bin:/bin"});
  };
  const std::string hint = "; set DEVENV_STORE to a directory you can write";
  expect_answer(with_store("/etc/passwd"), {{}, 1, "open store /etc/passwd: not a directory" + hint});
  expect_answer(with_store("/proc/nosuch"),
                {{}, 1, "open store /proc/nosuch: no such file or directory" + hint});
  expect_answer(with_store("/sys/nosuch"), {{}, 1, "open store /sys/nosuch: operation not permitted" + hint});
  expect_answer(with_store("relative"),
                {{}, 1, "open store relative: not an absolute path; begin DEVENV_STORE with a /"});
  const std::string newer = directory("newer");
  ASSERT_EQ(with_store(newer).exit_code, 0);
  replace_file(newer + "/version", "7\n");
  expect_answer(with_store(newer), {{},
                                    1,
                                    "open store " + newer +
                                        ": it has layout version 7, this devenv knows 1; use the "
                                        "devenv that made it or another DEVENV_STORE"});
}

TEST_F(Machine, ARuntimeDirectoryThatCannotBe) {
  const auto with_directory = [](const std::string& path) {
    return behind({"/usr/bin/env", "DEVENV_RUNTIME_DIR=" + path}, {"run", "--rm", "small", "true"});
  };
  expect_answer(with_directory("/proc/nosuch"), {{},
                                                 125,
                                                 "start the devenv holder: create runtime directory "
                                                 "/proc/nosuch/sessions: no such file or directory; set "
                                                 "DEVENV_RUNTIME_DIR to a directory you can write"});
  expect_answer(
      with_directory("relative"),
      {{}, 125, "use runtime directory relative: not an absolute path; begin DEVENV_RUNTIME_DIR with a /"});
}

TEST_F(Machine, ABootstrapWithoutItsPrograms) {
  const std::vector<std::string> args{"image", "bootstrap", "debian:trixie-slim"};
  expect_answer(behind({"/usr/bin/env", "PATH=" + directory("empty")}, args),
                {args, 1,
                 "bootstrap debian:trixie-slim: this machine lacks mmdebstrap, setpriv and unshare; apt-get update && "
                 "apt-get install -y mmdebstrap util-linux"});
}

TEST_F(Machine, AHelperThatIsNotThere) {
  auto env = environment();
  env.push_back("DEVENV_HELPER=/no/such");
  expect_answer(
      behind({"/usr/bin/env"}, {"run", "--rm", "small", "true"}, env),
      {{},
       125,
       "find the devenv helper: $DEVENV_HELPER is /no/such, which cannot be executed; unset it, or name the "
       "devenv-helper of this devenv"});
}

}  // namespace
}  // namespace devenv::errors
