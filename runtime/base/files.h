// Small files, whole: read, replaced atomically, and trees removed. All by dirfd + name or absolute path.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "unique_fd.h"

namespace devenv {

/// open(2) with O_CLOEXEC. Throws SystemError naming the path.
UniqueFd open_file(const std::string& path, int flags, unsigned mode = 0644);
UniqueFd open_file_at(int dirfd, const std::string& path, int flags, unsigned mode = 0644);

/// The whole file. Throws SystemError; an Error when it is larger than `limit` bytes.
std::string read_file(const std::string& path, std::size_t limit = 64u << 20);
std::string read_all(int fd, const std::string& name, std::size_t limit = 64u << 20);

/// Writes everything, retrying short writes and EINTR. Throws SystemError (ENOSPC included).
void write_all(int fd, std::string_view data, const std::string& name);

/// Writes beside `path`, fsyncs if `durable`, renames over it: readers see the old or the new, never half.
void replace_file(const std::string& path, std::string_view data, unsigned mode = 0644, bool durable = false);

/// mkdir -p, mode for the ones made. Throws SystemError.
void make_directories(const std::string& path, unsigned mode = 0755);

/// rm -rf without following symlinks or crossing into other mounts (openat2 RESOLVE_NO_XDEV where it can);
/// a missing path is fine. Chmods directories it may not enter. Throws SystemError on what it cannot remove.
void remove_tree(const std::string& path);

}  // namespace devenv
