#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "check.h"
#include "devenv/error.h"
#include "files.h"
#include "memory_file.h"
#include "spawn.h"

namespace devenv {
namespace {

constexpr std::size_t kErrorsKept = 64u << 10;

/// The child has these three descriptors and no other. Its pid, or -errno.
pid_t spawn(const ProcessSpec& spec, int input, int output, int errors) {
  SpawnFileActions actions;
  posix_spawn_file_actions_adddup2(actions.get(), input, 0);
  posix_spawn_file_actions_adddup2(actions.get(), output, 1);
  posix_spawn_file_actions_adddup2(actions.get(), errors, 2);
  posix_spawn_file_actions_addclosefrom_np(actions.get(), 3);
  const SpawnAttributes attributes;
  const std::vector<char*> argv = spawn_pointers(spec.argv), env = spawn_pointers(spec.env);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv[0], actions.get(), attributes.get(), argv.data(),
                                 spec.env.empty() ? environ : env.data());
  return error == 0 ? pid : -error;
}

struct Pipe {
  UniqueFd read_end, write_end;
};

/// Out of the way of 0 to 2, which a parent may have closed: a descriptor there would be overwritten, not
/// passed on.
UniqueFd raised(int fd) {
  const UniqueFd low(fd);
  return UniqueFd(check(fcntl(fd, F_DUPFD_CLOEXEC, 3), "duplicate a descriptor"));
}

Pipe make_pipe() {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "create a pipe");
  Pipe pipe{UniqueFd(ends[0]), {}};
  pipe.write_end = raised(ends[1]);
  return pipe;
}

/// One child and its pipes.
class Run {
 public:
  explicit Run(const ProcessSpec& spec) : spec_(spec) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    if (pid_ > 0) end();  // a callback threw
  }

  ProcessResult finish() {
    start();
    while (output_ || errors_ || process_) {
      pollfd watched[3] = {
          {output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}, {process_.get(), POLLIN, 0}};
      const int ready = poll(watched, 3, spec_.deadline.poll_timeout_ms());
      if (ready < 0 && errno != EINTR) throw SystemError(errno, "wait for " + spec_.argv[0]);
      if (ready == 0 && spec_.deadline.passed()) {
        end();
        throw Timeout("run " + spec_.argv[0] + ": did not finish in time, so it was killed");
      }
      if (ready <= 0) continue;
      if (watched[0].revents != 0) read_output();
      if (watched[1].revents != 0) read_errors();
      if (watched[2].revents != 0) process_.reset();
    }
    const int status = reap();
    result_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return std::move(result_);
  }

 private:
  void start() {
    const UniqueFd input = input_file();
    Pipe output = make_pipe(), errors = make_pipe();
    pid_ = spawn(spec_, input.get(), output.write_end.get(), errors.write_end.get());
    const std::string& name = spec_.argv.at(0);
    if (pid_ == -ENOENT)
      throw NotFound(
          "run " + name +
          (name.find('/') == std::string::npos ? ": no such program in PATH" : ": no such program"));
    if (pid_ < 0) throw SystemError(-pid_, "run " + name);
    process_ =
        UniqueFd(check(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)), [&] { return "watch " + name; }));
    output_ = std::move(output.read_end);
    errors_ = std::move(errors.read_end);
  }

  /// A file, not a pipe: a child that does not read its input cannot raise SIGPIPE here.
  UniqueFd input_file() const {
    UniqueFd file = raised(memory_file("input", MemoryFile::data, "memfd_create").release());
    write_all(file.get(), spec_.input, "standard input of " + spec_.argv.at(0));
    check(lseek(file.get(), 0, SEEK_SET), "rewind input");
    return file;
  }

  /// What a ready pipe holds; closes it at its end.
  std::string_view read_some(UniqueFd& pipe) {
    const ssize_t got = read(pipe.get(), chunk_, sizeof chunk_);
    if (got > 0) return {chunk_, static_cast<std::size_t>(got)};
    if (got == 0 || errno != EINTR) pipe.reset();
    return {};
  }

  void read_output() {
    const std::size_t room = spec_.output_limit - result_.output.size();
    result_.output.append(read_some(output_).substr(0, room));
  }

  void read_errors() {
    line_.append(read_some(errors_));
    for (std::size_t end; (end = line_.find('\n')) != std::string::npos; line_.erase(0, end + 1))
      add_error_line(line_.substr(0, end + 1));
    if (!errors_) add_error_line(std::exchange(line_, {}));
  }

  void add_error_line(std::string line) {
    result_.errors += line;
    if (result_.errors.size() > 2 * kErrorsKept) result_.errors.erase(0, result_.errors.size() - kErrorsKept);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    if (spec_.on_error_line && !line.empty()) spec_.on_error_line(line);
  }

  void end() noexcept {
    kill(pid_, SIGKILL);
    reap();
  }

  int reap() noexcept {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
    return status;
  }

  const ProcessSpec& spec_;
  UniqueFd output_, errors_, process_;
  pid_t pid_ = -1;
  std::string line_;
  char chunk_[65536];
  ProcessResult result_{0, {}, {}};
};

}  // namespace

ProcessResult run_process(const ProcessSpec& spec) { return Run(spec).finish(); }

}  // namespace devenv
