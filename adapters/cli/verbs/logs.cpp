#include <deque>

#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/quantity.h"
#include "adapters/cli/show/human.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();

struct LogsOptions {
  bool follow = false, timestamps = false;
  std::int64_t since_ns = 0, until_ns = kEver;
  std::optional<std::size_t> tail;  ///< nullopt: everything
};

std::optional<std::size_t> parse_tail(const std::string& text) {
  if (text == "all" || text == "-1") return std::nullopt;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 9)
    throw UsageError("read --tail \"" + text + "\": not a number of lines", "as in --tail 20 or --tail all");
  return std::stoul(text);
}

/// Writes records as the container wrote them, or with the time at the start of each line.
class Writer {
 public:
  Writer(const Console& console, bool timestamps) : console_(console), timestamps_(timestamps) {}

  void write(const LogLine& line) {
    bool& inside = inside_[line.stream == LogStream::out ? 0 : 1];
    std::string text = timestamps_ && !inside ? rfc3339_nano(line.unix_ns) + " " : "";
    text += line.text;
    if (line.complete) text += '\n';
    inside = !line.complete;
    line.stream == LogStream::out ? console_.print(text) : console_.warn(text);
  }

 private:
  const Console& console_;
  bool timestamps_;
  bool inside_[2] = {false, false};
};

/// The last lines, kept while reading what is there. A line may come in several records.
class Tail {
 public:
  explicit Tail(std::size_t most) : most_(most) {}

  void add(LogLine line) {
    bool& inside = inside_[line.stream == LogStream::out ? 0 : 1];
    if (!inside) ++lines_;
    inside = !line.complete;
    kept_.push_back(std::move(line));
    while (lines_ > most_ && !kept_.empty()) drop();
  }

  const std::deque<LogLine>& kept() const { return kept_; }

 private:
  void drop() {
    const bool whole = kept_.front().complete || kept_.size() == 1;
    kept_.pop_front();
    if (whole) --lines_;
  }

  std::size_t most_, lines_ = 0;
  bool inside_[2] = {false, false};
  std::deque<LogLine> kept_;
};

bool wanted(const LogLine& line, const LogsOptions& options) {
  return line.unix_ns >= options.since_ns && line.unix_ns <= options.until_ns;
}

void copy_logs(LogReader& log, Writer& writer, const LogsOptions& options) {
  const Deadline now = Deadline::after(std::chrono::nanoseconds(0));
  Tail tail(options.tail.value_or(0));
  while (auto line = log.next(now)) {
    if (!wanted(*line, options)) continue;
    options.tail ? tail.add(std::move(*line)) : writer.write(*line);
  }
  for (const LogLine& line : tail.kept()) writer.write(line);
  const auto end = options.until_ns == kEver
                       ? Deadline::never()
                       : Deadline::after(std::chrono::nanoseconds(options.until_ns - now_unix_ns()));
  while (options.follow && !log.ended()) {
    const auto line = log.next(end);
    if (line && wanted(*line, options)) writer.write(*line);
    if (!line && end.passed()) return;
  }
}

}  // namespace

int run_logs(Context& context, const Args& args) {
  LogsOptions options;
  std::string tail = "all", since, until;
  Flags app("Show what a container has written.");
  app.add_flag("-f,--follow", options.follow, "Go on until it exits");
  app.add_flag("-t,--timestamps", options.timestamps, "The time before each line");
  app.add_option("-n,--tail", tail, "Only the last N lines").type_name("N");
  app.add_option("--since", since, "Only from this time on (10m, 2026-01-02T15:04:05Z)").type_name("TIME");
  app.add_option("--until", until, "Only up to this time").type_name("TIME");
  const auto operands = parse(app, {"logs [flags] CONTAINER", 1, 1}, args);
  options.tail = parse_tail(tail);
  if (!since.empty()) options.since_ns = parse_moment(since, now_unix_ns());
  if (!until.empty()) options.until_ns = parse_moment(until, now_unix_ns());
  const auto log = context.engine().logs(operands[0]);
  Writer writer(context.console, options.timestamps);
  copy_logs(*log, writer, options);
  return 0;
}

}  // namespace devenv::cli
