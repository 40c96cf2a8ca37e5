// SIGKILL at any moment: of a test process in the middle of starting, using and removing, and of its holder.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <random>
#include <thread>

#include "launch_fixture.h"
#include "runtime/launch/session.h"

namespace devenv::test {
namespace {

class Storm : public LaunchTest {
 protected:
  // Starts and removes containers until it is killed.
  [[noreturn]] void live() {
    for (;;) {
      const auto own = launch::Holder::spawn_session(options_);
      for (int i = 0; i < 3; ++i) {
        auto wanted = plan(*own, {"sleep", i == 0 ? "1000" : "0"});
        wanted.network.mode = launch::ContainerNetwork::Mode::bridge;
        own->start(wanted);
        ++*started_;
        if (i > 0) own->wait(wanted.id, Deadline::never());
        if (i > 1) own->remove(wanted.id);
      }
    }
  }

  pid_t spawn_victim() {
    const pid_t child = fork();
    if (child == 0) live();
    return child;
  }

  static void kill_and_reap(pid_t child) {
    ::kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }

  ~Storm() override { munmap(started_, sizeof *started_); }

  /// Containers that victims have started, all of them together.
  unsigned started() const { return *started_; }
  /// A kill before there is any init shows little.
  bool wait_for_starts(unsigned wanted) {
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    while (started() < wanted && !deadline.passed()) std::this_thread::yield();
    return started() >= wanted;
  }

  // The reapers finish on their own: nobody starts anything that would sweep for them.
  bool all_sessions_vanish(Deadline deadline) {
    while (!launch::session_ids(options_.runtime_dir).empty()) {
      if (deadline.passed()) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  /// Shared with the victims.
  std::atomic<unsigned>* const started_ =
      new (mmap(nullptr, sizeof *started_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
          std::atomic<unsigned>{0};
};

TEST_F(Storm, KilledOwnersLeaveNothing) {
  std::mt19937 random(20261122);
  for (int round = 0; round < 20; ++round) {
    const unsigned before = started();
    const pid_t victim = spawn_victim();
    // Every other one is killed after its first container has started, the others maybe on their way there.
    const bool reached = round % 2 == 0 || wait_for_starts(before + 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 150));  // the moment is the point
    kill_and_reap(victim);
    ASSERT_TRUE(reached) << "in round " << round << " there was no init to be killed";
  }
  EXPECT_TRUE(all_sessions_vanish(Deadline::after(std::chrono::seconds(20))));
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "store/sessions"));
}

TEST_F(Storm, OthersDoNotNotice) {
  const auto survivor = launch::Holder::spawn_session(options_);
  const auto steady = plan(*survivor, {"sleep", "1000"});
  survivor->start(steady);
  std::mt19937 random(7);
  for (int round = 0; round < 5; ++round) {
    const unsigned before = started();
    const pid_t first = spawn_victim(), second = spawn_victim();
    const bool reached = wait_for_starts(before + 2);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 150));
    kill_and_reap(first);
    auto meanwhile = plan(*survivor, {"true"});
    survivor->start(meanwhile);
    EXPECT_EQ(survivor->wait(meanwhile.id, Deadline::never()).value_or(ExitStatus{9, 0, false}).code, 0);
    kill_and_reap(second);
    ASSERT_TRUE(reached) << "in round " << round << " there was no init to be killed";
  }
  EXPECT_EQ(survivor->inspect(steady.id).value().state, ContainerState::running);
}

}  // namespace
}  // namespace devenv::test
