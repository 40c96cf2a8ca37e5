// Which capabilities a container holds: docker's rules, as 64-bit masks (bit n = CAP n). Needs libcap.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace devenv::kernel {

/// docker's 14: chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service
/// sys_chroot kill audit_write.
std::uint64_t default_capabilities();

/// Every capability that this kernel has and our own bounding set allows to give.
std::uint64_t available_capabilities();

/// "NET_ADMIN", "CAP_NET_ADMIN", any case. Throws Error naming the nearest known name.
unsigned parse_capability(const std::string& name);
std::string capability_name(unsigned capability);  ///< "CAP_NET_ADMIN"

/// docker's semantics of --cap-add and --cap-drop ("ALL" included): drop ALL, then add; or add ALL, then
/// drop. `privileged`: all available. What is not available cannot be given: asked for by name it throws
/// Error.
std::uint64_t container_capabilities(const std::vector<std::string>& add,
                                     const std::vector<std::string>& drop, bool privileged);

}  // namespace devenv::kernel
