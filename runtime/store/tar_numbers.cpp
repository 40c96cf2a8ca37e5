#include "tar_numbers.h"

#include <algorithm>
#include <charconv>

namespace devenv::store {
namespace {

std::optional<std::int64_t> parse_base256(std::string_view field) {
  const std::uint8_t invert = (static_cast<std::uint8_t>(field[0]) & 0x40) ? 0xff : 0x00;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    auto byte = static_cast<std::uint8_t>(static_cast<std::uint8_t>(field[i]) ^ invert);
    if (i == 0) byte &= 0x7f;
    if ((value >> 56) > 0) return std::nullopt;
    value = value << 8 | byte;
  }
  if ((value >> 63) > 0) return std::nullopt;
  const auto positive = static_cast<std::int64_t>(value);
  return invert ? ~positive : positive;
}

template <class Number>
std::optional<Number> parse_whole(std::string_view text, int base) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string parse_text(std::string_view field) { return std::string(field.substr(0, field.find('\0'))); }

std::optional<std::int64_t> parse_field(std::string_view field) {
  if (!field.empty() && (static_cast<std::uint8_t>(field[0]) & 0x80)) return parse_base256(field);
  constexpr std::string_view blanks(" \0", 2);
  const std::size_t first = field.find_first_not_of(blanks);
  if (first == std::string_view::npos) return 0;
  field = field.substr(first, field.find_last_not_of(blanks) - first + 1);
  const auto value = parse_whole<std::uint64_t>(parse_text(field), 8);
  if (!value || (*value >> 63)) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::optional<std::int64_t> parse_decimal(std::string_view text) {
  return parse_whole<std::int64_t>(text, 10);
}

std::optional<timespec> parse_pax_time(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto seconds = parse_decimal(text.substr(0, dot));
  if (!seconds) return std::nullopt;
  timespec time{};
  time.tv_sec = *seconds;
  if (dot == std::string_view::npos) return time;
  std::string fraction(text.substr(dot + 1));
  if (!std::all_of(fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  fraction.resize(9, '0');
  time.tv_nsec = static_cast<long>(parse_decimal(fraction).value_or(0));
  if (text[0] == '-' && time.tv_nsec > 0) {
    if (time.tv_sec == INT64_MIN) return std::nullopt;
    time.tv_sec -= 1;
    time.tv_nsec = 1'000'000'000 - time.tv_nsec;
  }
  return time;
}

bool checksum_fits(const char* block) {
  constexpr std::size_t field_begin = 148, field_end = 156;
  std::int64_t as_unsigned = 0, as_signed = 0;
  for (std::size_t i = 0; i < 512; ++i) {
    const char c = i >= field_begin && i < field_end ? ' ' : block[i];
    as_unsigned += static_cast<std::uint8_t>(c);
    as_signed += static_cast<std::int8_t>(c);
  }
  const auto stored = parse_field({block + field_begin, field_end - field_begin});
  return stored && (*stored == as_unsigned || *stored == as_signed);
}

}  // namespace devenv::store
