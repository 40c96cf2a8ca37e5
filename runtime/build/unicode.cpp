#include "unicode.h"

#include <utf8proc.h>

namespace devenv::build {
namespace {

bool is_ascii(char32_t rune) { return rune < 0x80; }

utf8proc_category_t category(char32_t rune) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(rune));
}

}  // namespace

bool is_printable(char32_t rune) {
  if (is_ascii(rune)) return rune >= 0x20 && rune < 0x7F;
  const utf8proc_category_t found = category(rune);
  return found >= UTF8PROC_CATEGORY_LU && found <= UTF8PROC_CATEGORY_SO;
}

bool is_letter(char32_t rune) {
  if (is_ascii(rune)) return (rune >= 'A' && rune <= 'Z') || (rune >= 'a' && rune <= 'z');
  const utf8proc_category_t found = category(rune);
  return found >= UTF8PROC_CATEGORY_LU && found <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t rune) {
  if (is_ascii(rune)) return rune >= '0' && rune <= '9';
  return category(rune) == UTF8PROC_CATEGORY_ND;
}

char32_t to_lower(char32_t rune) {
  if (is_ascii(rune)) return rune >= 'A' && rune <= 'Z' ? rune + ('a' - 'A') : rune;
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(rune)));
}

}  // namespace devenv::build
