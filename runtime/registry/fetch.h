// Downloads one URL into a file, for ADD.
#pragma once

#include <cstdint>
#include <string>

#include <devenv/deadline.h>

namespace devenv::registry {

struct FetchedUrl {
  std::string name;           ///< from Content-Disposition, else the last component of the URL's path
  std::int64_t mtime_s = -1;  ///< Last-Modified; -1 when not sent
  std::uint64_t size = 0;
  std::string digest;  ///< "sha256:…" of what was written
};

/// Downloads `url` into the open file `out_fd`, hashed on its way. Throws Error saying what the server answered.
FetchedUrl fetch_url(const std::string& url, int out_fd, Deadline deadline = Deadline::never());

}  // namespace devenv::registry
