// deny SYSCALL[,SYSCALL...] ERRNO COMMAND [ARG...]: runs the command on a machine that refuses these calls,
// the way another container's seccomp profile or a hardened host does.
// deny KERNEL COMMAND [ARG...]: runs the command as on an older kernel (5.15, 6.1 …), which lacks what
// kernel.cpp lists and refuses it the way that kernel does. Older than 5.11 is the same as 5.11.
#include <seccomp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "kernel.h"
#include "supervisor.h"

namespace {

int usage() {
  std::fputs(
      "usage: deny SYSCALL[,SYSCALL...] EPERM|ENOSYS|EACCES COMMAND [ARG...]\n"
      "       deny KERNEL COMMAND [ARG...]\n",
      stderr);
  return 99;
}

int number_of(const std::string& name) {
  return name == "EPERM" ? EPERM : name == "ENOSYS" ? ENOSYS : name == "EACCES" ? EACCES : 0;
}

int execute(char** argv) {
  execv(argv[0], argv);
  std::perror(argv[0]);
  return 97;
}

int refuse(char* calls, int error, char** command) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  for (const char* name = std::strtok(calls, ","); name != nullptr; name = std::strtok(nullptr, ",")) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<unsigned>(error)), number, 0) != 0)
      return usage();
  }
  return seccomp_load(filter) != 0 ? 98 : execute(command);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto kernel = argc > 2 ? devenv::deny::parse_kernel(argv[1]) : std::nullopt) {
    try {
      devenv::deny::play(*kernel);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "deny: %s\n", error.what());
      return 98;
    }
    return execute(argv + 2);
  }
  if (argc < 4 || number_of(argv[2]) == 0) return usage();
  return refuse(argv[1], number_of(argv[2]), argv + 3);
}
