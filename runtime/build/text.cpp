#include "text.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace devenv::build {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

void append_hex(std::string& out, char32_t value, int digits) {
  static constexpr char hex[] = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += hex[(value >> shift) & 0xF];
}

void append_quoted(std::string& out, char32_t rune) {
  static constexpr std::string_view names = "abtnvfr";  // 7 to 13
  if (rune == '"' || rune == '\\') {
    out += '\\';
    out += static_cast<char>(rune);
  } else if (is_printable(rune)) {
    append_rune(out, rune);
  } else if (rune >= 7 && rune <= 13) {
    out += '\\';
    out += names[rune - 7];
  } else if (rune < ' ' || rune == 0x7F) {
    out += "\\x";
    append_hex(out, rune, 2);
  } else if (rune < 0x10000) {
    out += "\\u";
    append_hex(out, rune, 4);
  } else {
    out += "\\U";
    append_hex(out, rune, 8);
  }
}

}  // namespace

Rune decode_rune(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t width = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < width) return {replacement_rune, 1};
  char32_t value = lead & (0x7Fu >> width);
  for (std::size_t i = 1; i < width; ++i) {
    if (!is_continuation(byte(i))) return {replacement_rune, 1};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  static constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[width] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return {replacement_rune, 1};
  return {value, width};
}

void append_rune(std::string& out, char32_t rune) {
  if (rune >= raw_byte && rune <= raw_byte + 0xFF) {
    out += static_cast<char>(rune - raw_byte);
    return;
  }
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF)) rune = replacement_rune;
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xC0 | rune >> 6);
    put(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    put(0xE0 | rune >> 12);
    put(0x80 | (rune >> 6 & 0x3F));
    put(0x80 | (rune & 0x3F));
  } else {
    put(0xF0 | rune >> 18);
    put(0x80 | (rune >> 12 & 0x3F));
    put(0x80 | (rune >> 6 & 0x3F));
    put(0x80 | (rune & 0x3F));
  }
}

std::u32string to_runes(std::string_view text) {
  std::u32string runes;
  runes.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    runes += rune.value;
    text.remove_prefix(rune.width);
  }
  return runes;
}

std::u32string to_raw_runes(std::string_view text) {
  std::u32string runes;
  runes.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    const bool broken = rune.width == 1 && rune.value == replacement_rune;
    runes += broken ? raw_byte + static_cast<unsigned char>(text[0]) : rune.value;
    text.remove_prefix(rune.width);
  }
  return runes;
}

std::string to_utf8(std::u32string_view runes) {
  std::string out;
  for (const char32_t rune : runes) append_rune(out, rune);
  return out;
}

bool is_space(char32_t rune) {
  if (rune < 0x80) return rune == ' ' || (rune >= '\t' && rune <= '\r');
  return rune == 0x85 || rune == 0xA0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) ||
         rune == 0x2028 || rune == 0x2029 || rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

std::string_view trim_left(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (!is_space(rune.value)) break;
    text.remove_prefix(rune.width);
  }
  return text;
}

std::string_view trim(std::string_view text) {
  text = trim_left(text);
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && is_continuation(static_cast<unsigned char>(text[start])))
      --start;
    const Rune rune = decode_rune(text.substr(start));
    if (!is_space(rune.value) || start + rune.width != text.size()) break;
    text.remove_suffix(rune.width);
  }
  return text;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    append_rune(out, to_lower(rune.value));
    text.remove_prefix(rune.width);
  }
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (rune.width == 1 && rune.value == replacement_rune) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
    } else {
      append_quoted(out, rune.value);
    }
    text.remove_prefix(rune.width);
  }
  return out + '"';
}

std::vector<std::string> split_fields(std::string_view text, std::size_t limit) {
  static constexpr std::string_view blanks = "\t\v\f\r ";
  std::vector<std::string> fields;
  while (limit == 0 || fields.size() + 1 < limit) {
    const std::size_t end = text.find_first_of(blanks);
    if (end == text.npos) break;
    fields.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(blanks, end)));
  }
  fields.emplace_back(text);
  return fields;
}

std::string clean_path(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (!rooted)
      parts.push_back(part);
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i) out.append(i == 0 ? "" : "/").append(parts[i]);
  return out.empty() ? "." : out;
}

}  // namespace devenv::build
