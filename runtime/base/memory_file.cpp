#include "memory_file.h"

#include <sys/mman.h>

#include <cerrno>

#include "check.h"

namespace devenv {
namespace {

// linux/memfd.h, since 6.3. A kernel that knows them logs who says neither.
constexpr unsigned kNoExecSeal = 8, kExec = 16;

}  // namespace

UniqueFd memory_file(const char* name, MemoryFile kind, const char* action) {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const bool program = kind == MemoryFile::program;
  int fd = memfd_create(name, flags | (program ? kExec : kNoExecSeal));
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name, flags);
  const bool forbidden = program && fd < 0 && errno == EACCES;
  const char* hint = forbidden ? "let programs run from memory: sysctl vm.memfd_noexec=1" : "";
  return UniqueFd(check(fd, action, hint));
}

}  // namespace devenv
