#include "runtime/build/expand.h"

#include <devenv/error.h>
#include <gmock/gmock.h>

namespace devenv::build {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Variables variables = {{"a", "1"}, {"e", ""}, {"s", "a/b/c.d"}, {"m", "x y"}, {"st", "a*b*c"}};

std::string word(const std::string& text) {
  try {
    return process_word(text, variables);
  } catch (const Error& error) {
    return std::string("error: ") + error.what();
  }
}

TEST(Expand, VariablesAndQuotes) {
  EXPECT_EQ(word("$a${a}x"), "11x");
  EXPECT_EQ(word("'$a' \"$a\" \\$a"), "$a 1 $a");
  EXPECT_EQ(word("\"a\\\"b\\n\""), "a\"b\\n");
  EXPECT_EQ(word("$u$1$@x$"), "x$");
  EXPECT_EQ(word("a\\"), "a");
  EXPECT_THAT(word("'a"), HasSubstr("matching single-quote"));
  EXPECT_THAT(word("\"a"), HasSubstr("matching double-quote"));
}

TEST(Expand, Modifiers) {
  EXPECT_EQ(word("${u:-d}${u-d}${e:-d}${e-d}"), "ddd");
  EXPECT_EQ(word("${a:+p}${a+p}${e:+p}${e+p}${u+p}"), "ppp");
  EXPECT_EQ(word("${u:-${v:-n}}"), "n");
  EXPECT_THAT(word("${u?}"), HasSubstr("u: is not allowed to be unset"));
  EXPECT_THAT(word("${e:?gone}"), HasSubstr("e: gone"));
  EXPECT_THAT(word("${u:=x}"), HasSubstr("unsupported modifier"));
  EXPECT_THAT(word("${"), HasSubstr("missing '}'"));
  EXPECT_THAT(word("${}"), HasSubstr("bad substitution"));
}

TEST(Expand, PrefixSuffixAndReplacement) {
  EXPECT_EQ(word("${s#*/} ${s##*/} ${s%/*} ${s%%/*}"), "b/c.d c.d a/b a");
  EXPECT_EQ(word("${st#a\\*} ${st##*\\*}"), "b*c c");
  EXPECT_EQ(word("${s/\\//_} ${s//\\//_} ${s//?/z}"), "a_b/c.d a_b_c.d zzzzzzz");
  EXPECT_EQ(word("${s/x/y}${e//*/z}"), "a/b/c.dz");
  EXPECT_THAT(word("${s#\\q}"), HasSubstr("invalid escape"));
}

TEST(Expand, QuotedPatternsKeepTheirEscapes) {
  EXPECT_EQ(process_word("${v#'\\'}", {{"v", "\\a"}}), "a");
  EXPECT_EQ(process_word("${v#\"\\\\\"}", {{"v", "\\a"}}), "a");
  EXPECT_EQ(process_word("${v//'\\'/_}", {{"v", "a\\b\\c"}}), "a_b_c");
  EXPECT_EQ(process_word("${v%'*'}", {{"v", "abc"}}), "abc");  // a quoted star is a star, shortest match
}

TEST(Expand, NamesEndWhereLettersEnd) {
  EXPECT_EQ(word("$a\U0001F680"), "1\U0001F680");
  EXPECT_EQ(process_word("$\uD55C\uAD6D.", {{"\uD55C\uAD6D", "1"}}), "1.");
}

TEST(Expand, ValuesKeepBytesThatAreNotUtf8) {
  const Variables raw = {{"v", "a\xFFz"}};
  EXPECT_EQ(process_word("$v-${v:-x}", raw), "a\xFFz-a\xFFz");
  EXPECT_EQ(process_word("${v#a}", raw), "\xFFz");
  EXPECT_EQ(process_word("${v/?z/}", raw), "a");
  EXPECT_EQ(process_word("\xFF", raw), "\uFFFD");  // written in the word itself it does not survive, as in Go
}

TEST(Expand, WordsAreSplitAfterExpansion) {
  EXPECT_THAT(process_words("$m \"$m\" 'q r'", variables), ElementsAre("x", "y", "x y", "q r"));
  EXPECT_THAT(process_words("a \"\" $u b", variables), ElementsAre("a", "b"));
  EXPECT_THAT(process_words("pre${u:-b}", variables), ElementsAre("preb"));
}

TEST(Expand, TheEscapeCharacterCanBeABacktick) {
  EXPECT_EQ(process_word("`$a \\$a", variables, '`'), "$a \\1");
}

TEST(Expand, DeepNestingIsRefusedNotCrashed) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "${u:-";
  EXPECT_THROW(process_word(deep, variables), Error);
}

}  // namespace
}  // namespace devenv::build
