// Debian's docker-registry, run for a test on a free loopback port.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/support/temp_dir.h"

namespace devenv::registry::testing {

class RealRegistry {
 public:
  /// Blocks until it answers. Throws Error when it does not.
  RealRegistry();
  ~RealRegistry();
  RealRegistry(const RealRegistry&) = delete;
  RealRegistry& operator=(const RealRegistry&) = delete;

  const std::string& host() const { return host_; }  ///< "127.0.0.1:port"
  /// Where it keeps the bytes of a blob.
  std::string blob_file(const std::string& digest) const;

 private:
  bool answers() const;

  test::TempDir dir_;
  std::string host_;
  pid_t pid_ = -1;
};

}  // namespace devenv::registry::testing
