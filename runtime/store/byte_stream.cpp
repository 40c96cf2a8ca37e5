#include "byte_stream.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/files.h"

namespace devenv::store {

ByteSource fd_source(int fd, std::string name) {
  return [fd, name = std::move(name)](char* buffer, std::size_t size) {
    for (;;) {
      const ssize_t n = ::read(fd, buffer, size);
      if (n < 0 && errno == EINTR) continue;
      return static_cast<std::size_t>(check(n, [&] { return "read " + name; }));
    }
  };
}

ByteSource memory_source(std::string_view data) {
  return [data](char* buffer, std::size_t size) mutable {
    const std::size_t n = std::min(size, data.size());
    if (n > 0) std::memcpy(buffer, data.data(), n);
    data.remove_prefix(n);
    return n;
  };
}

ByteSink fd_sink(int fd, std::string name) {
  return [fd, name = std::move(name)](std::string_view data) { write_all(fd, data, name); };
}

}  // namespace devenv::store
