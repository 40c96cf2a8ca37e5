// Files in memory, memfd_create(2): nameless, gone with their last descriptor.
#pragma once

#include "unique_fd.h"

namespace devenv {

enum class MemoryFile { data, program };

/// CLOEXEC, may be sealed. Only a program can be executed, where the kernel tells the two apart (since 6.3).
/// Throws SystemError of `action`.
UniqueFd memory_file(const char* name, MemoryFile kind, const char* action);

}  // namespace devenv
