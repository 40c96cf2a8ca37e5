// A program under test as a child process: its output kept in memory, its input a pipe that ends when told.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "devenv/deadline.h"
#include "runtime/base/unique_fd.h"

namespace devenv::test {

class VictimProcess {
 public:
  /// In a process group of its own, as a shell starts its jobs.
  explicit VictimProcess(const std::vector<std::string>& argv, const std::string& directory = "/");
  /// The victim program, running these tests of it.
  static VictimProcess running(const std::string& filter);

  VictimProcess(VictimProcess&&) = default;
  VictimProcess& operator=(VictimProcess&&) = default;
  ~VictimProcess();  ///< SIGKILL and wait, if it still runs

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  void end_input() { input_.reset(); }

  /// What it has written so far, to either stream.
  std::string output() const;
  /// Polls its output for `text`; false at the deadline, or when it ended without.
  bool says(const std::string& text, Deadline deadline);

  /// Its exit code, 128 + n for signal n; nullopt at the deadline.
  std::optional<int> wait(Deadline deadline);
  /// Waits a minute at most, which no test program needs: whoever takes longer hangs, and is killed. 255 then.
  int finish();

 private:
  pid_t pid_ = -1;
  UniqueFd process_, input_, output_;
  std::optional<int> code_;
};

/// What a session consists of besides its owner, found below the owner's process.
struct Supervisors {
  std::vector<pid_t> holders, reapers, inits;
};
Supervisors supervisors_below(pid_t owner);

}  // namespace devenv::test
