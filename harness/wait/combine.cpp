// Several conditions as one. Each keeps its own time limit, counted from the common start.
#include <algorithm>

#include "devenv/wait.h"

namespace devenv {
namespace {

struct Part {
  std::unique_ptr<WaitProbe> probe;
  std::string description;
  Deadline deadline;
  WaitAnswer last{};
};

class CombinedProbe : public WaitProbe {
 public:
  CombinedProbe(std::vector<Part> parts, bool all) : parts_(std::move(parts)), all_(all) {}

  WaitAnswer ask(Deadline deadline) override {
    return combine([&](Part& part) {
      part.last = part.probe->ask(Deadline::sooner(deadline, part.deadline));
      if (part.last.verdict == WaitAnswer::Verdict::not_yet && part.deadline.passed())
        part.last = WaitAnswer::never(part.last.text + " (its own time is up)");
    });
  }

  WaitAnswer ask_after_exit(const ExitStatus& exit) override {
    return combine([&](Part& part) {
      WaitAnswer answer = part.probe->ask_after_exit(exit);
      if (answer.text.empty()) answer.text = part.last.text;
      part.last = std::move(answer);
    });
  }

 private:
  template <class Ask>
  WaitAnswer combine(const Ask& ask) {
    for (Part& part : parts_) {
      if (part.last.verdict == WaitAnswer::Verdict::not_yet) ask(part);
      if (all_ && part.last.verdict == WaitAnswer::Verdict::never) break;
      if (!all_ && part.last.is_ready()) break;
    }
    return {verdict(), text()};
  }

  WaitAnswer::Verdict verdict() const {
    const auto count = [&](WaitAnswer::Verdict wanted) {
      return static_cast<std::size_t>(std::count_if(
          parts_.begin(), parts_.end(), [&](const Part& part) { return part.last.verdict == wanted; }));
    };
    const std::size_t ready = count(WaitAnswer::Verdict::ready), never = count(WaitAnswer::Verdict::never);
    if (all_ ? ready == parts_.size() : ready > 0) return WaitAnswer::Verdict::ready;
    if (all_ ? never > 0 : never == parts_.size()) return WaitAnswer::Verdict::never;
    return WaitAnswer::Verdict::not_yet;
  }

  std::string text() const {
    std::string text;
    for (const Part& part : parts_)
      if (!part.last.is_ready())
        text += (text.empty() ? "" : "; ") + part.description + ": " + part.last.text;
    return text;
  }

  std::vector<Part> parts_;
  bool all_;
};

class CombinedStrategy : public WaitStrategy {
 public:
  CombinedStrategy(std::vector<Wait> waits, bool all) : waits_(std::move(waits)), all_(all) {}

  std::string describe() const override {
    std::string text;
    for (const Wait& wait : waits_) text += (text.empty() ? "" : all_ ? " and " : " or ") + wait.describe();
    return text;
  }

  std::unique_ptr<WaitProbe> begin(const WaitTarget& target) const override {
    std::vector<Part> parts;
    for (const Wait& wait : waits_) {
      if (!wait) continue;
      const Deadline deadline = wait.timeout() ? Deadline::after(*wait.timeout()) : Deadline::never();
      parts.push_back({wait.strategy()->begin(target), wait.describe(), deadline});
    }
    return std::make_unique<CombinedProbe>(std::move(parts), all_);
  }

 private:
  std::vector<Wait> waits_;
  bool all_;
};

}  // namespace

Wait wait::all_of(std::vector<Wait> waits) {
  return Wait(std::make_shared<CombinedStrategy>(std::move(waits), true));
}

Wait wait::any_of(std::vector<Wait> waits) {
  return Wait(std::make_shared<CombinedStrategy>(std::move(waits), false));
}

}  // namespace devenv
