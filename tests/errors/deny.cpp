// deny SYSCALL[,SYSCALL...] ERRNO COMMAND [ARG...]: runs the command on a machine that refuses these calls,
// the way another container's seccomp profile or a hardened host does.
#include <seccomp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

int usage() {
  std::fputs("usage: deny SYSCALL[,SYSCALL...] EPERM|ENOSYS|EACCES COMMAND [ARG...]\n", stderr);
  return 99;
}

int number_of(const std::string& name) {
  return name == "EPERM" ? EPERM : name == "ENOSYS" ? ENOSYS : name == "EACCES" ? EACCES : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || number_of(argv[2]) == 0) return usage();
  const auto refuse = SCMP_ACT_ERRNO(static_cast<unsigned>(number_of(argv[2])));
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  for (const char* name = std::strtok(argv[1], ","); name != nullptr; name = std::strtok(nullptr, ",")) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || seccomp_rule_add(filter, refuse, number, 0) != 0) return usage();
  }
  if (seccomp_load(filter) != 0) return 98;
  execv(argv[3], argv + 3);
  return 97;
}
