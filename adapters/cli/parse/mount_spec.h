// The values of -v, --mount and --tmpfs as MountSpec. Pure, but that an anonymous volume gets a random name.
// All throw UsageError naming the value and the right form.
#pragma once

#include <string>

#include "devenv/container_spec.h"

namespace devenv::cli {

/// [SOURCE:]TARGET[:OPTIONS]. SOURCE is an absolute path (bind) or a name (volume); without one the volume is
/// anonymous: named by 64 hex digits. Options: ro, rw; z, Z, cached, consistent, delegated have no meaning
/// here.
MountSpec parse_volume_spec(const std::string& text);

/// type=bind|volume|tmpfs,source=…,target=…[,readonly][,tmpfs-size=…][,tmpfs-mode=…], CSV with "" around
/// fields that hold commas.
MountSpec parse_mount_spec(const std::string& text);

/// TARGET[:size=…,mode=…,ro|rw,noexec,nosuid,nodev]
MountSpec parse_tmpfs_spec(const std::string& text);

/// Whether a volume was named by parse_volume_spec() rather than by a person.
bool is_anonymous_volume(const std::string& name);

}  // namespace devenv::cli
