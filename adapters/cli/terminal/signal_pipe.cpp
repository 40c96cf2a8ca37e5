#include "signal_pipe.h"

#include <fcntl.h>

#include <atomic>
#include <cerrno>

#include "runtime/base/check.h"

namespace devenv::cli {
namespace {

std::atomic<int> pipe_end{-1};

void on_signal(int number) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe drops the signal: hundreds of the same are waiting then.
  [[maybe_unused]] const auto written = write(pipe_end.load(), &byte, 1);
  errno = saved;
}

}  // namespace

SignalPipe::SignalPipe(std::vector<int> signals) : signals_(std::move(signals)) {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC | O_NONBLOCK), "make a pipe for signals");
  read_ = UniqueFd(ends[0]);
  write_ = UniqueFd(ends[1]);
  pipe_end = write_.get();
  for (const int number : signals_) {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    struct sigaction before {};
    sigaction(number, &action, &before);
    before_.push_back(before);
  }
}

SignalPipe::~SignalPipe() {
  for (std::size_t i = 0; i < signals_.size(); ++i) sigaction(signals_[i], &before_[i], nullptr);
  pipe_end = -1;
}

std::vector<int> SignalPipe::proxied() {
  return {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};
}

std::vector<int> SignalPipe::take() {
  std::vector<int> numbers;
  unsigned char bytes[64];
  ssize_t n = 0;
  while ((n = read(read_.get(), bytes, sizeof bytes)) > 0)
    for (ssize_t i = 0; i < n; ++i) numbers.push_back(bytes[i]);
  return numbers;
}

}  // namespace devenv::cli
