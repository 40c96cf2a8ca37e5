// Why the kernel refuses what containers need, told from this process's own state. Thread-safe.
#pragma once

#include <string>

namespace devenv::kernel {

/// The way out of what keeps a call from working that every container needs (`code`, an errno value): be root, leave
/// the sandbox whose seccomp filter or capabilities are in the way, change the systemd unit that hardens or limits
/// us, use a newer kernel. `option` is the unit's setting whose filter usually refuses that call, as in
/// "RestrictNamespaces=". Empty for other codes.
std::string refusal_hint(int code, const std::string& option = {});

/// The same for a call that makes a namespace, where ENOSPC is no disk that is full.
std::string namespace_hint(int code);

/// Throws SystemError "<action>: operation not permitted; <way out>" where nothing can be mounted at all.
void require_mount_privilege(const std::string& action);

}  // namespace devenv::kernel
