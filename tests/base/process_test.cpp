#include "runtime/base/process.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "devenv/error.h"
#include "runtime/base/sha256.h"

namespace devenv {
namespace {

TEST(Process, CollectsOutputErrorsAndExitCode) {
  std::vector<std::string> lines;
  const auto result =
      run_process({.argv = {"sh", "-c", "cat; echo one >&2; echo two >&2; exit 3"},
                   .input = "fed",
                   .on_error_line = [&](std::string_view line) { lines.emplace_back(line); }});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "fed");
  EXPECT_EQ(result.errors, "one\ntwo\n");
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
}

TEST(Process, RunsInSeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([thread] {
      const std::string text = "thread " + std::to_string(thread);
      for (int round = 0; round < 50; ++round) {
        const ProcessResult result =
            run_process({.argv = {"sh", "-c", "cat; echo error >&2"}, .input = text});
        EXPECT_EQ(result.output, text);
        EXPECT_EQ(result.errors, "error\n");
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Process, ReportsTheSignalThatKilledIt) {
  EXPECT_EQ(run_process({.argv = {"sh", "-c", "kill -9 $$"}}).exit_code, 137);
}

TEST(Process, NamesAMissingProgram) {
  EXPECT_THROW(run_process({.argv = {"no-such-program-here"}}), NotFound);
}

TEST(Process, IsKilledAtTheDeadline) {
  EXPECT_THROW(
      run_process({.argv = {"sleep", "60"}, .deadline = Deadline::after(std::chrono::milliseconds(20))}),
      Timeout);
}

TEST(Process, PassesOnlyTheEnvironmentGiven) {
  EXPECT_EQ(run_process({.argv = {"/usr/bin/env"}, .env = {"A=1"}}).output, "A=1\n");
}

TEST(Sha256, MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_digest(""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace devenv
