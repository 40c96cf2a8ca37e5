// Copies one file's bytes and attributes. By descriptor.
#pragma once

#include <optional>
#include <string>

#include "owner.h"
#include "runtime/store/attributes.h"
#include "source_tree.h"

namespace devenv::build {

/// Everything of `from` from its start; shares blocks where the file system can.
void copy_bytes(int from, int to, const std::string& name);

/// What the copy of `entry` gets: its own, but for `owner` and `mode` (which spares symlinks) when given.
store::Attributes file_attributes(const SourceEntry& entry, const std::optional<Owner>& owner,
                                  const std::optional<unsigned>& mode);

/// Makes `name` in `dirfd` (nothing is there) a copy of `entry`: file, symlink, fifo or device.
void copy_file(const SourceEntry& entry, int dirfd, const std::string& name,
               const std::optional<Owner>& owner, const std::optional<unsigned>& mode);

}  // namespace devenv::build
