#include "unicode.h"

#include <utf8proc.h>

#include "runtime/base/lazy_library.h"

namespace devenv::build {
namespace {

/// Loaded with the first rune that is not ASCII: few Dockerfiles have one, and every command would pay for
/// it.
struct Utf8procLibrary {
  LazyLibrary library{"libutf8proc.so.2", "libutf8proc2"};
  decltype(&utf8proc_category) category = library.function<decltype(&utf8proc_category)>("utf8proc_category");
  decltype(&utf8proc_tolower) to_lower = library.function<decltype(&utf8proc_tolower)>("utf8proc_tolower");
};

const Utf8procLibrary& utf8proc() {
  static const Utf8procLibrary loaded;
  return loaded;
}

bool is_ascii(char32_t rune) { return rune < 0x80; }

utf8proc_category_t category(char32_t rune) {
  return utf8proc().category(static_cast<utf8proc_int32_t>(rune));
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
  return static_cast<char32_t>(utf8proc().to_lower(static_cast<utf8proc_int32_t>(rune)));
}

}  // namespace devenv::build
