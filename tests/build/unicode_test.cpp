#include "runtime/build/unicode.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "runtime/base/sha256.h"

namespace devenv::build {
namespace {

/// What is asked of each code point, five bytes each: its lower case and three bits.
std::string properties() {
  std::string all;
  for (char32_t rune = 0; rune <= 0x10FFFF; ++rune) {
    const char32_t lower = to_lower(rune);
    for (int shift = 0; shift < 32; shift += 8) all += static_cast<char>(lower >> shift);
    all += static_cast<char>((is_printable(rune) ? 1 : 0) | (is_letter(rune) ? 2 : 0) |
                             (is_digit(rune) ? 4 : 0));
  }
  return all;
}

TEST(Unicode, EveryCodePointIsAsGoHasIt) {
  if (std::string_view(utf8proc_unicode_version()) != "15.0.0")
    GTEST_SKIP() << "this utf8proc knows Unicode " << utf8proc_unicode_version() << ", Go 15.0.0";
  // Of the tables of Go 1.21: unicode.ToLower, strconv.IsPrint, unicode.IsLetter, unicode.IsDigit.
  EXPECT_EQ(sha256_hex(properties()), "8ece595f748b98a88d4c5c0a874eac9a56a6de9e13f31b5cc2ae631c60c1f76b");
}

TEST(Unicode, NamesAndBlanksAreUnicodes) {
  EXPECT_EQ(to_lower(U'Ä'), U'ä');
  EXPECT_EQ(to_lower(U'İ'), U'i');
  EXPECT_EQ(to_lower(U'ß'), U'ß');
  EXPECT_TRUE(is_letter(U'名'));
  EXPECT_FALSE(is_letter(U'٣'));
  EXPECT_TRUE(is_digit(U'٣'));
  EXPECT_TRUE(is_printable(U'\u0301'));   // a combining mark
  EXPECT_FALSE(is_printable(U'\u00A0'));  // a blank, but not ASCII's
  EXPECT_FALSE(is_printable(0x10FFFF + 1));
}

}  // namespace
}  // namespace devenv::build
