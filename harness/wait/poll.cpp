#include "poll.h"

#include <algorithm>

namespace devenv {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// One question may not eat the whole wait: the process's exit is only looked at between questions.
constexpr auto longest_question = 5s;
/// The last one is asked when the time is up, and shall have a chance to be answered.
constexpr auto shortest_question = 1s;

struct Poller {
  const Wait& wait;
  const WaitTarget& target;
  std::unique_ptr<WaitProbe> probe;
  Clock::time_point began = Clock::now();
  WaitOutcome outcome{};

  WaitOutcome finish(WaitOutcome::End end) {
    outcome.end = end;
    outcome.elapsed = Clock::now() - began;
    return outcome;
  }

  std::optional<WaitOutcome> take(const WaitAnswer& answer, WaitOutcome::End otherwise_hopeless,
                                  bool cut_off = false) {
    ++outcome.questions;
    // Of a question that was cut off because all time is up, the answer before says more.
    const bool worse = answer.text.empty() || (cut_off && !outcome.last_answer.empty());
    if (!worse) outcome.last_answer = answer.text;
    if (answer.is_ready()) return finish(WaitOutcome::End::ready);
    if (answer.verdict == WaitAnswer::Verdict::never) return finish(otherwise_hopeless);
    return std::nullopt;
  }

  // A question to a container that has just exited fails; its exit says more than that failure.
  template <class Ask>
  WaitAnswer asked(const Ask& ask) {
    try {
      return ask();
    } catch (const Error&) {
      if (!outcome.exit) outcome.exit = target.engine.wait(target.container.id, Deadline::after(1s));
      if (!outcome.exit) throw;
      return WaitAnswer::not_yet({});
    }
  }

  WaitOutcome run() {
    const Deadline deadline = Deadline::after(outcome.allowed);
    for (;;) {
      const auto question_deadline = Deadline::after(
          std::clamp<Deadline::Clock::duration>(deadline.remaining(), shortest_question, longest_question));
      const WaitAnswer answer = asked([&] { return probe->ask(question_deadline); });
      const bool cut_off = deadline.passed() && question_deadline.passed();
      if (auto end = take(answer, WaitOutcome::End::hopeless, cut_off)) return *end;
      if (outcome.exit) break;
      if (deadline.passed()) return finish(WaitOutcome::End::timed_out);
      const auto elapsed = Clock::now() - began;
      const auto pause = wait.interval() ? std::chrono::nanoseconds(*wait.interval()) : pause_after(elapsed);
      outcome.exit =
          target.engine.wait(target.container.id, Deadline::sooner(deadline, Deadline::after(pause)));
      if (outcome.exit) break;
    }
    if (auto end =
            take(asked([&] { return probe->ask_after_exit(*outcome.exit); }), WaitOutcome::End::exited))
      return *end;
    return finish(WaitOutcome::End::exited);
  }
};

}  // namespace

std::chrono::nanoseconds pause_after(std::chrono::nanoseconds elapsed) {
  return std::clamp<std::chrono::nanoseconds>(elapsed / 40, 2ms, 50ms);
}

WaitOutcome poll(const Wait& wait, const WaitTarget& target, std::chrono::nanoseconds timeout) {
  if (!wait) return {};
  Poller poller{wait, target, wait.strategy()->begin(target)};
  poller.outcome.allowed = timeout;
  if (wait.timeout()) poller.outcome.allowed = std::min<std::chrono::nanoseconds>(timeout, *wait.timeout());
  return poller.run();
}

}  // namespace devenv
