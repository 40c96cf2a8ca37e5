#include "seccomp_install.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "syscalls.h"

namespace devenv::kernel {

int install_seccomp(const void* filter, std::size_t bytes) {
  const std::size_t count = bytes / sizeof(sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || bytes % sizeof(sock_filter) != 0) return -EINVAL;
  sock_fprog program{};
  program.len = static_cast<unsigned short>(count);
  program.filter = static_cast<sock_filter*>(const_cast<void*>(filter));
  // As docker: without the store-bypass mitigation that a filter otherwise switches on, and its price.
  const int installed =
      system_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
  return installed == -EINVAL ? system_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) : installed;
}

int set_no_new_privileges() { return negative_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

}  // namespace devenv::kernel
