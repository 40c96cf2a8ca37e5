#include "relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <thread>
#include <vector>

#include "raw_terminal.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "signal_pipe.h"

namespace devenv::cli {
namespace {

// A pipe that polls writable takes this much without blocking (pipe(7), PIPE_BUF). The descriptor is not
// made non-blocking, because a terminal's master is shared with the holder.
constexpr std::size_t kPiece = 4096;

void write_record(const Console& console, const LogLine& line) {
  const std::string text = line.complete ? line.text + "\n" : line.text;
  line.stream == LogStream::out ? console.print(text) : console.warn(text);
}

/// Follows the log on a thread of its own: LogReader blocks.
class LogPump {
 public:
  LogPump(const Console& console, LogReader& log) : thread_([this, console, &log] { run(console, log); }) {}
  ~LogPump() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  /// Waits for the log's end. Rethrows what went wrong while writing.
  void finish() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void run(const Console& console, LogReader& log) try {
    while (!stop_ && !log.ended()) {
      // In steps only so that a detach ends it; a line wakes it at once.
      const auto line = log.next(Deadline::after(std::chrono::milliseconds(100)));
      if (line) write_record(console, *line);
    }
  } catch (...) {
    failure_ = std::current_exception();
  }

  std::atomic<bool> stop_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

/// Waits for the process on a thread of its own and says so through an eventfd.
class ExitWatch {
 public:
  explicit ExitWatch(ProcessHandle& process)
      : done_(check(eventfd(0, EFD_CLOEXEC), "make an eventfd")),
        thread_([this, &process] { run(process); }) {}
  ~ExitWatch() {
    stop_ = true;
    thread_.join();
  }

  int fd() const { return done_.get(); }
  bool ended() const { return ended_; }

  std::optional<ExitStatus> status() const {
    if (failure_) std::rethrow_exception(failure_);
    return status_;
  }

 private:
  void run(ProcessHandle& process) {
    try {
      while (!stop_ && !status_) status_ = process.wait(Deadline::after(std::chrono::milliseconds(200)));
    } catch (...) {
      failure_ = std::current_exception();
    }
    ended_ = true;
    eventfd_write(done_.get(), 1);
  }

  UniqueFd done_;
  std::atomic<bool> stop_ = false, ended_ = false;
  std::optional<ExitStatus> status_;
  std::exception_ptr failure_;
  std::thread thread_;
};

class Relay {
 public:
  Relay(const Console& console, ProcessHandle& process, RelayOptions options)
      : console_(console), process_(process), options_(std::move(options)), exit_(process) {
    out_ = process.output_fd();
    err_ = process.error_fd() == out_ ? -1 : process.error_fd();
    input_open_ = options_.input && process.input_fd() >= 0;
    if (options_.tty) resize();
  }

  /// False when detached.
  bool run() {
    while (!exit_.ended() && !detached_) step(-1);
    // A process left in the background may keep the pipes open: what is there is taken, an end is not
    // awaited.
    while (!detached_ && (out_ >= 0 || err_ >= 0) && step(0)) {
    }
    return !detached_;
  }

  std::optional<ExitStatus> status() const { return exit_.status(); }

 private:
  /// One poll. False when no output came.
  bool step(int timeout) {
    const bool write_wanted = !pending_.empty() && process_.input_fd() >= 0;
    pollfd fds[] = {
        {timeout == 0 ? -1 : exit_.fd(), POLLIN, 0},
        {signals_.fd(), POLLIN, 0},
        {input_open_ && pending_.empty() ? console_.in : -1, POLLIN, 0},
        {write_wanted ? process_.input_fd() : -1, POLLOUT, 0},
        {out_, POLLIN, 0},
        {err_, POLLIN, 0},
    };
    if (poll(fds, std::size(fds), timeout) < 0 && errno != EINTR)
      throw SystemError(errno, "poll the terminal");
    if (fds[1].revents != 0) pass_signals();
    if (fds[2].revents != 0) read_input();
    if (fds[3].revents != 0) write_input();
    bool any = false;
    if (fds[4].revents != 0) any |= copy(out_, console_.out, "standard output");
    if (fds[5].revents != 0) any |= copy(err_, console_.err, "standard error");
    return any;
  }

  void pass_signals() {
    for (const int number : signals_.take()) {
      if (number == SIGWINCH) {
        if (options_.tty) resize();
      } else if (options_.proxy_signals) {
        process_.signal(number);
      }
    }
  }

  void resize() {
    const int fd = console_.in_is_terminal() ? console_.in : console_.out;
    const auto [rows, columns] = window_size(fd);
    process_.resize(rows, columns);
  }

  void read_input() {
    char bytes[16 * kPiece];
    const ssize_t n = read(console_.in, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
      input_open_ = false;
      if (!options_.tty) process_.close_input();
      return;
    }
    const std::string_view typed(bytes, static_cast<std::size_t>(n));
    if (!options_.tty) {
      pending_ = typed;
      return;
    }
    auto filtered = options_.detach_keys.feed(typed);
    pending_ = std::move(filtered.input);
    detached_ = filtered.detach;
  }

  void write_input() {
    const ssize_t n = write(process_.input_fd(), pending_.data(), std::min(pending_.size(), kPiece));
    if (n >= 0) {
      pending_.erase(0, static_cast<std::size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      // Nobody reads any more: as `true` in `yes | true`, that is no error.
      pending_.clear();
      input_open_ = false;
    }
  }

  /// EIO is how a terminal's master says that the last process on the other side is gone.
  bool copy(int& from, int to, const char* name) {
    char bytes[16 * kPiece];
    const ssize_t n = read(from, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (n <= 0) {
      from = -1;
      return false;
    }
    write_all(to, {bytes, static_cast<std::size_t>(n)}, name);
    return true;
  }

  const Console& console_;
  ProcessHandle& process_;
  RelayOptions options_;
  SignalPipe signals_{SignalPipe::proxied()};
  ExitWatch exit_;
  int out_ = -1, err_ = -1;
  std::string pending_;  ///< read from our input, not yet written to the process
  bool input_open_ = false, detached_ = false;
};

/// Writing to a process that is gone must be an error to handle, not our death.
class IgnoreBrokenPipe {
 public:
  IgnoreBrokenPipe() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before_);
  }
  ~IgnoreBrokenPipe() { sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

}  // namespace

void copy_log(const Console& console, LogReader& log) {
  while (const auto line = log.next(Deadline::never())) write_record(console, *line);
}

RelayResult relay(const Console& console, ProcessHandle& process, LogReader* log, RelayOptions options) {
  const IgnoreBrokenPipe ignore;
  std::optional<RawTerminal> raw;
  if (options.tty && options.input && console.in_is_terminal()) raw.emplace(console.in);
  Relay connection(console, process, std::move(options));
  std::optional<LogPump> pump;
  if (log != nullptr) pump.emplace(console, *log);
  if (!connection.run()) return {};
  if (pump) pump->finish();
  return {connection.status()};
}

}  // namespace devenv::cli
