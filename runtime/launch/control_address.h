// The address of a control socket. sun_path holds 107 bytes: a longer path goes through a descriptor of its
// directory (/proc/self/fd/N/name).
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "runtime/base/files.h"
#include "runtime/base/unique_fd.h"

namespace devenv::launch {

class ControlAddress {
 public:
  explicit ControlAddress(const std::string& path) {
    address_.sun_family = AF_UNIX;
    std::string usable = path;
    if (path.size() >= sizeof address_.sun_path) {
      const std::size_t slash = path.rfind('/');
      directory_ = open_file(path.substr(0, slash), O_PATH | O_DIRECTORY);
      usable = "/proc/self/fd/" + std::to_string(directory_.get()) + path.substr(slash);
    }
    std::memcpy(address_.sun_path, usable.c_str(), usable.size() + 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }

 private:
  sockaddr_un address_{};
  UniqueFd directory_;
};

}  // namespace devenv::launch
