// One container, holder side: from the plan to the last trace. Its life is a chain of events on the loop:
// start() → init reports → running → init exits → ended() → erased.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <devenv/engine.h>

#include "log_pump.h"
#include "networks.h"
#include "outbox.h"
#include "plan.h"
#include "runtime/kernel/cgroup.h"
#include "server.h"
#include "step.h"

namespace devenv::launch {

/// The record of an exit overwrites as many bytes that are there already: a full disk does not lose it.
constexpr std::size_t kExitRecordBytes = 64;

class Container {
 public:
  /// `starter` is answered when the command was executed or could not be.
  /// `kept` stays open as long as the object lives.
  Container(Server& server, SandboxPlan plan, std::vector<UniqueFd> listeners, std::vector<UniqueFd> kept,
            const ReplyTo& starter);
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container();

  /// Throws when it could not even be cloned; the object is then to be destroyed.
  void start();

  void exec(const ReplyTo& to, const ProcessPlan& process, std::uint32_t stdio_bits,
            std::vector<UniqueFd> stdio);
  void wait(const ReplyTo& to);
  void wait_exec(const ReplyTo& to, std::uint64_t number);
  /// number 0: the main process.
  void signal(std::uint64_t number, int signal);
  void attach_input(const ReplyTo& to);
  void listening(const ReplyTo& to, std::uint16_t port, bool udp);
  /// `pipe` gets a byte after every addition to the log, and is closed at its end.
  void follow_log(UniqueFd pipe);
  void remove(const ReplyTo& to);
  void client_gone(std::uint64_t client);
  /// SIGKILL to all of it; ended() follows.
  void kill();

  const SandboxPlan& plan() const { return plan_; }
  bool ended() const { return state_ == State::ended; }
  void describe(class Encoder& out) const;
  /// Its scratch directory goes. It must have ended.
  void remove_files() const;
  /// Answers those who wait for its start to fail or its removal to be done. Just before destruction.
  void tell_erased();

 private:
  enum class State { starting, running, ended };
  struct Exec {
    ProcessPlan process;  ///< for error messages: argv[0], user, cwd
    std::optional<ReplyTo> starter;
    std::vector<ReplyTo> waiters;
    std::optional<ExitStatus> exit;
  };
  struct Prepared;

  void make_directories() const;
  void make_cgroup();
  void open_pipes(Prepared& prepared);
  void prepare(Prepared& prepared);
  void place_and_connect(bool born_in_cgroup);
  void send_to_init(const Message& message, std::vector<UniqueFd> fds = {});
  void close_control();

  void on_init(std::uint32_t events);
  void handle(const Message& message, std::vector<UniqueFd> fds);
  void on_running(const Message& message, std::vector<UniqueFd> fds);
  void on_failed(const Message& message);
  void on_exited(const Message& message);
  void forget_old_execs();
  void on_gone();
  void finish();
  void release();
  void record_exit() const;
  void answer_waiters();
  void reply_exit(const ReplyTo& to, const ExitStatus& status) const;
  std::string end_of_init() const;
  void fail_start(ErrorKind kind, const std::string& text, int code);

  Server& server_;
  const SandboxPlan plan_;
  State state_ = State::starting;
  std::optional<ReplyTo> starter_;
  std::uint64_t owner_client_;
  std::string hostname_;
  std::vector<UniqueFd> kept_;
  std::vector<std::string> unmet_limits_;
  std::unique_ptr<Attachment> attachment_;
  std::unique_ptr<kernel::Cgroup> cgroup_;
  std::unique_ptr<LogPump> pump_;
  std::optional<Outbox> outbox_;  ///< to init, while its socket is watched
  UniqueFd control_, pidfd_, input_, terminal_;
  int pid_ = -1;
  int init_status_ = 0;  ///< of waitpid(2)
  std::optional<ExitStatus> exit_;
  std::int64_t started_ns_ = 0, finished_ns_ = 0;
  std::map<std::uint64_t, Exec> execs_;
  std::uint64_t next_exec_ = 1;
  std::vector<ReplyTo> waiters_, removers_;
  bool remove_when_ended_ = false;
  struct {
    bool set = false;
    ErrorKind kind{};
    int code = 0;
    std::string text;
  } start_error_;
};

}  // namespace devenv::launch
