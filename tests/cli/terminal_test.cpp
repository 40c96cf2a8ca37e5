#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/cli/arguments.h"
#include "adapters/cli/terminal/detach_keys.h"
#include "adapters/cli/terminal/relay.h"
#include "captured.h"

namespace devenv::cli {
namespace {

TEST(DetachKeys, AreFoundAcrossReads) {
  DetachKeys keys;
  auto typed = keys.feed("ab\x10");
  EXPECT_EQ(typed.input, "ab");
  EXPECT_FALSE(typed.detach);
  EXPECT_TRUE(keys.feed("\x11").detach);
}

TEST(DetachKeys, ABrokenSequenceGoesOnToTheContainer) {
  DetachKeys keys;
  EXPECT_EQ(keys.feed("\x10").input, "");
  EXPECT_EQ(keys.feed("x").input, "\x10x");
  EXPECT_EQ(keys.feed("\x10\x10\x11").input, "\x10");
}

TEST(DetachKeys, Parse) {
  EXPECT_TRUE(DetachKeys("ctrl-a,d")
                  .feed("\x01"
                        "d")
                  .detach);
  EXPECT_FALSE(DetachKeys("").feed("\x10\x11").detach);
  EXPECT_THROW(DetachKeys("ctrl-"), UsageError);
  EXPECT_THROW(DetachKeys("escape"), UsageError);
}

/// A process made of pipes: what it "writes" is put there by the test.
class PipeProcess final : public ProcessHandle {
 public:
  PipeProcess() {
    make(in_);
    make(out_);
    make(err_);
  }

  UniqueFd& inside_in() { return in_[0]; }
  UniqueFd& inside_out() { return out_[1]; }
  UniqueFd& inside_err() { return err_[1]; }

  void end(ExitStatus status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    ended_.notify_all();
  }

  int input_fd() const override { return in_[1].get(); }
  int output_fd() const override { return out_[0].get(); }
  int error_fd() const override { return err_[0].get(); }
  void close_input() override { in_[1].reset(); }
  void resize(unsigned, unsigned) override {}
  void signal(int number) override { end({.code = 128 + number, .signal = number}); }
  std::optional<ExitStatus> wait(Deadline deadline) override {
    std::unique_lock lock(mutex_);
    ended_.wait_until(lock, std::chrono::steady_clock::now() + deadline.remaining(),
                      [&] { return status_.has_value(); });
    return status_;
  }

 private:
  static void make(UniqueFd (&ends)[2]) {
    int fds[2];
    ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
    ends[0] = UniqueFd(fds[0]);
    ends[1] = UniqueFd(fds[1]);
  }

  UniqueFd in_[2], out_[2], err_[2];
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<ExitStatus> status_;
};

TEST(Relay, CopiesInputAndBothOutputsExactly) {
  const std::string input(100'000, 'i');
  Captured captured(input);
  PipeProcess process;
  std::string received;
  std::thread inside([&] {
    received = read_all(process.inside_in().get(), "input");
    write_all(process.inside_out().get(), std::string("out\0bytes", 9), "out");
    write_all(process.inside_err().get(), "err", "err");
    process.end({.code = 7});
  });
  const auto result = relay(captured.context().console, process, nullptr, {.input = true});
  inside.join();
  EXPECT_EQ(result.exit->code, 7);
  EXPECT_EQ(received, input);
  EXPECT_EQ(captured.out(), std::string("out\0bytes", 9));
  EXPECT_EQ(captured.err(), "err");
}

TEST(Relay, PassesSignalsOn) {
  Captured captured;
  PipeProcess process;
  std::thread sender([&] {
    // The relay reads this end only while it runs, so its handlers are in place once this arrives.
    write_all(process.inside_out().get(), std::string(200'000, 'x'), "out");
    kill(getpid(), SIGTERM);
  });
  const auto result = relay(captured.context().console, process, nullptr, {});
  sender.join();
  EXPECT_EQ(result.exit->signal, SIGTERM);
}

TEST(Relay, ABackgroundHolderOfThePipesIsNotAwaited) {
  Captured captured;
  PipeProcess process;
  write_all(process.inside_out().get(), "last words", "out");
  process.end({.code = 0});
  EXPECT_EQ(relay(captured.context().console, process, nullptr, {}).exit->code, 0);
  EXPECT_EQ(captured.out(), "last words");
}

}  // namespace
}  // namespace devenv::cli
