// Why the kernel refuses what containers need, told from this process's own state. Thread-safe.
#pragma once

#include <string>

namespace devenv::kernel {

/// The way out of EPERM, EACCES or ENOSYS (`code`, an errno value) of a call that every container needs: be
/// root, leave the sandbox whose seccomp filter or capabilities are in the way, use a newer kernel. Else
/// empty.
std::string refusal_hint(int code);

/// Throws SystemError "<action>: operation not permitted; <way out>" where nothing can be mounted at all.
void require_mount_privilege(const std::string& action);

}  // namespace devenv::kernel
