// SIGKILL at random moments. DEVENV_STORM_ROUNDS (200) and a quarter of it with four at once; scripts/storm.sh.
// DEVENV_STORM_SEED repeats the choices of a run; the moments are the machine's.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>
#include <thread>

#include "tests/storm/machine.h"
#include "tests/storm/victim_process.h"

namespace devenv::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

unsigned number_from(const char* name, unsigned fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? static_cast<unsigned>(std::stoul(value)) : fallback;
}

enum class Aim { test, holder, reaper, init, holder_and_reaper };
constexpr const char* kAims[] = {"the test", "its holder", "its reaper", "an init", "holder and reaper"};

class Storm : public testing::Test {
 protected:
  Storm() {
    std::printf("DEVENV_STORM_SEED=%u\n", seed_);
    // What a whole run takes is what the moments are drawn from.
    const Clock::time_point begin = Clock::now();
    VictimProcess victim = VictimProcess::running("Victim.Passes");
    EXPECT_EQ(victim.finish(), 0) << victim.output();
    span_ = Clock::now() - begin;
  }

  template <class Distribution>
  typename Distribution::result_type draw(Distribution distribution) {
    return distribution(random_);
  }
  void sleep_for_a_random_part(double spans) {
    const std::uniform_real_distribution<double> part(0, spans);
    std::this_thread::sleep_for(std::chrono::duration_cast<Clock::duration>(span_ * draw(part)));
  }

  /// Kills what the dice say of this test's processes; what of it was there at that moment.
  Aim shoot(const VictimProcess& victim) {
    const auto aim = static_cast<Aim>(draw(std::discrete_distribution<int>({12, 4, 1, 2, 1})));
    const Supervisors parts = supervisors_below(victim.pid());
    with_inits_ += !parts.inits.empty();
    std::vector<pid_t> targets;
    const auto add = [&](const std::vector<pid_t>& some) { targets.insert(targets.end(), some.begin(), some.end()); };
    if (aim == Aim::reaper || aim == Aim::holder_and_reaper) add(parts.reapers);
    if (aim == Aim::holder || aim == Aim::holder_and_reaper) add(parts.holders);
    if (aim == Aim::init && !parts.inits.empty()) targets.push_back(parts.inits.front());
    for (const pid_t pid : targets) kill(pid, SIGKILL);
    if (!targets.empty()) return aim;
    victim.signal(SIGKILL);
    return Aim::test;
  }

  const unsigned seed_ = number_from("DEVENV_STORM_SEED", std::random_device()());
  const unsigned rounds_ = number_from("DEVENV_STORM_ROUNDS", 200);
  std::mt19937 random_{seed_};
  Clock::duration span_{};
  unsigned with_inits_ = 0;  ///< shots at a test that had a container at that moment
};

TEST_F(Storm, KillsAtRandomMomentsLeaveNothing) {
  const HostState before = machine_state();
  unsigned hits[std::size(kAims)] = {}, ended_before = 0;
  for (unsigned round = 0; round < rounds_ && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Aim aim;
    {
      VictimProcess victim = VictimProcess::running("Victim.Passes");
      sleep_for_a_random_part(0.95);
      aim = shoot(victim);
      SCOPED_TRACE(kAims[static_cast<int>(aim)]);
      const int code = victim.finish();
      EXPECT_NE(code, 255) << "it hangs: " << victim.output();
      ended_before += code == 0;
      ++hits[static_cast<int>(aim)];
    }
    if (aim == Aim::holder_and_reaper)
      expect_machine_after_next_start(before);
    else
      expect_machine_after_kill(before);
  }
  for (std::size_t aim = 0; aim < std::size(kAims); ++aim) std::printf("%u × %s, ", hits[aim], kAims[aim]);
  std::printf("%u too late or not noticed; %u had a container\n", ended_before, with_inits_);
  EXPECT_GT(with_inits_, rounds_ / 10) << "most shots met nothing";
  EXPECT_LT(ended_before, rounds_ / 2) << "most shots came too late";
}

TEST_F(Storm, OthersDoNotNoticeAKill) {
  const HostState before = machine_state();
  for (unsigned round = 0; round < (rounds_ + 3) / 4 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Aim aim;
    {
      std::vector<VictimProcess> all;
      for (int i = 0; i < 4; ++i) all.push_back(VictimProcess::running("Victim.LivesUntilItsInputEnds"));
      const auto unlucky = all.begin() + draw(std::uniform_int_distribution<int>(0, 3));
      sleep_for_a_random_part(3);
      aim = shoot(*unlucky);
      unlucky->end_input();
      EXPECT_NE(unlucky->finish(), 255) << "it hangs: " << unlucky->output();
      for (auto victim = all.begin(); victim != all.end(); ++victim) {
        if (victim == unlucky) continue;
        EXPECT_TRUE(victim->says("in use", soon())) << victim->output();
        victim->end_input();
      }
      for (auto victim = all.begin(); victim != all.end(); ++victim) {
        if (victim == unlucky) continue;
        EXPECT_EQ(victim->finish(), 0) << "killed: " << kAims[static_cast<int>(aim)] << "\n" << victim->output();
      }
    }
    if (aim == Aim::holder_and_reaper)
      expect_machine_after_next_start(before);
    else
      expect_machine_after_kill(before);
  }
}

}  // namespace
}  // namespace devenv::test
