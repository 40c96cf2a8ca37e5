// Walks every command and every flag the real program knows.
#include <gmock/gmock.h>

#include <regex>
#include <set>
#include <sstream>

#include "runtime/base/process.h"

namespace devenv::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

ProcessResult devenv(std::vector<std::string> args) {
  args.insert(args.begin(), DEVENV_COMMAND);
  return run_process({.argv = std::move(args), .deadline = Deadline::after(std::chrono::seconds(20))});
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

/// The commands that `devenv [GROUP] --help` lists, each with a summary.
std::vector<std::string> commands(const std::vector<std::string>& group = {}) {
  std::vector<std::string> names, args = group;
  args.push_back("--help");
  std::istringstream in(devenv(args).output);
  static const std::regex line_shape("^  ([a-z]+( [a-z]+)?)   .*[A-Za-z].*");
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("  ")) continue;
    EXPECT_TRUE(std::regex_match(line, match, line_shape)) << line;
    names.push_back(match[1]);
  }
  return names;
}

/// The first words of commands of two words, and docker's groups.
std::set<std::string> groups() {
  std::set<std::string> found{"container"};
  for (const auto& name : commands())
    if (words(name).size() == 2) found.insert(words(name)[0]);
  return found;
}

TEST(Help, ListsTheCommands) {
  const auto names = commands();
  EXPECT_GE(names.size(), 25u);
  EXPECT_THAT(names,
              testing::IsSupersetOf({"run", "build", "ps", "volume create", "image bootstrap", "debug"}));
}

TEST(Help, EveryCommandExplainsItself) {
  for (const auto& name : commands()) {
    auto args = words(name);
    args.push_back("--help");
    const auto help = devenv(args);
    EXPECT_EQ(help.exit_code, 0) << name;
    EXPECT_THAT(help.output, StartsWith("Usage: devenv " + name)) << name;
    EXPECT_EQ(help.errors, "") << name;
  }
}

TEST(Help, EveryGroupAndItsOtherNamesExplainThemselves) {
  EXPECT_THAT(groups(), testing::IsSupersetOf({"container", "image", "volume", "network", "state"}));
  for (const auto& group : groups()) {
    const auto help = devenv({group, "--help"});
    EXPECT_EQ(help.exit_code, 0) << group;
    EXPECT_EQ(help.errors, "") << group;
    EXPECT_THAT(help.output, StartsWith("Usage: devenv " + group + " COMMAND"));
    EXPECT_EQ(devenv({group}).output, help.output) << group;
    const auto members = commands({group});
    EXPECT_FALSE(members.empty()) << group;
    for (const auto& name : members) {
      auto args = words(name);
      args.push_back("--help");
      const auto member = devenv(args);
      EXPECT_EQ(member.exit_code, 0) << name;
      EXPECT_THAT(member.output, StartsWith("Usage: devenv ")) << name;
      EXPECT_THAT(member.output, testing::Not(HasSubstr("COMMAND [ARG...]\n\nCommands:"))) << name;
      EXPECT_EQ(member.errors, "") << name;
    }
  }
}

TEST(Help, CanBeAskedForLikeACommand) {
  for (const auto& name : commands()) {
    auto asked = words(name), flag = words(name);
    asked.insert(asked.begin(), "help");
    flag.push_back("--help");
    EXPECT_EQ(devenv(asked).output, devenv(flag).output) << name;
  }
}

TEST(Help, EveryFlagIsDescribedAndChecked) {
  static const std::regex flag_line("^  (-[a-zA-Z], |    )--([a-z-]+)( [A-Z]+)?   +(.*)$");
  unsigned flags = 0;
  for (const auto& name : commands()) {
    auto args = words(name);
    args.push_back("--help");
    std::istringstream in(devenv(args).output);
    std::smatch match;
    for (std::string line; std::getline(in, line);) {
      if (line.find(" --") == std::string::npos || !line.starts_with("  ") || name == "debug") continue;
      ASSERT_TRUE(std::regex_match(line, match, flag_line)) << name << ": " << line;
      ++flags;
      EXPECT_NE(match[4], "") << name << ": " << line;
      auto wrong = words(name);
      const bool takes_value = match[3].matched;
      wrong.push_back("--" + match[2].str() + (takes_value ? "" : "=perhaps"));
      const auto refused = devenv(wrong);
      EXPECT_EQ(refused.exit_code, 125) << name << " " << wrong.back();
      EXPECT_THAT(refused.errors, HasSubstr(takes_value ? "it needs a value" : "it is a switch")) << name;
    }
  }
  EXPECT_GT(flags, 80u);
}

TEST(Help, EveryDebugVerbIsWired) {
  std::istringstream in(devenv({"debug", "--help"}).output);
  std::vector<std::string> verbs;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("  debug ")) verbs.push_back(words(line)[1]);
  EXPECT_THAT(verbs, testing::UnorderedElementsAre("dockerfile-ast", "expand", "expand-words", "ignore-match",
                                                   "path-match", "reference", "apply-layer", "diff-layer",
                                                   "chain-id"));
  static const std::regex any_flag("--[a-z]+");
  for (const auto& verb : verbs) {
    const auto help = devenv({"debug", verb, "--help"});
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_EQ(help.errors, "") << verb;
    EXPECT_THAT(help.output, StartsWith("Usage: devenv debug " + verb));
    const auto usage = help.output.substr(0, help.output.find('\n'));
    for (std::sregex_iterator flag(usage.begin(), usage.end(), any_flag), none; flag != none; ++flag)
      EXPECT_THAT(help.output, testing::ContainsRegex("\n  " + flag->str() + "[ =].*  [A-Z]")) << verb;
  }
}

TEST(Help, DebugVerbsReadStandardInputAndRawOperands) {
  const auto ast =
      run_process({.argv = {DEVENV_COMMAND, "debug", "dockerfile-ast", "-"}, .input = "FROM scratch\n"});
  EXPECT_EQ(ast.output, "(from \"scratch\")\n");
  EXPECT_EQ(devenv({"debug", "expand", "--env", "A=[x]", "${A}-b"}).output, "[x]-b\n");
  EXPECT_THAT(devenv({"debug", "reference", "debian"}).output, HasSubstr("\"domain\":\"docker.io\""));
}

}  // namespace
}  // namespace devenv::cli
