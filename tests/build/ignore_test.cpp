#include "runtime/build/ignore.h"

#include <devenv/error.h>
#include <gmock/gmock.h>

#include "runtime/build/path_match.h"

namespace devenv::build {
namespace {

using testing::ElementsAre;

bool ignored(const std::string& path, const std::vector<std::string>& patterns) {
  return IgnoreRules(patterns).ignored(path);
}

TEST(Ignore, PatternsAreRootedAndCoverWhatIsBelow) {
  EXPECT_TRUE(ignored("a", {"a"}));
  EXPECT_TRUE(ignored("a/b/c", {"a"}));
  EXPECT_FALSE(ignored("x/a", {"a"}));
  EXPECT_TRUE(ignored("a/b", {"a/"}));
  EXPECT_FALSE(ignored("ab", {"a"}));
  EXPECT_FALSE(ignored(".", {"*"}));
}

TEST(Ignore, DoubleStarSpansDirectories) {
  for (const char* path : {"a", "x/a", "x/y/a", "x/a/b"}) EXPECT_TRUE(ignored(path, {"**/a"})) << path;
  EXPECT_TRUE(ignored("a/x/y", {"a/**"}));
  EXPECT_FALSE(ignored("a", {"a/**"}));
  EXPECT_TRUE(ignored("a/x/y/b", {"a/**/b"}));
  EXPECT_TRUE(ignored("a/b", {"a/**/b"}));
  EXPECT_TRUE(ignored("d/e.go", {"**/*.go"}));
  EXPECT_FALSE(ignored("d/e.got", {"**/*.go"}));
  EXPECT_TRUE(ignored("anything", {"**"}));
}

TEST(Ignore, TheLastMatchWinsAlsoBelowAnIgnoredDirectory) {
  EXPECT_FALSE(ignored("docs/README.md", {"docs", "!docs/README.md"}));
  EXPECT_TRUE(ignored("docs/README.md", {"docs", "!docs/README.md", "**/*.md"}));
  EXPECT_FALSE(ignored("a/b", {"*", "!a"}));
  EXPECT_TRUE(ignored("a", {"!a", "a"}));
  EXPECT_THROW(IgnoreRules({"!"}), Error);
}

TEST(Ignore, WildcardsStopAtSlashesAndEscapesWork) {
  EXPECT_TRUE(ignored("a.txt", {"*.txt"}));
  EXPECT_FALSE(ignored("d/a.txt", {"*.txt"}));
  EXPECT_TRUE(ignored("ab", {"a?"}));
  EXPECT_TRUE(ignored("a*b", {"a\\*b"}));
  EXPECT_FALSE(ignored("axb", {"a\\*b"}));
  EXPECT_TRUE(ignored("b", {"[a-c]"}));
  EXPECT_FALSE(ignored("b", {"[^a-c]"}));
  EXPECT_TRUE(ignored("a.|)$(}+{bc", {"a.|)$(}+{bc"}));
  EXPECT_THROW(ignored("a", {"[a"}), Error);
  EXPECT_THROW(ignored("ab", {"a*/[/a\\"}), Error);
}

TEST(Ignore, AWalkGivesTheSameAnswersAsSinglePaths) {
  const std::vector<std::vector<std::string>> lists = {
      {"a", "!a/b"}, {"**/x", "!a/x/y"}, {"*", "!*/b", "a/b/c"}, {"a/*", "!a/b/**"}};
  for (const auto& patterns : lists) {
    const IgnoreRules rules(patterns);
    for (const char* top : {"a", "x"})
      for (const char* mid : {"b", "x"})
        for (const char* leaf : {"c", "y"}) {
          ParentMatches one, two, three;
          const std::string first = top, second = first + "/" + mid, third = second + "/" + leaf;
          EXPECT_EQ(rules.ignored(first, {}, one), rules.ignored(first));
          EXPECT_EQ(rules.ignored(second, one, two), rules.ignored(second)) << second;
          EXPECT_EQ(rules.ignored(third, two, three), rules.ignored(third)) << third;
        }
  }
}

TEST(Ignore, TheFileDropsCommentsBlanksAndSlashes) {
  EXPECT_THAT(read_ignore_file("\xEF\xBB\xBF# c\n\n /a/ \n! /b\r\n #x\n./c/../d\n"),
              ElementsAre("a", "!b", "#x", "d"));
}

TEST(Ignore, SaysWhichPatternDecided) {
  EXPECT_EQ(IgnoreRules({"x", "*.log", "!keep.log"}).reason("a.log"), "*.log");
  EXPECT_EQ(IgnoreRules({"*.log", "!keep.log"}).reason("keep.log"), "");
}

TEST(PathMatch, FollowsGo) {
  EXPECT_TRUE(path_match("a*b?c", "axxbyc"));
  EXPECT_FALSE(path_match("*", "a/b"));
  EXPECT_TRUE(path_match("[\\-x]", "-"));
  EXPECT_TRUE(path_match("[^a]", "b"));
  EXPECT_TRUE(path_match("*x", "xxx"));
  EXPECT_FALSE(path_match("a*/b", "a/c/b"));
  for (const char* bad : {"[", "[]a]", "[-]", "[x-]", "a[", "[a-b-c]", "\\"})
    EXPECT_THROW(path_match(bad, "a"), Error) << bad;
}

}  // namespace
}  // namespace devenv::build
