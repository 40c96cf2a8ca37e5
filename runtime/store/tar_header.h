// One 512-byte tar header, its fields by position (POSIX pax, "ustar Interchange Format").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tar_reader.h"

namespace devenv::store {

struct TarReader::Header {
  std::array<char, 512> block{};
  std::int64_t size = 0;

  std::string_view field(std::size_t offset, std::size_t length) const {
    return {block.data() + offset, length};
  }
  char flag() const { return block[156]; }
  bool is_gnu() const { return field(257, 8) == std::string_view("ustar  \0", 8); }
  bool is_ustar() const { return field(257, 6) == std::string_view("ustar\0", 6); }
  bool is_star() const { return is_ustar() && field(508, 4) == std::string_view("tar\0", 4); }
};

}  // namespace devenv::store
