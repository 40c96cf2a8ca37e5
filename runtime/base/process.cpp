#include "process.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/process/v2.hpp>
// 1.81 forgets this header-only implementation.
#include <boost/process/v2/impl/environment.ipp>
#include <boost/process/v2/posix/vfork_launcher.hpp>

#include <functional>
#include <optional>

#include "check.h"
#include "devenv/error.h"
#include "files.h"

namespace devenv {
namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using boost::system::error_code;

constexpr std::size_t kErrorsKept = 64u << 10;

/// One child's pipes, pumped on a private io_context.
class Run {
 public:
  explicit Run(const ProcessSpec& spec) : spec_(spec) {}

  ProcessResult finish() {
    start();
    read_output();
    read_errors();
    watch_deadline();
    child_->async_wait([this](error_code, int) {
      status_ = child_->native_exit_code();  // the argument has exit codes and signals mixed
      exited_ = true;
      timer_.cancel();
    });
    io_.run();
    if (timed_out_) throw Timeout("run " + spec_.argv[0] + ": did not finish in time, so it was killed");
    result_.exit_code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
    return std::move(result_);
  }

 private:
  void start() {
    const std::string& name = spec_.argv.at(0);
    const auto path = name.find('/') == std::string::npos ? process::environment::find_executable(name)
                                                          : boost::process::v2::filesystem::path(name);
    if (path.empty()) throw NotFound("run " + name + ": no such program in PATH");
    const std::vector<std::string> arguments(spec_.argv.begin() + 1, spec_.argv.end());
    const UniqueFd input = input_file();
    process::posix::vfork_launcher launch;
    error_code failure;
    if (spec_.env.empty())
      child_.emplace(launch(io_, failure, path, arguments, process::process_stdio{input.get(), out_, err_}));
    else
      child_.emplace(launch(io_, failure, path, arguments, process::process_stdio{input.get(), out_, err_},
                            process::process_environment(spec_.env)));
    if (failure) throw SystemError(failure.value(), "run " + name);
  }

  /// A file, not a pipe: a child that does not read its input cannot raise SIGPIPE here.
  UniqueFd input_file() const {
    UniqueFd file(check(memfd_create("input", MFD_CLOEXEC), "memfd_create"));
    write_all(file.get(), spec_.input, "standard input of " + spec_.argv[0]);
    check(lseek(file.get(), 0, SEEK_SET), "rewind input");
    return file;
  }

  void read_output() {
    out_.async_read_some(asio::buffer(chunk_), [this](error_code failure, std::size_t n) {
      const std::size_t room = spec_.output_limit - result_.output.size();
      result_.output.append(chunk_, n < room ? n : room);
      if (!failure) read_output();
    });
  }

  void read_errors() {
    asio::async_read_until(err_, errors_, '\n', [this](error_code failure, std::size_t n) {
      if (failure) n = errors_.size();
      std::string line(asio::buffers_begin(errors_.data()),
                       asio::buffers_begin(errors_.data()) + static_cast<long>(n));
      errors_.consume(n);
      result_.errors += line;
      if (result_.errors.size() > 2 * kErrorsKept)
        result_.errors.erase(0, result_.errors.size() - kErrorsKept);
      while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
      if (spec_.on_error_line && !line.empty()) spec_.on_error_line(line);
      if (!failure) read_errors();
    });
  }

  void watch_deadline() {
    if (spec_.deadline.is_never()) return;
    timer_.expires_after(spec_.deadline.remaining());
    timer_.async_wait([this](error_code cancelled) {
      if (cancelled || exited_) return;
      timed_out_ = true;
      error_code ignored;
      child_->terminate(ignored);
      out_.close(ignored);
      err_.close(ignored);
    });
  }

  const ProcessSpec& spec_;
  asio::io_context io_;
  asio::readable_pipe out_{io_}, err_{io_};
  asio::steady_timer timer_{io_};
  std::optional<process::process> child_;
  asio::streambuf errors_;
  char chunk_[65536];
  int status_ = 0;
  bool exited_ = false, timed_out_ = false;
  ProcessResult result_{0, {}, {}};
};

}  // namespace

ProcessResult run_process(const ProcessSpec& spec) { return Run(spec).finish(); }

}  // namespace devenv
