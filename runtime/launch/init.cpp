// PID 1 of a container: builds it, starts its main process, then serves its control socket and reaps.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "child.h"
#include "runtime/kernel/namespaces.h"
#include "runtime/kernel/process_setup.h"
#include "runtime/kernel/rootfs.h"
#include "sandbox.h"
#include "wire.h"

namespace devenv::launch {

namespace {

constexpr unsigned kMaxProcesses = 1024;  // the main one and execs at once

struct Running {
  pid_t pid = 0;
  std::uint64_t number = 0;
};

// One per process, and init is a process of its own: static keeps it out of a deep stack.
struct Init {
  int control = -1;
  int signals = -1;
  int pts = -1;
  std::uint64_t capabilities = 0;
  Running running[kMaxProcesses];
  unsigned count = 0;
  bool main_ended = false;
  int main_status = 0;
  Message message;
  Received received;
};
Init self;

[[noreturn]] void end(int code) noexcept {
  ::kill(-1, SIGKILL);
  _exit(code);
}

void send(MessageType type, std::uint64_t number, int value, Step step = Step::none, std::uint32_t index = 0,
          int fd = -1) noexcept {
  static Message message;
  message = Message{};
  message.type = type;
  message.number = number;
  message.value = value;
  message.step = static_cast<std::uint32_t>(step);
  message.flags = index;
  send_message(self.control, message, &fd, fd >= 0 ? 1 : 0);
}

void send_failure(std::uint64_t number, const Failure& failure) noexcept {
  send(MessageType::failed, number, failure.error, failure.step, failure.index);
}

// Blocks until the holder sends `type`. False when it is gone.
bool await(MessageType type) noexcept {
  if (receive_message(self.control, self.message, self.received) != 1) return false;
  for (std::size_t i = 0; i < self.received.fd_count; ++i) close(self.received.fds[i]);
  return self.message.type == type;
}

// Descriptors 0..2 become /dev/null of the host for now: nothing of the holder's stays open but what `keep`
// names.
int keep_only(int* keep[], unsigned count) noexcept {
  int kept[8];
  unsigned used = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (*keep[i] < 0) continue;
    // High numbers first, so that none is among those about to be closed; the order makes them ascending.
    const int moved = fcntl(*keep[i], F_DUPFD_CLOEXEC, used == 0 ? 3 : kept[used - 1] + 1);
    if (moved < 0) return -errno;
    *keep[i] = moved;
    kept[used++] = moved;
  }
  return kernel::close_descriptors_from(3, kept, used);
}

int use_null_stdio() noexcept {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return -errno;
  for (int fd = 0; fd < 3; ++fd)
    if (dup2(null, fd) < 0) return -errno;
  if (null > 2) close(null);
  return 0;
}

int open_signals() noexcept {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  kernel::reset_signals();
  // PID 1 gets from inside its namespace only signals it handles: it handles none.
  if (sigprocmask(SIG_SETMASK, &children, nullptr) != 0) return -errno;
  const int fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

// Forks and waits for the exec: the pipe closes when it succeeds and carries the failure when it does not.
Failure fork_payload(ProcessBlock& process, const Stdio& stdio, pid_t& pid) noexcept {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return {Step::fork, errno, 0};
  pid = fork();
  if (pid == 0) {
    close(report[0]);
    const Failure failure = run_payload(process, stdio, self.capabilities);
    (void)!write(report[1], &failure, sizeof failure);
    _exit(127);
  }
  const int fork_error = errno;
  close(report[1]);
  if (pid < 0) {
    close(report[0]);
    return {Step::fork, fork_error, 0};
  }
  Failure failure;
  ssize_t got;
  do got = read(report[0], &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  close(report[0]);
  if (got != static_cast<ssize_t>(sizeof failure)) return {};
  waitpid(pid, nullptr, 0);
  return failure;
}

void start(std::uint64_t number, ProcessBlock& process, Stdio stdio, int master) noexcept {
  if (self.count == kMaxProcesses) return send_failure(number, {Step::too_many, EAGAIN, 0});
  pid_t pid = -1;
  const Failure failure = fork_payload(process, stdio, pid);
  if (failure.failed()) return send_failure(number, failure);
  self.running[self.count++] = {pid, number};
  send(MessageType::running, number, pid, Step::none, 0, master);
}

// Behind the memfd: those of stdin, stdout, stderr that bits 0 to 2 of `flags` say are there.
Stdio passed_stdio() noexcept {
  Stdio stdio;
  std::size_t at = 1;
  int* const fields[3] = {&stdio.input, &stdio.output, &stdio.errors};
  for (unsigned i = 0; i < 3; ++i)
    if ((self.message.flags & (1u << i)) != 0 && at < self.received.fd_count)
      *fields[i] = self.received.fds[at++];
  return stdio;
}

void start_exec() noexcept {
  const std::uint64_t number = self.message.number;
  const std::size_t size = self.message.payload_bytes;
  if (self.received.fd_count == 0 || size == 0) return send_failure(number, {Step::malformed, EPROTO, 0});
  Stdio stdio = passed_stdio();
  void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, self.received.fds[0], 0);
  if (block == MAP_FAILED) return send_failure(number, {Step::malformed, errno, 0});
  ProcessBlock* process = relocate(static_cast<char*>(block), size);
  kernel::Terminal terminal;
  if (process == nullptr) {
    send_failure(number, {Step::malformed, EPROTO, 0});
  } else if (process->tty && (terminal = kernel::open_terminal(self.pts)).error < 0) {
    send_failure(number, {Step::terminal, -terminal.error, 0});
  } else {
    stdio.terminal = terminal.peer;
    start(number, *process, stdio, terminal.master);
  }
  if (terminal.master >= 0) close(terminal.master);
  if (terminal.peer >= 0) close(terminal.peer);
  munmap(block, size);
}

void kill_process() noexcept {
  for (unsigned i = 0; i < self.count; ++i)
    if (self.running[i].number == self.message.number) ::kill(self.running[i].pid, self.message.value);
}

void serve_control() noexcept {
  const int got = receive_message(self.control, self.message, self.received);
  if (got == 0) end(1);
  if (got < 0) return;
  if (self.message.type == MessageType::run) start_exec();
  if (self.message.type == MessageType::kill_process) kill_process();
  for (std::size_t i = 0; i < self.received.fd_count; ++i) close(self.received.fds[i]);
}

void note_exit(pid_t pid, int status) noexcept {
  for (unsigned i = 0; i < self.count; ++i) {
    if (self.running[i].pid != pid) continue;
    const std::uint64_t number = self.running[i].number;
    self.running[i] = self.running[--self.count];
    if (number != 0) return send(MessageType::exited, number, status);
    self.main_ended = true;
    self.main_status = status;
    return;
  }
}

void reap(int flags) noexcept {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, flags)) > 0 || (pid < 0 && errno == EINTR);)
    if (pid > 0) note_exit(pid, status);
}

[[noreturn]] void serve() noexcept {
  while (!self.main_ended) {
    pollfd watched[2] = {{self.control, POLLIN, 0}, {self.signals, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) {
      signalfd_siginfo info;
      while (read(self.signals, &info, sizeof info) > 0) continue;
      reap(WNOHANG);
    }
    if (!self.main_ended && watched[0].revents != 0) serve_control();
  }
  ::kill(-1, SIGKILL);
  reap(0);
  send(MessageType::exited, 0, self.main_status);
  end(0);
}

Failure build(ChildContext& context, Sandbox& sandbox) noexcept {
  int* keep[] = {&context.control, &context.input, &context.output, &context.errors, &context.host_network};
  if (const int error = keep_only(keep, 5); error < 0) return {Step::inherit, -error, 0};
  self.control = context.control;
  if (const int error = kernel::die_with_parent(); error < 0) return {Step::die_with_parent, -error, 0};
  if (const int error = use_null_stdio(); error < 0) return {Step::inherit, -error, 0};
  umask(0);
  if (const Failure failure = set_up_limits(*context.plan); failure.failed()) return failure;
  if (context.host_network >= 0) {
    const int error = kernel::enter_namespace(context.host_network, CLONE_NEWNET);
    close(context.host_network);
    if (error < 0) return {Step::host_network, -error, 0};
  }
  if (const Failure failure = mount_sandbox(context, sandbox); failure.failed()) return failure;
  // The holder moves us into our cgroups first and connects the network second.
  if (!await(MessageType::go)) return {Step::holder_gone, EPIPE, 0};
  if (const Failure failure = close_sandbox(context, sandbox); failure.failed()) return failure;
  if (const int error = use_null_stdio(); error < 0) return {Step::inherit, -error, 0};
  if (const Failure failure = confine(*context.plan); failure.failed()) return failure;
  self.signals = open_signals();
  if (self.signals < 0) return {Step::inherit, -self.signals, 0};
  if (!await(MessageType::go)) return {Step::holder_gone, EPIPE, 0};
  add_own_host(sandbox, self.message.text, context.hostname);
  return {};
}

}  // namespace

void run_init(const ChildContext& prepared) noexcept {
  ChildContext context = prepared;
  self.control = context.control;
  self.capabilities = context.plan->capabilities;
  prctl(PR_SET_NAME, "devenv-init");
  Sandbox sandbox;
  if (const Failure failure = build(context, sandbox); failure.failed()) {
    send_failure(0, failure);
    end(125);
  }
  self.pts = sandbox.pts;
  close(sandbox.root);
  close(sandbox.dev);
  start(0, *context.process, {context.input, context.output, context.errors, sandbox.peer}, sandbox.master);
  for (const int fd : {context.input, context.output, context.errors, sandbox.peer, sandbox.master})
    if (fd >= 0) close(fd);
  if (self.count == 0) end(125);
  serve();
}

}  // namespace devenv::launch
