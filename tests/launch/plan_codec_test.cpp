#include "runtime/launch/plan_codec.h"

#include <gtest/gtest.h>

#include <cstring>

#include <devenv/error.h>

#include "runtime/launch/codec.h"
#include "runtime/launch/wire.h"

namespace devenv::launch {
namespace {

ProcessPlan some_process() {
  ProcessPlan process;
  process.argv = {"sh", "-c", ""};
  process.env = {"A=1", "B=x y"};
  process.user = "alice:10";
  process.cwd = "/srv";
  process.tty = true;
  process.rows = 24;
  return process;
}

TEST(PlanCodec, SandboxPlanSurvivesTheTrip) {
  SandboxPlan plan;
  plan.id = std::string(64, 'a');
  plan.name = "db";
  plan.rootfs.lower = {"/l2", "/l1"};
  plan.rootfs.upper = "/u";
  plan.rootfs.in_memory = true;
  plan.rootfs.volatile_upper = true;
  plan.mounts = {{MountPlan::Kind::tmpfs, "", "/t", true, 77, 0700}};
  plan.network.mode = ContainerNetwork::Mode::none;
  plan.network.ports = {{5432, false}, {53, true}};
  plan.limits.cpus = 1.5;
  plan.limits.pids = -1;
  plan.rlimits = {{7, 10, 20}};
  plan.seccomp = {1, 2, 3};
  plan.process = some_process();
  plan.die_with_connection = true;
  const std::string bytes = encode(plan);
  const SandboxPlan read = decode_plan(bytes);
  EXPECT_EQ(encode(read), bytes);
  EXPECT_EQ(read.rootfs.lower, plan.rootfs.lower);
  EXPECT_TRUE(read.rootfs.in_memory);
  EXPECT_EQ(read.limits.cpus, 1.5);
  EXPECT_EQ(read.limits.pids, -1);
  EXPECT_EQ(read.network.ports[1].container_port, 53);
  EXPECT_EQ(read.process.argv, plan.process.argv);
}

TEST(PlanCodec, EveryTruncationIsAnError) {
  SandboxPlan plan;
  plan.process = some_process();
  const std::string bytes = encode(plan);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(decode_plan(std::string_view(bytes).substr(0, size)), Error) << size;
}

TEST(ProcessBlock, BecomesPointersInPlace) {
  std::string bytes = encode_process(some_process());
  const ProcessBlock* block = relocate(bytes.data(), bytes.size());
  ASSERT_NE(block, nullptr);
  EXPECT_STREQ(block->argv[0], "sh");
  EXPECT_STREQ(block->argv[2], "");
  EXPECT_EQ(block->argv[3], nullptr);
  EXPECT_STREQ(block->envp[1], "B=x y");
  EXPECT_EQ(block->envp[2], nullptr);
  EXPECT_EQ(block->envp[3], nullptr);
  EXPECT_STREQ(block->user, "alice:10");
  EXPECT_STREQ(block->cwd, "/srv");
  EXPECT_EQ(block->tty, 1);
  EXPECT_EQ(block->rows, 24);
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
