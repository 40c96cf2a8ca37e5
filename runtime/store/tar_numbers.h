// The numbers of tar headers and PAX records. Each returns nullopt for what Go's archive/tar refuses.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace devenv::store {

/// Octal with blanks or NULs around it, or base 256 (first bit set, two's complement).
std::optional<std::int64_t> parse_field(std::string_view field);
/// Up to the first NUL.
std::string parse_text(std::string_view field);
/// Decimal, an optional minus.
std::optional<std::int64_t> parse_decimal(std::string_view text);
/// "seconds[.fraction]" of a PAX record, cut to nanoseconds.
std::optional<timespec> parse_pax_time(std::string_view text);

/// Whether the checksum field fits the 512 bytes of `block` (unsigned, or signed as old tars computed it).
bool checksum_fits(const char* block);

}  // namespace devenv::store
