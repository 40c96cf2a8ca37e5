#include "diagnostics.h"

#include <csignal>
#include <deque>

#include "runtime/base/signals.h"

namespace devenv {
namespace {

std::string duration_text(std::chrono::nanoseconds duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms < 1000) return std::to_string(ms) + " ms";
  const auto tenths = (ms + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

using End = WaitOutcome::End;

std::string reason(const StartFailure& failure) {
  const std::string spent = duration_text(failure.outcome.elapsed);
  switch (failure.outcome.end) {
    case End::exited:
      return "it exited after " + spent + ", before it was ready";
    case End::hopeless:
      return "it cannot become ready";
    default:
      return "not ready after " + spent;
  }
}

bool log_mentions(const LogTail& log, const char* text) {
  for (const std::string& line : log.lines)
    if (line.find(text) != std::string::npos) return true;
  return false;
}

std::string advice_for_exit(const StartFailure& failure) {
  const ExitStatus& exit = *failure.exit;
  if (exit.out_of_memory) {
    const std::string limit = failure.memory_limit_bytes == 0
                                  ? std::string()
                                  : " (now " + std::to_string(failure.memory_limit_bytes >> 20) + " MiB)";
    return "raise its memory limit" + limit + " or make it use less";
  }
  if (exit.signal == SIGKILL) return "find out who killed it: nothing of devenv does before the time is up";
  if (exit.signal == SIGSEGV || exit.signal == SIGABRT || exit.signal == SIGILL)
    return "it crashed; run the image by hand: devenv run --rm -it " + failure.image;
  if (exit.code == 126 || exit.code == 127)
    return "check its command: a shell in it did not find or could not execute something";
  if (exit.code == 0)
    return "its command ended by itself; a service stays in the foreground (or wait with wait::exit())";
  if (log_mentions(failure.log, "ermission denied"))
    return "check the owner and mode of the files and mounts its user needs";
  return "the log above says why; run it by hand: devenv run --rm -it " + failure.image;
}

std::string advice(const StartFailure& failure) {
  if (failure.exit) return advice_for_exit(failure);
  if (failure.outcome.end == End::hopeless) return "check what is waited for";
  const std::string longer = "or raise startup_timeout if it is only slow";
  if (failure.waited_for.compare(0, 5, "port ") == 0)
    return "make it listen on 0.0.0.0 rather than 127.0.0.1, check the port's number, " + longer;
  if (failure.log.total == 0) return "it printed nothing: check its command, " + longer;
  return "compare what is waited for with the log above, " + longer;
}

std::string state_line(const StartFailure& failure) {
  return failure.exit ? "exited, " + describe_exit(*failure.exit) : "running";
}

std::string log_block(const LogTail& log) {
  if (log.total == 0) return "  log:         empty\n";
  const std::string of = log.lines.size() < log.total ? "last " + std::to_string(log.lines.size()) + " of "
                                                      : std::string("all ");
  std::string text =
      "  log (" + of + std::to_string(log.total) + (log.total == 1 ? " line):\n" : " lines):\n");
  for (const std::string& line : log.lines) text += "    | " + line + "\n";
  return text;
}

template <class Take>
void each_line(Engine& engine, const std::string& id, Deadline settle, const Take& take) {
  const auto reader = engine.logs(id);
  std::string partial[2];
  while (const auto record = reader->next(settle)) {
    std::string& line = partial[record->stream == LogStream::err ? 1 : 0];
    line += record->text;
    if (record->complete) take(std::exchange(line, {}), true);
  }
  for (std::string& line : partial)
    if (!line.empty()) take(std::move(line), false);
}

}  // namespace

std::string describe_exit(const ExitStatus& exit) {
  std::string text = "exit code " + std::to_string(exit.code);
  std::string why;
  if (exit.signal != 0) why = signal_name(exit.signal);
  if (exit.out_of_memory) why += why.empty() ? "out of memory" : ", out of memory";
  return why.empty() ? text : text + " (" + why + ")";
}

std::string describe_failure(const StartFailure& failure) {
  const WaitOutcome& outcome = failure.outcome;
  std::string text = (failure.preparing ? "prepare" : "start") + std::string(" service ") + failure.service;
  text += " (image " + failure.image + "): " + reason(failure) + "\n";
  text += "  waited for:  " + failure.waited_for + "\n";
  text += "  for:         " + duration_text(outcome.elapsed) + " of " + duration_text(outcome.allowed) +
          ", asked " + std::to_string(outcome.questions) + (outcome.questions == 1 ? " time\n" : " times\n");
  text += "  last answer: " + (outcome.last_answer.empty() ? "none" : outcome.last_answer) + "\n";
  text += "  state:       " + state_line(failure) + "\n";
  if (!failure.state_key.empty())
    text += "  started from prepared state " + failure.state_key.substr(0, 12) +
            " (DEVENV_PREPARED=0 starts without)\n";
  text += log_block(failure.log);
  return text + "  try:         " + advice(failure);
}

LogTail log_tail(Engine& engine, const std::string& id, std::size_t lines, Deadline settle) {
  std::deque<std::string> last;
  LogTail tail;
  each_line(engine, id, settle, [&](std::string line, bool) {
    ++tail.total;
    last.push_back(std::move(line));
    if (last.size() > lines) last.pop_front();
  });
  tail.lines.assign(std::make_move_iterator(last.begin()), std::make_move_iterator(last.end()));
  return tail;
}

std::string log_text(Engine& engine, const std::string& id) {
  std::string text;
  each_line(engine, id, Deadline::after(std::chrono::seconds(0)),
            [&](const std::string& line, bool complete) {
              text += line;
              if (complete) text += '\n';
            });
  return text;
}

}  // namespace devenv
