#include "seccomp.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "devenv/error.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/memory_file.h"
#include "seccomp_profile.h"

namespace devenv::kernel {
namespace {

constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

bool holds(std::uint64_t capabilities, unsigned capability) { return (capabilities >> capability & 1) != 0; }

/// A libseccomp context for this machine's architecture alone: with the foreign ones compiling takes sixty
/// times as long.
class Filter {
 public:
  Filter() : context_(seccomp_init(kRefuse), seccomp_release) {
    if (!context_) throw Error("compile seccomp filter: libseccomp has no memory");
    check_result(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, kRefuse),
                 "refuse other architectures");
    // A binary tree: a handful of comparisons for each call instead of some hundred.
    check_result(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise");
  }

  template <class... Conditions>
  void add(std::uint32_t action, const char* name, Conditions... conditions) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call >= 0) add_number(action, call, name, conditions...);  // negative: not on this architecture
  }

  template <class... Conditions>
  void add_number(std::uint32_t action, int call, const char* name, Conditions... conditions) {
    check_result(seccomp_rule_add(context_.get(), action, call, sizeof...(conditions), conditions...), name);
  }

  std::string bpf() const {
    const UniqueFd file = memory_file("seccomp", MemoryFile::data, "compile seccomp filter");
    check_result(seccomp_export_bpf(context_.get(), file.get()), "export");
    check(lseek(file.get(), 0, SEEK_SET), "compile seccomp filter");
    return read_all(file.get(), "compiled seccomp filter");
  }

 private:
  static void check_result(int result, const char* what) {
    if (result < 0) throw SystemError(-result, std::string("compile seccomp filter, ") + what);
  }

  std::unique_ptr<void, void (*)(void*)> context_;
};

void add_sockets(Filter& filter) {
  // AF_ALG (38) reaches the kernel's crypto code, AF_VSOCK (40) the hypervisor past any network namespace.
  filter.add(SCMP_ACT_ALLOW, "socket", SCMP_A0(SCMP_CMP_LT, AF_ALG));
  filter.add(SCMP_ACT_ALLOW, "socket", SCMP_A0(SCMP_CMP_EQ, AF_ALG + 1));
  filter.add(SCMP_ACT_ALLOW, "socket", SCMP_A0(SCMP_CMP_GT, AF_VSOCK));
}

void add_personalities(Filter& filter) {
  // Linux, PER_LINUX32, UNAME26 and both, and the question which one it is; never ADDR_NO_RANDOMIZE.
  for (const std::uint32_t persona : {0x0u, 0x8u, 0x20000u, 0x20008u, 0xffffffffu})
    filter.add(SCMP_ACT_ALLOW, "personality", SCMP_A0(SCMP_CMP_EQ, persona));
}

void add_clone_without_namespaces(Filter& filter) {
  constexpr scmp_datum_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                      CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
#ifdef __s390__
  filter.add(SCMP_ACT_ALLOW, "clone", SCMP_A1(SCMP_CMP_MASKED_EQ, namespaces, 0));
#else
  filter.add(SCMP_ACT_ALLOW, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0));
#endif
  // Its flags are behind a pointer no filter can follow; ENOSYS makes libc take clone instead.
  filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
}

/// Not for security but against accidents: what follows the filter was not cut short by a full disk.
std::string with_checksum(const std::string& bpf) {
  std::uint64_t sum = 14695981039346656037u;  // FNV-1a
  for (const char byte : bpf) sum = (sum ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  return bpf + std::string(reinterpret_cast<const char*>(&sum), sizeof sum);
}

std::string cache_key(std::uint64_t capabilities) {
  const scmp_version* version = seccomp_version();
  char key[96];
  snprintf(key, sizeof key, "v%u-%u.%u.%u-%08x-%016llx", kSeccompProfileVersion, version->major,
           version->minor, version->micro, seccomp_arch_native(),
           static_cast<unsigned long long>(capabilities));
  return key;
}

}  // namespace

std::string compile_seccomp(std::uint64_t capabilities) {
  Filter filter;
  for (const char* name : always_allowed_calls()) filter.add(SCMP_ACT_ALLOW, name);
  for (const NumberedCall& call : newer_allowed_calls())
    filter.add_number(SCMP_ACT_ALLOW, call.number, call.name);
  for (const GatedCalls& gate : gated_calls()) {
    if (!holds(capabilities, gate.capability)) continue;
    for (const char* name : gate.names) filter.add(SCMP_ACT_ALLOW, name);
  }
  add_sockets(filter);
  add_personalities(filter);
  if (!holds(capabilities, CAP_SYS_ADMIN)) add_clone_without_namespaces(filter);
  return filter.bpf();
}

std::string cached_seccomp(std::uint64_t capabilities, const std::string& cache_dir) {
  const std::string path = cache_dir + "/" + cache_key(capabilities) + ".bpf";
  try {
    const std::string stored = read_file(path);
    if (stored.size() > sizeof(std::uint64_t)) {
      const std::string bpf = stored.substr(0, stored.size() - sizeof(std::uint64_t));
      if (with_checksum(bpf) == stored) return bpf;
    }
  } catch (const SystemError& error) {
    if (error.code() != ENOENT) throw;
  }
  const std::string bpf = compile_seccomp(capabilities);
  make_directories(cache_dir, 0700);
  replace_file(path, with_checksum(bpf), 0600);
  return bpf;
}

}  // namespace devenv::kernel
