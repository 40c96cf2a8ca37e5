// One member of a tar archive, in every dialect the same.
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <string>
#include <vector>

namespace devenv::store {

enum class EntryType { regular, hard_link, symlink, char_device, block_device, directory, fifo };

/// A run of stored bytes of a sparse file; the rest are holes.
struct DataRange {
  std::uint64_t offset = 0, length = 0;
};

struct TarEntry {
  std::string name;  ///< as the archive has it: may be absolute, hold "..", end in '/'
  std::string link;  ///< of symbolic and hard links
  EntryType type = EntryType::regular;
  unsigned mode = 0644;  ///< permission bits with setuid, setgid, sticky
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t size = 0;  ///< of a regular file, holes included
  timespec mtime{};
  timespec atime{};  ///< 0 when the archive has none
  std::uint64_t device_major = 0, device_minor = 0;
  std::map<std::string, std::string> xattrs;
  bool sparse = false;
  std::vector<DataRange> ranges;  ///< of a sparse file: ascending, within size
};

/// `name` quoted for a message, control and other unprintable bytes escaped, overlong ones cut.
std::string shown(const std::string& name);

}  // namespace devenv::store
