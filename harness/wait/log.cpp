// Waits for a line of output. Lines arrive as records that may be parts of one line.
#include <utility>

#include "devenv/wait.h"
#include "pattern.h"

namespace devenv {
namespace {

std::string ordinal(int n) {
  const int last_two = n % 100;
  const bool teen = last_two >= 11 && last_two <= 13;
  const char* suffix = teen ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
  return std::to_string(n) + suffix;
}

class LogProbe : public WaitProbe {
 public:
  LogProbe(const WaitTarget& target, const Pattern& pattern, int times)
      : reader_(target.engine.logs(target.container.id)), pattern_(pattern), times_(times) {}

  WaitAnswer ask(Deadline) override { return read_until(Deadline::after(std::chrono::seconds(0))); }

  // What it printed last may still be on its way through the log.
  WaitAnswer ask_after_exit(const ExitStatus& exit) override {
    const WaitAnswer answer = read_until(Deadline::after(std::chrono::seconds(2)));
    return answer.is_ready() && exit.code != 0 ? WaitAnswer::not_yet("the line came, then it exited")
                                               : answer;
  }

 private:
  WaitAnswer read_until(Deadline deadline) {
    while (const auto record = reader_->next(deadline)) {
      std::string& line = partial_[record->stream == LogStream::err ? 1 : 0];
      line += record->text;
      if (!record->complete) continue;
      ++lines_;
      last_ = std::exchange(line, {});
      if (pattern_.found_in(last_) && ++matches_ >= times_)
        return WaitAnswer::ready("line " + std::to_string(lines_) + ": " + last_);
    }
    return WaitAnswer::not_yet(progress());
  }

  std::string progress() const {
    if (lines_ == 0) return "nothing was printed";
    std::string text = std::to_string(matches_) + " matching of " + std::to_string(lines_) +
                       (lines_ == 1 ? " line" : " lines");
    return text + ", the last: " + last_.substr(0, 200);
  }

  std::unique_ptr<LogReader> reader_;
  const Pattern& pattern_;
  int times_;
  int matches_ = 0;
  long lines_ = 0;
  std::string partial_[2];
  std::string last_;
};

class LogStrategy : public WaitStrategy {
 public:
  LogStrategy(std::string text, int times)
      : text_(std::move(text)), pattern_(text_, "a log line"), times_(times) {}

  std::string describe() const override {
    const std::string which = times_ == 1 ? "a log line" : "the " + ordinal(times_) + " log line";
    return which + " matching /" + text_ + "/";
  }
  std::unique_ptr<WaitProbe> begin(const WaitTarget& target) const override {
    return std::make_unique<LogProbe>(target, pattern_, times_);
  }

 private:
  std::string text_;
  Pattern pattern_;
  int times_;
};

}  // namespace

Wait wait::log(const std::string& regex, int times) {
  return Wait(std::make_shared<LogStrategy>(regex, times));
}

}  // namespace devenv
