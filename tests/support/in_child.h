// Runs a piece of a test in a process of its own, in new namespaces if asked: what it does to its mounts, ids
// or filters ends with it.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/kernel/namespaces.h"

namespace devenv::test {

struct ChildResult {
  int status = 0;      ///< as waitpid gives it
  std::string output;  ///< what it wrote to standard output
  int exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }
};

/// The child's standard output is captured; its exit code is what `body` returns, 255 for an exception.
inline ChildResult in_child(std::uint64_t clone_flags, const std::function<int()>& body) {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) abort();
  const kernel::CloneResult child = kernel::clone_process({.flags = clone_flags});
  if (child.error != 0) {
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return {(255 << 8), "clone: " + std::to_string(child.error)};
  }
  if (child.pid == 0) {
    dup2(pipe_fds[1], 1);
    int code = 255;
    try {
      code = body();
    } catch (const std::exception& error) {
      dprintf(1, "exception: %s\n", error.what());
    }
    _exit(code);
  }
  close(pipe_fds[1]);
  close(child.pidfd);
  ChildResult result;
  char buffer[4096];
  for (ssize_t n; (n = read(pipe_fds[0], buffer, sizeof buffer)) > 0;)
    result.output.append(buffer, static_cast<std::size_t>(n));
  close(pipe_fds[0]);
  waitpid(child.pid, &result.status, 0);
  return result;
}

}  // namespace devenv::test
