#include "runtime/launch/plan_codec.h"

#include <gtest/gtest.h>

#include <cstring>

#include <devenv/error.h>

#include "runtime/launch/codec.h"
#include "runtime/launch/wire.h"
#include "tests/support/all_fields.h"

namespace devenv::launch {

auto all_fields(const ProcessPlan& plan) {
  const auto& [argv, env, user, cwd, create_cwd, umask, tty, rows, columns] = plan;
  return std::tie(argv, env, user, cwd, create_cwd, umask, tty, rows, columns);
}
auto all_fields(const RootfsPlan& plan) {
  const auto& [lower, upper, work, in_memory, read_only, volatile_upper] = plan;
  return std::tie(lower, upper, work, in_memory, read_only, volatile_upper);
}
auto all_fields(const MountPlan& plan) {
  const auto& [kind, source, target, read_only, size_bytes, mode] = plan;
  return std::tie(kind, source, target, read_only, size_bytes, mode);
}
auto all_fields(const PortPlan& plan) {
  const auto& [container_port, udp] = plan;
  return std::tie(container_port, udp);
}
auto all_fields(const ContainerNetwork& plan) {
  const auto& [mode, network, aliases, ports] = plan;
  return std::tie(mode, network, aliases, ports);
}
auto all_fields(const LimitsPlan& plan) {
  const auto& [memory_bytes, cpus, pids] = plan;
  return std::tie(memory_bytes, cpus, pids);
}
auto all_fields(const RlimitPlan& plan) {
  const auto& [resource, soft, hard] = plan;
  return std::tie(resource, soft, hard);
}
auto all_fields(const SandboxPlan& plan) {
  const auto& [id, name, hostname, metadata, rootfs, mounts, masked_paths, read_only_paths, hosts,
               shm_size_bytes, network, limits, rlimits, capabilities, seccomp, no_new_privileges, privileged,
               stdin_mode, process, stop_signal, stop_grace_ms, scratch_dir, log_path, exit_path, auto_remove,
               die_with_connection] = plan;
  return std::tie(id, name, hostname, metadata, rootfs, mounts, masked_paths, read_only_paths, hosts,
                  shm_size_bytes, network, limits, rlimits, capabilities, seccomp, no_new_privileges,
                  privileged, stdin_mode, process, stop_signal, stop_grace_ms, scratch_dir, log_path,
                  exit_path, auto_remove, die_with_connection);
}

namespace {

using test::expect_filled;
using test::expect_same;

ProcessPlan some_process() {
  return {.argv = {"sh", "-c", ""},
          .env = {"A=1", "B=x y"},
          .user = "alice:10",
          .cwd = "/srv",
          .create_cwd = true,
          .umask = 027,
          .tty = true,
          .rows = 24,
          .columns = 80};
}

SandboxPlan some_plan() {
  SandboxPlan plan;
  plan.id = std::string(64, 'a');
  plan.name = "db";
  plan.hostname = "host";
  plan.metadata = "{}";
  plan.rootfs = {.lower = {"/l2", "/l1"},
                 .upper = "/u",
                 .work = "/w",
                 .in_memory = true,
                 .read_only = true,
                 .volatile_upper = true};
  plan.mounts = {{MountPlan::Kind::tmpfs, "/s", "/t", true, 77, 0700},
                 {MountPlan::Kind::tmpfs, "/s2", "/t2", true, std::uint64_t{1} << 40, 0711}};
  plan.masked_paths = {"/proc/kcore"};
  plan.read_only_paths = {"/proc/sys"};
  plan.hosts = "10.0.0.1\tx\n";
  plan.shm_size_bytes = 1;
  plan.network = {ContainerNetwork::Mode::none, "backend", {"alias"}, {{5432, true}, {53, true}}};
  plan.limits = {.memory_bytes = 1 << 20, .cpus = 1.5, .pids = -1};
  plan.rlimits = {{7, 10, 20}};
  plan.capabilities = 1;
  plan.seccomp = {1, 2, 0, 3};
  plan.no_new_privileges = true;
  plan.privileged = true;
  plan.stdin_mode = StdinMode::keep;
  plan.process = some_process();
  plan.stop_signal = SIGINT;
  plan.stop_grace_ms = 1234;
  plan.scratch_dir = "/scratch";
  plan.log_path = "/log";
  plan.exit_path = "/exit";
  plan.auto_remove = true;
  plan.die_with_connection = true;
  return plan;
}

TEST(PlanCodec, EveryFieldOfASandboxPlanSurvivesTheTrip) {
  const SandboxPlan plan = some_plan();
  expect_filled(plan, "plan");
  expect_same(decode_plan(encode(plan)), plan, "plan");
  expect_same(decode_plan(encode(SandboxPlan{})), SandboxPlan{}, "an empty plan");
}

TEST(PlanCodec, EveryFieldOfAProcessPlanSurvivesTheTrip) {
  const ProcessPlan process = some_process();
  expect_filled(process, "process");
  expect_same(decode_process(encode(process)), process, "process");
}

TEST(PlanCodec, EveryTruncationIsAnError) {
  const std::string bytes = encode(some_plan());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(decode_plan(std::string_view(bytes).substr(0, size)), Error) << size;
}

TEST(ProcessBlock, BecomesPointersInPlace) {
  const ProcessPlan process = some_process();
  std::string bytes = encode_process(process);
  const ProcessBlock* block = relocate(bytes.data(), bytes.size());
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->argv[3], nullptr);
  EXPECT_EQ(block->envp[2], nullptr);
  EXPECT_EQ(block->envp[3], nullptr);
  const ProcessPlan read{.argv = {block->argv, block->argv + block->argc},
                         .env = {block->envp, block->envp + block->envc},
                         .user = block->user,
                         .cwd = block->cwd,
                         .create_cwd = block->create_cwd != 0,
                         .umask = block->umask,
                         .tty = block->tty != 0,
                         .rows = block->rows,
                         .columns = block->columns};
  expect_same(read, process, "process");
}

TEST(ProcessBlock, NoPointerLeavesTheBlock) {
  const std::string good = encode_process(some_process());
  for (std::size_t at = 0; at + 8 <= good.size(); at += 4) {
    for (const std::uint64_t value :
         {~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{good.size()}, std::uint64_t{1} << 40}) {
      std::string bad = good;
      std::memcpy(bad.data() + at, &value, sizeof value);
      const ProcessBlock* block = relocate(bad.data(), bad.size());
      if (block == nullptr) continue;
      const auto inside = [&](const char* text) {
        return text >= bad.data() && text < bad.data() + bad.size();
      };
      for (std::uint32_t i = 0; i < block->argc; ++i) EXPECT_TRUE(inside(block->argv[i]));
      for (std::uint32_t i = 0; i < block->envc; ++i) EXPECT_TRUE(inside(block->envp[i]));
      EXPECT_TRUE(inside(block->user) && inside(block->cwd));
    }
  }
  EXPECT_THROW(encode_process({}), Error);
}

TEST(Wire, TextIsTruncatedAndTerminated) {
  char text[4];
  set_text(text, sizeof text, "abcdef");
  EXPECT_STREQ(text, "abc");
}

TEST(Codec, LyingCountsAllocateNothing) {
  Encoder out;
  out.put(std::uint64_t{1} << 60);
  EXPECT_THROW(Decoder(out.bytes()).count(), Error);
  EXPECT_THROW(Decoder(out.bytes()).text(), Error);
}

}  // namespace
}  // namespace devenv::launch
