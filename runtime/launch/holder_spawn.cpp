// How a client comes to a holder: spawns its own, finds the user's detached one, or knocks at a directory.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "connection.h"
#include "control_address.h"
#include "launcher.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "session.h"
#include "spawn.h"
#include "sweep.h"
#include "systemd_scope.h"

namespace devenv::launch {

namespace {

constexpr int kAttempts = 20;
constexpr auto kTimeToLeave = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(2);

UniqueFd connect_socket(const std::string& session_dir) {
  UniqueFd socket(check(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "create a socket"));
  const std::string path = control_path(session_dir);
  if (access(path.c_str(), F_OK) != 0) return {};
  const ControlAddress address(path);
  if (::connect(socket.get(), address.get(), address.size()) == 0) return socket;
  return {};
}

constexpr auto kTimeForScope = std::chrono::seconds(10);

struct Spawned {
  UniqueFd socket;
  pid_t pid;
};

Spawned spawn_holder(const HolderOptions& options, const std::string& id, const char* mode) {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "create the holder's socket");
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  const std::string helper = options.helper_path.empty() ? locate_helper() : options.helper_path;
  const pid_t pid = spawn_helper(
      helper, {"devenv-helper", "hold", options.runtime_dir, options.store_dir, id, mode}, {theirs.get()});
  return {std::move(ours), pid};
}

// Until the session's lock is free: a holder that did not answer is on its way out. flock(2) has no timeout,
// so it is asked again and again.
void wait_until_dead(const std::string& session_dir, Deadline deadline) {
  const UniqueFd lock(open(lock_path(session_dir).c_str(), O_RDONLY | O_CLOEXEC));
  while (lock && flock(lock.get(), LOCK_SH | LOCK_NB) != 0) {
    if (deadline.passed())
      throw Error(
          "use the devenv holder of detached containers: it does not answer",
          "it may be of another version of devenv: remove its containers with that one, or end the process "
          "that `pgrep -f 'devenv-helper hold'` shows");
    std::this_thread::sleep_for(kPause);
  }
}

// What is started in a service or a login ends with it, holder and containers, unless systemd takes them over. Returns
// why it does not.
std::string give_scope(const HolderOptions& options, pid_t holder) {
  if (access(options.systemd_dir.c_str(), F_OK) != 0) return "systemd cannot be reached from here";
  try {
    start_scope({.pid = holder,
                 .name = "devenv-" + random_id(16) + ".scope",
                 .needed_dir = options.store_dir},
                Deadline::after(kTimeForScope));
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

// A detached holder makes nothing before it knows where it is to live.
void let_begin(const Spawned& spawned, const std::string& why_no_scope) {
  Message message;
  message.type = MessageType::begin;
  set_text(message.text, sizeof message.text, why_no_scope.c_str());
  send_message(spawned.socket.get(), message);  // one that has died says why when it is greeted
}

}  // namespace

std::shared_ptr<Holder> Holder::spawn_session(const HolderOptions& options) {
  sweep_dead_sessions(options.runtime_dir, options.store_dir);
  const std::string id = random_id(16);
  Spawned spawned = spawn_holder(options, id, "session");
  std::shared_ptr<Holder> holder(
      new Holder(std::make_unique<Connection>(std::move(spawned.socket), spawned.pid),
                 launch::session_dir(options.runtime_dir, id)));
  holder->greet();
  return holder;
}

std::shared_ptr<Holder> Holder::connect(const std::string& session_dir) {
  UniqueFd socket = connect_socket(session_dir);
  if (!socket) return nullptr;
  std::shared_ptr<Holder> holder(
      new Holder(std::make_unique<Connection>(std::move(socket), -1), session_dir));
  try {
    holder->greet();
  } catch (const Error&) {
    return nullptr;  // it was leaving when we came
  }
  return holder;
}

std::shared_ptr<Holder> Holder::connect_or_spawn_detached(const HolderOptions& options) {
  const std::string dir = launch::session_dir(options.runtime_dir, kDetachedSession);
  if (auto holder = connect(dir)) return holder;
  const UniqueFd guard = lock_spawning(options.runtime_dir);
  sweep_dead_sessions(options.runtime_dir, options.store_dir);
  for (int attempt = 1;; ++attempt) {
    if (auto holder = connect(dir)) return holder;
    wait_until_dead(dir, Deadline::after(kTimeToLeave));
    Spawned spawned = spawn_holder(options, kDetachedSession, "detached");
    let_begin(spawned, give_scope(options, spawned.pid));
    while (waitpid(spawned.pid, nullptr, 0) < 0 && errno == EINTR) continue;  // it forks and leaves
    std::shared_ptr<Holder> holder(
        new Holder(std::make_unique<Connection>(std::move(spawned.socket), -1), dir));
    try {
      holder->greet();
      return holder;
    } catch (const Error&) {
      if (attempt == kAttempts) throw;
    }
  }
}

std::vector<std::string> Holder::sessions(const std::string& runtime_dir) {
  std::vector<std::string> alive;
  for (const std::string& id : session_ids(runtime_dir)) {
    const std::string dir = launch::session_dir(runtime_dir, id);
    if (session_alive(dir)) alive.push_back(dir);
  }
  return alive;
}

}  // namespace devenv::launch
