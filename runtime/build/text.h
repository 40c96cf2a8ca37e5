// Runes and blanks as Go sees them, because BuildKit's rules are written in Go's terms: invalid UTF-8 is
// U+FFFD of width 1, and blank, letter and digit are Unicode's. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "unicode.h"

namespace devenv::build {

struct Rune {
  char32_t value;
  std::size_t width;
};

/// The rune at the start of `text`, which is not empty.
Rune decode_rune(std::string_view text);
void append_rune(std::string& out, char32_t rune);
std::u32string to_runes(std::string_view text);
std::string to_utf8(std::u32string_view runes);

/// to_runes() that keeps what is no UTF-8: such a byte is raw_byte plus its value, and append_rune() gives
/// the byte back.
std::u32string to_raw_runes(std::string_view text);
constexpr char32_t raw_byte = 0x110000, replacement_rune = 0xFFFD;

bool is_space(char32_t rune);

std::string_view trim_left(std::string_view text);
std::string_view trim(std::string_view text);
/// Go's strings.ToLower.
std::string to_lower(std::string_view text);
/// ASCII only.
std::string to_upper(std::string_view text);

/// Go's strconv.Quote.
std::string quote(std::string_view text);

/// Splits on runs of [\t\v\f\r ]; a leading run gives an empty first field, as Go's regexp Split does.
std::vector<std::string> split_fields(std::string_view text, std::size_t limit = 0);

/// Go's path.Clean for slash-separated paths.
std::string clean_path(std::string_view path);

}  // namespace devenv::build
