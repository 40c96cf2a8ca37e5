// Files of a FileSpec as read-only bind mounts. Contents given as bytes are kept in the store by digest, so
// that a crash leaves nothing outside of it.
#pragma once

#include <string>

#include "devenv/service.h"

namespace devenv {

/// Throws Error when the source is missing.
MountSpec mount_of(const FileSpec& file);

/// Its bytes, wherever they come from.
std::string content_of(const FileSpec& file);

}  // namespace devenv
