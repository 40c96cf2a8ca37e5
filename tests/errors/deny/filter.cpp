#include "filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "runtime/base/check.h"

namespace devenv::deny {
namespace {

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
/// Passes over `skip` instructions unless equal.
sock_filter unless_equal(std::uint32_t value, unsigned skip) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<std::uint8_t>(skip));
}
sock_filter answer(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

void add(std::vector<sock_filter>& program, const Rule& rule) {
  const std::uint32_t action = rule.error == Rule::kAsk
                                   ? SECCOMP_RET_USER_NOTIF
                                   : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(rule.error);
  const bool plain = rule.argument < 0;
  program.push_back(load(offsetof(seccomp_data, nr)));
  program.push_back(unless_equal(rule.call, plain ? 1 : 4));
  if (!plain) {
    // The low word of a little-endian argument: all that these arguments have.
    program.push_back(load(offsetof(seccomp_data, args) + 8 * static_cast<std::size_t>(rule.argument)));
    program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule.mask));
    program.push_back(unless_equal(rule.value, 1));
  }
  program.push_back(answer(action));
}

}  // namespace

UniqueFd install_filter(const std::vector<Rule>& rules) {
  std::vector<sock_filter> program{load(offsetof(seccomp_data, arch)), unless_equal(AUDIT_ARCH_X86_64, 1),
                                   BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), answer(SECCOMP_RET_ALLOW)};
  for (const Rule& rule : rules) add(program, rule);
  program.push_back(answer(SECCOMP_RET_ALLOW));
  sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  constexpr unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  return UniqueFd(static_cast<int>(
      check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &whole), "install the filter")));
}

}  // namespace devenv::deny
