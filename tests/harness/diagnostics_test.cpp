// Golden messages: each shape of a failing start, word by word.
#include "harness/service/diagnostics.h"

#include <devenv/session.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "fake_engine.h"
#include "harness/service/report.h"

namespace devenv {
namespace {

using namespace std::chrono_literals;
using End = WaitOutcome::End;

StartFailure timed_out() {
  StartFailure failure;
  failure.service = "postgres";
  failure.image = "postgres:16";
  failure.waited_for = "port 5432/tcp to be listened on";
  failure.outcome.end = End::timed_out;
  failure.outcome.last_answer = "nothing listens on 5432/tcp on an address others can reach";
  failure.outcome.questions = 412;
  failure.outcome.elapsed = 60s;
  failure.outcome.allowed = 60s;
  failure.log = {{"initdb: done", "listening on 127.0.0.1"}, 2};
  return failure;
}

StartFailure exited(ExitStatus exit) {
  StartFailure failure = timed_out();
  failure.outcome.end = End::exited;
  failure.outcome.exit = failure.exit = exit;
  failure.outcome.elapsed = 420ms;
  failure.outcome.questions = 1;
  return failure;
}

TEST(Diagnostics, TimedOut) {
  EXPECT_EQ(describe_failure(timed_out()),
            R"(start service postgres (image postgres:16): not ready after 60.0 s
  waited for:  port 5432/tcp to be listened on
  for:         60.0 s of 60.0 s, asked 412 times
  last answer: nothing listens on 5432/tcp on an address others can reach
  state:       running
  log (all 2 lines):
    | initdb: done
    | listening on 127.0.0.1
  try:         make it listen on 0.0.0.0 rather than 127.0.0.1, check the port's number, or raise startup_timeout if it is only slow)");
}

TEST(Diagnostics, ExitedWithACode) {
  StartFailure failure = exited({1, 0, false});
  failure.log.total = 200;
  EXPECT_EQ(describe_failure(failure),
            R"(start service postgres (image postgres:16): it exited after 420 ms, before it was ready
  waited for:  port 5432/tcp to be listened on
  for:         420 ms of 60.0 s, asked 1 time
  last answer: nothing listens on 5432/tcp on an address others can reach
  state:       exited, exit code 1
  log (last 2 of 200 lines):
    | initdb: done
    | listening on 127.0.0.1
  try:         the log above says why; run it by hand: devenv run --rm -it postgres:16)");
}

TEST(Diagnostics, OutOfMemory) {
  StartFailure failure = exited({137, SIGKILL, true});
  failure.memory_limit_bytes = 64u << 20;
  failure.log = {};
  failure.state_key = "0123456789abcdef";
  EXPECT_EQ(describe_failure(failure),
            R"(start service postgres (image postgres:16): it exited after 420 ms, before it was ready
  waited for:  port 5432/tcp to be listened on
  for:         420 ms of 60.0 s, asked 1 time
  last answer: nothing listens on 5432/tcp on an address others can reach
  state:       exited, exit code 137 (SIGKILL, out of memory)
  started from prepared state 0123456789ab (DEVENV_PREPARED=0 starts without)
  log:         empty
  try:         raise its memory limit (now 64 MiB) or make it use less)");
}

TEST(Diagnostics, AdviceFollowsTheExit) {
  const auto advice = [](ExitStatus exit) {
    const std::string text = describe_failure(exited(exit));
    return text.substr(text.find("try:         ") + 13);
  };
  EXPECT_EQ(advice({0, 0, false}),
            "its command ended by itself; a service stays in the foreground (or wait with wait::exit())");
  EXPECT_EQ(advice({127, 0, false}),
            "check its command: a shell in it did not find or could not execute something");
  EXPECT_EQ(advice({139, SIGSEGV, false}),
            "it crashed; run the image by hand: devenv run --rm -it postgres:16");
  EXPECT_EQ(advice({137, SIGKILL, false}),
            "find out who killed it: nothing of devenv does before the time is up");
}

TEST(Diagnostics, ExitIsNamed) {
  EXPECT_EQ(describe_exit({2, 0, false}), "exit code 2");
  EXPECT_EQ(describe_exit({143, SIGTERM, false}), "exit code 143 (SIGTERM)");
}

TEST(Diagnostics, FailedStartKeepsItsLog) {
  auto engine = std::make_shared<testing::FakeEngine>();
  engine->on_start["image"] = [](testing::FakeContainer& container) {
    for (int i = 1; i <= 30; ++i) container.print("line " + std::to_string(i));
    container.exit = ExitStatus{1, 0, false};
  };
  SessionOptions options;
  options.engine = engine;
  options.side_by_side = true;
  Session session(options);
  ServiceSpec spec;
  spec.name = "app";
  spec.container.image = "image";
  spec.ready = wait::port(80);
  const Service app = session.start(spec);
  try {
    app.wait_ready();
    FAIL() << "no exception";
  } catch (const StartError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("log (last 20 of 30 lines):\n    | line 11\n"));
  }
  EXPECT_THAT(app.logs(), ::testing::StartsWith("line 1\n"));
  EXPECT_EQ(engine->running(), 0u);
}

TEST(Report, SumsUpPerService) {
  ReportRow row{"postgres", "devenv/postgres", {700, 50, 52}, 2, 0, {3, 4, 5}};
  EXPECT_EQ(
      format_report({row}),
      "devenv: summary (medians)\n"
      "  postgres     devenv/postgres                 3 started (2 cloned)  ready in 52 ms, at most 700 ms;  "
      "3 removed in 4.0 ms\n"
      "  3 started, 3 removed, nothing left\n");
}

}  // namespace
}  // namespace devenv
