#include "container.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "codec.h"
#include "container_failure.h"
#include "cri_log.h"
#include "plan_codec.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/kernel/namespaces.h"
#include "runtime/kernel/refusal.h"

namespace devenv::launch {

namespace {

constexpr std::size_t kRememberedExecs = 512;
constexpr auto kTimeToAsk = std::chrono::milliseconds(2000);

ExitStatus exit_status(int wait_status) {
  ExitStatus status;
  if (WIFSIGNALED(wait_status)) {
    status.signal = WTERMSIG(wait_status);
    status.code = 128 + status.signal;
  } else {
    status.code = WEXITSTATUS(wait_status);
  }
  return status;
}

Message make(MessageType type) {
  Message message;
  message.type = type;
  return message;
}

}  // namespace

Container::Container(Server& server, SandboxPlan plan, std::vector<UniqueFd> listeners,
                     std::vector<UniqueFd> kept, const ReplyTo& starter)
    : server_(server),
      plan_(std::move(plan)),
      starter_(starter),
      owner_client_(starter.client),
      hostname_(plan_.hostname.empty() ? plan_.id.substr(0, 12) : plan_.hostname),
      kept_(std::move(kept)),
      attachment_(std::make_unique<Attachment>(server.networks(), plan_, std::move(listeners))) {}

Container::~Container() {
  if (control_) server_.loop().remove(control_.get());
  if (pidfd_) server_.loop().remove(pidfd_.get());
}

void Container::remove_files() const {
  if (!plan_.scratch_dir.empty()) server_.janitor().remove_tree(plan_.scratch_dir);
}

void Container::send_to_init(const Message& message, std::vector<UniqueFd> fds) {
  if (outbox_) outbox_->push(message, std::move(fds));
}

void Container::close_control() {
  server_.loop().remove(control_.get());
  outbox_.reset();
}

void Container::on_init(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0 && outbox_) outbox_->flush();
  for (;;) {
    Message message;
    Received received;
    const int got = receive_message(control_.get(), message, received);
    if (got == -EAGAIN) return;
    std::vector<UniqueFd> fds;
    for (std::size_t i = 0; i < received.fd_count; ++i) fds.emplace_back(received.fds[i]);
    if (got == 1) {
      handle(message, std::move(fds));
      continue;
    }
    close_control();  // its end; the pidfd reports the rest
    return;
  }
}

void Container::handle(const Message& message, std::vector<UniqueFd> fds) {
  if (message.type == MessageType::running) on_running(message, std::move(fds));
  if (message.type == MessageType::failed) on_failed(message);
  if (message.type == MessageType::exited) on_exited(message);
}

void Container::on_running(const Message& message, std::vector<UniqueFd> fds) {
  std::vector<UniqueFd> passed;
  Message reply = make(MessageType::ok);
  reply.number = message.number;
  reply.value = message.value;
  if (message.number == 0) {
    state_ = State::running;
    started_ns_ = unix_now_ns();
    if (!fds.empty()) {
      terminal_ = std::move(fds[0]);
      pump_->add(UniqueFd(check(fcntl(terminal_.get(), F_DUPFD_CLOEXEC, 3), "duplicate a terminal")),
                 CriStream::out);
    }
    reply.value = pid_;
    reply.time_ns = started_ns_;
    set_text(reply.id, sizeof reply.id, plan_.id.c_str());
    set_text(reply.text, sizeof reply.text, attachment_->ip().c_str());
    passed.emplace_back(check(fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 3), "duplicate a pidfd"));
    const int input = terminal_ ? terminal_.get() : input_.get();
    if (input >= 0) passed.emplace_back(check(fcntl(input, F_DUPFD_CLOEXEC, 3), "duplicate an input"));
    if (plan_.stdin_mode == StdinMode::once) input_.reset();
    std::string unmet;  // the usual start is spared a memfd
    if (!unmet_limits_.empty()) unmet = Encoder().put(unmet_limits_).bytes();
    if (starter_) server_.reply(*starter_, reply, unmet, std::move(passed));
    starter_.reset();
    return;
  }
  Exec& exec = execs_[message.number];
  exec.process = {};  // only for messages of a failed start
  if (exec.starter) server_.reply(*exec.starter, reply, {}, std::move(fds));
  exec.starter.reset();
}

void Container::on_failed(const Message& message) {
  const Failure failure{static_cast<Step>(message.step), message.value, message.flags};
  if (message.number == 0) {
    const StartError error = start_error(plan_, plan_.process, failure);
    return fail_start(error.kind, error.text, error.code);
  }
  const auto exec = execs_.find(message.number);
  if (exec == execs_.end()) return;
  const StartError error = start_error(plan_, exec->second.process, failure);
  if (exec->second.starter) server_.reply_error(*exec->second.starter, error.kind, error.text, error.code);
  execs_.erase(exec);
}

void Container::fail_start(ErrorKind kind, const std::string& text, int code) {
  if (!start_error_.set) start_error_ = {true, kind, code, text};
  kill();
}

void Container::on_exited(const Message& message) {
  const ExitStatus status = exit_status(message.value);
  if (message.number == 0) {
    exit_ = status;
    return;
  }
  Exec& exec = execs_[message.number];
  exec.exit = status;
  for (const ReplyTo& waiter : exec.waiters) reply_exit(waiter, status);
  exec.waiters.clear();
  forget_old_execs();
}

// A health check of days must not fill the holder: only the latest ends are remembered.
void Container::forget_old_execs() {
  for (auto exec = execs_.begin(); execs_.size() > kRememberedExecs && exec != execs_.end();)
    exec = exec->second.exit ? execs_.erase(exec) : std::next(exec);
}

// Init is gone and with it, by the kernel's word, every process of its namespace.
void Container::on_gone() {
  server_.loop().remove(pidfd_.get());
  on_init(0);
  close_control();
  waitpid(pid_, &init_status_, 0);
  if (!exit_) {
    exit_ = ExitStatus{};
    exit_->signal = SIGKILL;
    exit_->code = 128 + SIGKILL;
  }
  finished_ns_ = unix_now_ns();
  finish();
}

void Container::release() {
  attachment_.reset();
  pump_->finish();
  pump_.reset();
  terminal_.reset();
  input_.reset();
  try {
    if (cgroup_) cgroup_->destroy(Deadline::after(std::chrono::milliseconds(200)));
  } catch (const Error&) {
    // Its directory is in the session's, which the sweep removes.
  }
  cgroup_.reset();
}

void Container::record_exit() const {
  std::string text = std::to_string(exit_->code) + ' ' + std::to_string(exit_->signal) + ' ' +
                     std::to_string(exit_->out_of_memory) + ' ' + std::to_string(finished_ns_);
  text.resize(kExitRecordBytes - 1, ' ');
  try {
    write_all(open_file(plan_.exit_path, O_WRONLY).get(), text + '\n', plan_.exit_path);
  } catch (const Error&) {
    // Its directory may have been removed under us: then nobody asks either.
  }
}

void Container::answer_waiters() {
  for (auto& [number, exec] : execs_) {
    if (exec.starter)
      server_.reply_error(*exec.starter, ErrorKind::conflict,
                          "run a process in container " + plan_.name + ": it has exited");
    exec.starter.reset();
    if (!exec.exit) exec.exit = ExitStatus{128 + SIGKILL, SIGKILL, false};
    for (const ReplyTo& waiter : exec.waiters) reply_exit(waiter, *exec.exit);
    exec.waiters.clear();
  }
  for (const ReplyTo& waiter : waiters_) reply_exit(waiter, *exit_);
  waiters_.clear();
}

void Container::finish() {
  state_ = State::ended;
  exit_->out_of_memory = cgroup_ && cgroup_->oom_killed();
  release();
  if (!plan_.exit_path.empty() && !start_error_.set) record_exit();
  const bool told = !waiters_.empty();
  answer_waiters();
  if (start_error_.set || starter_ || remove_when_ended_) return server_.erase_later(plan_.id);
  if (plan_.auto_remove) {
    // Whoever started it may just be about to ask for its log and its end.
    const bool expected = !told && server_.connected(owner_client_);
    server_.erase_later(plan_.id, expected ? kTimeToAsk : std::chrono::milliseconds(0));
  }
  server_.container_ended();
}

std::string Container::end_of_init() const {
  const std::string killed = "its init was killed before the command ran";
  if (!WIFSIGNALED(init_status_) || WTERMSIG(init_status_) != SIGSYS) return killed;
  return killed + ", by a system call filter; " + kernel::refusal_hint(EPERM);
}

void Container::tell_erased() {
  kept_.clear();  // whoever is told may want the volume for itself
  if (starter_) {
    if (!start_error_.set)
      start_error_ = {true, ErrorKind::error, 0,
                      "start container " + plan_.name + ": " + end_of_init()};
    server_.reply_error(*starter_, start_error_.kind, start_error_.text, start_error_.code);
  }
  for (const ReplyTo& remover : removers_) server_.reply(remover, make(MessageType::ok));
}

void Container::exec(const ReplyTo& to, const ProcessPlan& process, std::uint32_t stdio_bits,
                     std::vector<UniqueFd> stdio) {
  if (state_ != State::running || exit_)
    return server_.reply_error(to, ErrorKind::conflict,
                               "run a process in container " + plan_.name + ": it is not running");
  Message message = make(MessageType::run);
  message.number = next_exec_++;
  const std::string block = encode_process(process);
  stdio.insert(stdio.begin(), to_memfd(block));
  message.payload_bytes = static_cast<std::uint32_t>(block.size());
  message.flags = stdio_bits;
  Exec& exec = execs_[message.number];
  exec.starter = to;
  exec.process = process;
  send_to_init(message, std::move(stdio));
}

void Container::listening(const ReplyTo& to, std::uint16_t port, bool udp) {
  if (state_ != State::running || exit_)
    return server_.reply_error(to, ErrorKind::conflict,
                               "look for listeners in container " + plan_.name + ": it is not running");
  Message reply = make(MessageType::ok);
  reply.value = attachment_->listens_on(pid_, port, udp);
  server_.reply(to, reply);
}

void Container::reply_exit(const ReplyTo& to, const ExitStatus& status) const {
  Message reply = make(MessageType::ok);
  reply.value = status.code;
  reply.number = static_cast<std::uint64_t>(status.signal);
  reply.flags = status.out_of_memory;
  server_.reply(to, reply);
}

void Container::wait(const ReplyTo& to) {
  if (state_ != State::ended) return waiters_.push_back(to);
  reply_exit(to, *exit_);
  if (plan_.auto_remove) server_.erase_later(plan_.id);
}

void Container::wait_exec(const ReplyTo& to, std::uint64_t number) {
  const auto exec = execs_.find(number);
  if (exec == execs_.end())
    return server_.reply_error(
        to, ErrorKind::not_found,
        "wait for exec " + std::to_string(number) + ": container " + plan_.name + " has none of that number");
  if (exec->second.exit) return reply_exit(to, *exec->second.exit);
  exec->second.waiters.push_back(to);
}

void Container::signal(std::uint64_t number, int signal) {
  if (state_ == State::ended) return;
  if (state_ == State::starting && signal != SIGKILL) return;  // nothing runs yet that could hear it
  // SIGKILL for the container does not depend on its init's cooperation.
  if (number == 0 && signal == SIGKILL) return kill();
  Message message = make(MessageType::kill_process);
  message.number = number;
  message.value = signal;
  send_to_init(message);
}

void Container::attach_input(const ReplyTo& to) {
  const int input = terminal_ ? terminal_.get() : input_.get();
  std::vector<UniqueFd> fds;
  if (input >= 0) fds.emplace_back(check(fcntl(input, F_DUPFD_CLOEXEC, 3), "duplicate an input"));
  server_.reply(to, make(MessageType::ok), {}, std::move(fds));
}

void Container::follow_log(UniqueFd pipe) {
  if (pump_) pump_->add_follower(std::move(pipe));
}

void Container::remove(const ReplyTo& to) {
  removers_.push_back(to);
  if (state_ == State::ended) return server_.erase_later(plan_.id);
  remove_when_ended_ = true;
  kill();
}

void Container::client_gone(std::uint64_t client) {
  if (client != owner_client_) return;
  if (state_ == State::ended && (plan_.auto_remove || plan_.die_with_connection))
    return server_.erase_later(plan_.id);
  if (!plan_.die_with_connection) return;
  remove_when_ended_ = true;
  kill();
}

void Container::kill() {
  if (!pidfd_ || state_ == State::ended) return;
  if (cgroup_) cgroup_->kill();
  kernel::send_signal(pidfd_.get(), SIGKILL);
}

void Container::describe(Encoder& out) const {
  out.put(plan_.id).put(plan_.name).put(plan_.metadata).put(plan_.log_path);
  out.put(plan_.network.mode == ContainerNetwork::Mode::bridge ? plan_.network.network
          : plan_.network.mode == ContainerNetwork::Mode::none ? std::string("none")
                                                               : std::string("host"));
  out.put(attachment_ ? attachment_->ip() : std::string())
      .put(state_ == State::ended ? 0u : static_cast<unsigned>(pid_));
  out.put(state_ == State::ended);
  const ExitStatus exit = exit_.value_or(ExitStatus{});
  out.put(static_cast<unsigned>(exit.code)).put(static_cast<unsigned>(exit.signal)).put(exit.out_of_memory);
  out.put(static_cast<std::uint64_t>(started_ns_)).put(static_cast<std::uint64_t>(finished_ns_));
}

}  // namespace devenv::launch
