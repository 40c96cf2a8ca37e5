// One socket to a holder: requests from any thread, answers matched by serial. A thread of its own receives.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <devenv/deadline.h>

#include "runtime/base/unique_fd.h"
#include "wire.h"

namespace devenv::launch {

struct Answer {
  Message message;
  std::string payload;
  std::vector<UniqueFd> fds;
};

class Connection {
 public:
  /// `holder`: its process when it is a child of ours, then waited for at the end; else -1.
  Connection(UniqueFd socket, pid_t holder);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// A request under way. Shared by all who wait for it.
  struct Pending {
    bool done = false;
    bool lost = false;  ///< the holder died first
    Answer answer;
    std::condition_variable ready;
  };

  /// Sends; throws Error when the holder is gone.
  std::shared_ptr<Pending> send(Message message, std::string_view payload = {},
                                const std::vector<int>& fds = {});
  /// False at the deadline.
  bool await(Pending& pending, Deadline deadline);
  /// Throws what an answered error means, or that the holder died.
  void check_answer(const Pending& pending);
  /// send, await, check.
  Answer call(const Message& message, std::string_view payload = {}, const std::vector<int>& fds = {});

  /// False also in a process forked from the one that connected (a death test's): it has to connect by itself.
  bool alive();
  std::mutex& mutex() { return mutex_; }

 private:
  void receive_all();
  void deliver(const Message& message, std::vector<UniqueFd> fds);
  void lose_all();
  void wait_for_holder() const;
  bool killed_by_filter() const;
  bool is_forked_copy() const;
  [[noreturn]] void throw_lost();

  UniqueFd socket_;
  pid_t holder_;
  pid_t process_;
  std::mutex mutex_;
  std::mutex send_mutex_;
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;
  std::uint64_t next_serial_ = 1;
  bool lost_ = false;
  std::string last_words_;  ///< why the holder could not begin, said before it was asked anything
  std::thread reader_;
};

}  // namespace devenv::launch
