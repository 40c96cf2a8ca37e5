#include "processes.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/memory_file.h"

namespace devenv::engine {
namespace {

struct Pipe {
  UniqueFd read, write;
};

Pipe make_pipe() {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void resize_terminal(int terminal, unsigned rows, unsigned columns) {
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  if (terminal >= 0) ioctl(terminal, TIOCSWINSZ, &size);
}

class AttachedProcess final : public ProcessHandle {
 public:
  AttachedProcess(const Located& container, UniqueFd input)
      : holder_(container.holder),
        id_(container.record.id),
        input_(input ? std::move(input) : holder_->attach_input(id_)) {}

  int input_fd() const override { return input_.get(); }
  int output_fd() const override { return -1; }
  int error_fd() const override { return -1; }
  void close_input() override { input_.reset(); }
  void resize(unsigned rows, unsigned columns) override { resize_terminal(input_.get(), rows, columns); }
  void signal(int number) override { holder_->signal(id_, number); }
  std::optional<ExitStatus> wait(Deadline deadline) override { return holder_->wait(id_, deadline); }

 private:
  const std::shared_ptr<launch::Holder> holder_;
  const std::string id_;
  UniqueFd input_;
};

struct ExecPipes {
  UniqueFd input, output, errors;  ///< our ends; with a terminal only input, its master
};

class ExecProcess final : public ProcessHandle {
 public:
  ExecProcess(const Located& container, std::uint64_t exec_id, ExecPipes pipes, bool tty)
      : holder_(container.holder),
        id_(container.record.id),
        exec_id_(exec_id),
        pipes_(std::move(pipes)),
        tty_(tty) {}

  int input_fd() const override { return pipes_.input.get(); }
  int output_fd() const override { return tty_ ? pipes_.input.get() : pipes_.output.get(); }
  int error_fd() const override { return tty_ ? pipes_.input.get() : pipes_.errors.get(); }
  void close_input() override {
    if (!tty_) pipes_.input.reset();
  }
  void resize(unsigned rows, unsigned columns) override {
    if (tty_) resize_terminal(pipes_.input.get(), rows, columns);
  }
  void signal(int number) override { holder_->signal_exec(id_, exec_id_, number); }
  std::optional<ExitStatus> wait(Deadline deadline) override {
    return holder_->wait_exec(id_, exec_id_, deadline);
  }

 private:
  const std::shared_ptr<launch::Holder> holder_;
  const std::string id_;
  const std::uint64_t exec_id_;
  ExecPipes pipes_;
  const bool tty_;
};

/// Where and as whom the main process runs, with what the exec says over it.
launch::ProcessPlan plan_process(const launch::ContainerRecord& container, const ExecSpec& spec) {
  if (spec.command.empty()) throw Error("exec in container " + container.name + ": no command given");
  launch::ProcessPlan plan = container.process;
  plan.argv = spec.command;
  const auto is_term = [](const std::string& entry) { return entry.rfind("TERM=", 0) == 0; };
  if (spec.tty && std::none_of(plan.env.begin(), plan.env.end(), is_term))
    plan.env.emplace_back("TERM=xterm");
  launch::merge_environment(plan.env, spec.env);
  if (!spec.user.empty()) plan.user = spec.user;
  if (!spec.workdir.empty()) plan.cwd = spec.workdir;
  plan.create_cwd = false;
  plan.tty = spec.tty;
  plan.rows = plan.columns = 0;
  return plan;
}

/// Reads what is there into `text`; closes the descriptor at its end.
void drain(UniqueFd& fd, std::string& text) {
  char buffer[65536];
  const ssize_t n = read(fd.get(), buffer, sizeof buffer);
  if (n > 0)
    text.append(buffer, static_cast<std::size_t>(n));
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    fd.reset();
}

UniqueFd input_file(const std::string& input) {
  UniqueFd file = memory_file("input", MemoryFile::data, "memfd_create");
  write_all(file.get(), input, "the input of an exec");
  check(lseek(file.get(), 0, SEEK_SET), "rewind the input of an exec");
  return file;
}

constexpr auto kExitPoll = std::chrono::milliseconds(20);

}  // namespace

std::unique_ptr<ProcessHandle> attach(const Located& container, UniqueFd input) {
  return std::make_unique<AttachedProcess>(container, std::move(input));
}

std::unique_ptr<ProcessHandle> open_exec(const Located& container, const ExecSpec& spec) {
  const launch::ProcessPlan plan = plan_process(container.record, spec);
  ExecPipes ours;
  if (spec.tty) {
    launch::StartedExec started = container.holder->exec(container.record.id, plan, -1, -1, -1);
    ours.input = std::move(started.terminal);
    return std::make_unique<ExecProcess>(container, started.exec_id, std::move(ours), true);
  }
  Pipe output = make_pipe(), errors = make_pipe(), input;
  if (spec.open_stdin) input = make_pipe();
  const auto started = container.holder->exec(container.record.id, plan, input.read.get(), output.write.get(),
                                              errors.write.get());
  ours = {std::move(input.write), std::move(output.read), std::move(errors.read)};
  return std::make_unique<ExecProcess>(container, started.exec_id, std::move(ours), false);
}

ExecResult exec(const Located& container, const ExecSpec& spec, Deadline deadline) {
  const launch::ProcessPlan plan = plan_process(container.record, spec);
  Pipe output = make_pipe(), errors = make_pipe();
  UniqueFd input;
  if (!spec.input.empty()) input = input_file(spec.input);
  const auto started =
      container.holder->exec(container.record.id, plan, input.get(), output.write.get(), errors.write.get());
  output.write.reset();
  errors.write.reset();
  fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
  fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);

  ExecResult result;
  std::optional<ExitStatus> exit;
  while (output.read || errors.read) {
    pollfd fds[2] = {{output.read.get(), POLLIN, 0}, {errors.read.get(), POLLIN, 0}};
    const int ready =
        poll(fds, 2, exit ? 0 : Deadline::sooner(deadline, Deadline::after(kExitPoll)).poll_timeout_ms());
    if (fds[0].revents) drain(output.read, result.output);
    if (fds[1].revents) drain(errors.read, result.errors);
    if (ready > 0) continue;
    if (exit || deadline.passed()) break;
    exit = container.holder->wait_exec(container.record.id, started.exec_id, Deadline::after({}));
  }
  if (!exit) exit = container.holder->wait_exec(container.record.id, started.exec_id, deadline);
  if (!exit) {
    container.holder->signal_exec(container.record.id, started.exec_id, SIGKILL);
    throw Timeout("exec " + spec.command[0] + " in container " + container.record.name +
                  ": did not finish in time, so it was killed");
  }
  result.exit = *exit;
  return result;
}

}  // namespace devenv::engine
