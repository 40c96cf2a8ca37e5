// A length-prefixed encoding of numbers and strings for payloads between two builds of the same version.
// The decoder trusts nothing: a short or oversized payload throws Error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::launch {

class Encoder {
 public:
  Encoder& put(std::uint64_t number);
  Encoder& put(std::string_view text);
  Encoder& put(const std::vector<std::string>& list);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number();
  std::string text();
  std::vector<std::string> list();
  bool flag() { return number() != 0; }
  /// How many elements follow; each takes at least 8 bytes, so that a lie cannot make us allocate.
  std::size_t count();

 private:
  std::string_view rest_;
};

/// A sealed memfd holding `bytes`.
UniqueFd to_memfd(std::string_view bytes);
/// The first `size` bytes of a memfd; throws when it is shorter.
std::string from_memfd(int fd, std::size_t size);

}  // namespace devenv::launch
