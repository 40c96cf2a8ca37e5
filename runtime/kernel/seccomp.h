// The system calls a container may make: docker's default profile, compiled for the native architecture.
//
// Compiling needs libseccomp (target devenv_runtime_kernel); the result is plain BPF, cached as a file.
#pragma once

#include <cstdint>
#include <string>

namespace devenv::kernel {

/// struct sock_filter[] as bytes for a container holding `capabilities` (bit n = CAP n). Unknown calls fail
/// with EPERM, clone3 with ENOSYS, other architectures' calls with EPERM or death. Throws Error. Thread-safe.
std::string compile_seccomp(std::uint64_t capabilities);

/// compile_seccomp() through a cache: `<cache_dir>/<key>.bpf`, the directory is made. The key covers the
/// capabilities, the profile's version and libseccomp's. A damaged file is replaced. Thread- and
/// process-safe.
std::string cached_seccomp(std::uint64_t capabilities, const std::string& cache_dir);

}  // namespace devenv::kernel
