// A holder with a store of its own and a root file system of one static busybox: what tests of launch need.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/random_id.h"
#include "runtime/kernel/capabilities.h"
#include "runtime/kernel/seccomp.h"
#include "runtime/launch/launcher.h"
#include "runtime/launch/log_reader.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {

inline std::string make_busybox_root(const TempDir& dir) {
  namespace fs = std::filesystem;
  const std::string root = dir.make_dir("image");
  for (const char* sub : {"bin", "etc", "tmp", "root", "home/alice"})
    fs::create_directories(root + "/" + sub);
  fs::copy_file("/bin/busybox", root + "/bin/busybox");
  for (const char* applet : {"sh", "true",     "false", "echo", "cat",  "sleep", "id",   "env",  "pwd",
                             "ls", "hostname", "kill",  "stty", "tty",  "wc",    "nc",   "wget", "nslookup",
                             "ps", "touch",    "mkdir", "dd",   "test", "ip",    "grep", "head"})
    fs::create_symlink("busybox", root + "/bin/" + applet);
  std::ofstream(root + "/etc/passwd")
      << "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";
  std::ofstream(root + "/etc/group") << "root:x:0:\nalice:x:1000:\nwheel:x:10:alice\n";
  fs::copy_file(DEVENV_PROBE, root + "/bin/probe");
  fs::permissions(root + "/tmp", fs::perms::all | fs::perms::sticky_bit);
  return root;
}

class LaunchTest : public ::testing::Test {
 protected:
  LaunchTest() : root_(make_busybox_root(dir_)) {
    options_.runtime_dir = dir_ / "run";
    options_.store_dir = dir_ / "store";
  }

  launch::Holder& holder() {
    if (!holder_) holder_ = launch::Holder::spawn_session(options_);
    return *holder_;
  }

  launch::SandboxPlan plan(launch::Holder& on, std::vector<std::string> argv) {
    launch::SandboxPlan plan;
    plan.id = random_id();
    plan.name = "c" + plan.id.substr(0, 8);
    plan.scratch_dir = on.scratch_dir() + "/" + plan.id;
    plan.rootfs.lower = {root_};
    plan.rootfs.upper = plan.scratch_dir + "/upper";
    plan.rootfs.work = plan.scratch_dir + "/work";
    plan.rootfs.volatile_upper = true;
    plan.log_path = plan.scratch_dir + "/log";
    plan.network.mode = launch::ContainerNetwork::Mode::none;
    plan.capabilities = kernel::default_capabilities();
    static const std::string filter = kernel::compile_seccomp(plan.capabilities);
    plan.seccomp.assign(filter.begin(), filter.end());
    // The paths that make_plan() masks: what a test writes to must be refused for the right reason.
    plan.masked_paths = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"};
    plan.read_only_paths = {"/proc/sys", "/proc/sysrq-trigger"};
    plan.process.argv = std::move(argv);
    plan.process.env = {"PATH=/bin"};
    return plan;
  }
  launch::SandboxPlan plan(std::vector<std::string> argv) { return plan(holder(), std::move(argv)); }
  launch::SandboxPlan shell(const std::string& script) { return plan({"sh", "-c", script}); }

  /// Everything it wrote to `stream`, once it has ended.
  static std::string output(launch::Holder& on, const launch::SandboxPlan& plan,
                            LogStream stream = LogStream::out) {
    std::string text;
    const auto log = launch::open_log(plan.log_path, on.follow_log(plan.id));
    while (const auto line = log->next(Deadline::after(std::chrono::seconds(20)))) {
      if (line->stream != stream) continue;
      text += line->text;
      if (line->complete) text += '\n';
    }
    EXPECT_TRUE(log->ended());
    return text;
  }

  struct Ran {
    ExitStatus exit;
    std::string out, err;
  };
  Ran run(const launch::SandboxPlan& plan) {
    holder().start(plan);
    const auto exit = holder().wait(plan.id, Deadline::after(std::chrono::seconds(20)));
    EXPECT_TRUE(exit.has_value());
    Ran ran{exit.value_or(ExitStatus{}), output(holder(), plan), output(holder(), plan, LogStream::err)};
    EXPECT_TRUE(holder().remove(plan.id));
    return ran;
  }
  Ran run_shell(const std::string& script) { return run(shell(script)); }

  TempDir dir_;
  std::string root_;
  launch::HolderOptions options_;
  std::shared_ptr<launch::Holder> holder_;
};

}  // namespace devenv::test
