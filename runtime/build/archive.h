// Local archives of ADD: recognised by content, unpacked by the store's own code.
#pragma once

#include <optional>
#include <string>

#include "owner.h"

namespace devenv::build {

/// Whether the file is a tar archive, plain or compressed with gzip, bzip2, xz or zstd. Leaves the offset at
/// its start.
bool is_archive(int fd, const std::string& name);

/// Unpacks it below `dirfd`; entries keep their owners unless `owner` is given. Throws Error.
void unpack_archive(int fd, const std::string& name, int dirfd, const std::optional<Owner>& owner);

}  // namespace devenv::build
