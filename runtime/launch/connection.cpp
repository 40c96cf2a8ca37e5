#include "connection.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "codec.h"
#include "runtime/base/check.h"
#include "runtime/base/forked.h"
#include "runtime/kernel/refusal.h"
#include "stopped.h"

namespace devenv::launch {

namespace {

constexpr auto kHolderTime = std::chrono::seconds(15);
constexpr int kLookIntervalMs = 100;

// The user's signal handlers must not run on a thread they know nothing of.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;
  ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

Connection::Connection(UniqueFd socket, pid_t holder)
    : socket_(std::move(socket)), holder_(holder), process_(getpid()) {
  const BlockSignals blocked;
  reader_ = std::thread([this] { receive_all(); });
}

Connection::~Connection() {
  if (is_forked_copy()) {
    // A forked copy (a death test): the thread is not here and the holder belongs to the parent.
    abandon(std::move(reader_));
    return;
  }
  shutdown(socket_.get(), SHUT_RDWR);
  reader_.join();
  socket_.reset();
  if (holder_ > 0) wait_for_holder();
}

// A session is over when its holder has ended: nothing of it is left then.
void Connection::wait_for_holder() const {
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, holder_, 0)));
  pollfd watched{process.get(), POLLIN, 0};
  const Deadline deadline = Deadline::after(kHolderTime);
  while (process && poll(&watched, 1, kLookIntervalMs) == 0)
    if (deadline.passed() || is_stopped(holder_)) ::kill(holder_, SIGKILL);  // the reaper does the rest
  while (waitpid(holder_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::shared_ptr<Connection::Pending> Connection::send(Message message, std::string_view payload,
                                                      const std::vector<int>& fds) {
  // Before any mutex: a thread that is not in the copy may have held it. The answer would go to the parent, too.
  if (is_forked_copy())
    throw Error("ask the devenv holder: this process is a forked copy of the one that is connected to it");
  UniqueFd memfd;
  std::vector<int> passed;
  if (!payload.empty()) {
    memfd = to_memfd(payload);
    passed.push_back(memfd.get());
    message.payload_bytes = static_cast<std::uint32_t>(payload.size());
  }
  passed.insert(passed.end(), fds.begin(), fds.end());
  auto pending = std::make_shared<Pending>();
  {
    const std::lock_guard lock(mutex_);
    if (!lost_) pending_[next_serial_] = pending;
    pending->lost = lost_;
    message.serial = next_serial_++;
  }
  const std::lock_guard one_at_a_time(send_mutex_);
  const int error = send_message(socket_.get(), message, passed.data(), passed.size());
  if (error == 0) return pending;
  const std::lock_guard lock(mutex_);
  if (error == -EPIPE || error == -ECONNRESET) {
    lost_ = true;    // whoever is told so must not find it alive afterwards, though the reader has not noticed yet
    return pending;  // it may have said why: the reader takes that, and then the end
  }
  pending_.erase(message.serial);
  throw SystemError(-error, "ask the devenv holder");
}

bool Connection::await(Pending& pending, Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto finished = [&] { return pending.done || pending.lost; };
  if (deadline.is_never()) {
    pending.ready.wait(lock, finished);
    return true;
  }
  return pending.ready.wait_for(lock, deadline.remaining(), finished);
}

// SIGSYS is how systemd's SystemCallFilter= answers. Its socket closes a little before it has ended.
bool Connection::killed_by_filter() const {
  if (holder_ <= 0) return false;
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, holder_, 0)));
  pollfd watched{process.get(), POLLIN, 0};
  siginfo_t end{};
  return process && poll(&watched, 1, kLookIntervalMs) == 1 &&
         waitid(P_PID, static_cast<id_t>(holder_), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         (end.si_code == CLD_KILLED || end.si_code == CLD_DUMPED) && end.si_status == SIGSYS;
}

void Connection::throw_lost() {
  const std::lock_guard lock(mutex_);
  if (!last_words_.empty()) throw Error(last_words_);
  if (killed_by_filter())
    throw Error("start the devenv holder: a system call filter killed it", kernel::refusal_hint(EPERM));
  throw Error("ask the devenv holder: the devenv holder process died and its containers with it",
              "was it killed, or the machine out of memory? start again");
}

void Connection::check_answer(const Pending& pending) {
  if (pending.lost) throw_lost();
  const Message& message = pending.answer.message;
  if (message.type != MessageType::error) return;
  switch (static_cast<ErrorKind>(message.step)) {
    case ErrorKind::not_found:
      throw NotFound(message.text);
    case ErrorKind::conflict:
      throw Conflict(message.text);
    case ErrorKind::command:
      throw CommandError(message.value, message.text);
    default:
      throw Error(message.text);
  }
}

Answer Connection::call(const Message& message, std::string_view payload, const std::vector<int>& fds) {
  const auto pending = send(message, payload, fds);
  await(*pending, Deadline::never());
  check_answer(*pending);
  return std::move(pending->answer);
}

bool Connection::is_forked_copy() const { return getpid() != process_; }

bool Connection::alive() {
  if (is_forked_copy()) return false;
  const std::lock_guard lock(mutex_);
  return !lost_;
}

void Connection::receive_all() {
  for (;;) {
    Message message;
    Received received;
    const int got = receive_message(socket_.get(), message, received);
    if (got <= 0) return lose_all();
    std::vector<UniqueFd> fds;
    for (std::size_t i = 0; i < received.fd_count; ++i) fds.emplace_back(received.fds[i]);
    try {
      deliver(message, std::move(fds));
    } catch (const std::exception&) {
      return lose_all();  // a payload that cannot be read: the holder is not to be trusted any more
    }
  }
}

void Connection::deliver(const Message& message, std::vector<UniqueFd> fds) {
  Answer answer;
  answer.message = message;
  if (message.payload_bytes > 0 && !fds.empty()) {
    answer.payload = from_memfd(fds[0].get(), message.payload_bytes);
    fds.erase(fds.begin());
  }
  answer.fds = std::move(fds);
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(message.serial);
  if (found == pending_.end()) {
    if (answer.message.type == MessageType::error) last_words_ = answer.message.text;
    return;
  }
  const auto pending = found->second;
  pending_.erase(found);
  pending->answer = std::move(answer);
  pending->done = true;
  pending->ready.notify_all();
}

void Connection::lose_all() {
  const std::lock_guard lock(mutex_);
  lost_ = true;
  for (const auto& [serial, pending] : pending_) {
    pending->lost = true;
    pending->ready.notify_all();
  }
  pending_.clear();
}

}  // namespace devenv::launch
