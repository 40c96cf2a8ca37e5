// The table of SECURITY.md names tests: they must exist, or it promises what nobody checks.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> matches(const std::string& text, const std::regex& expression) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    found.insert((*it)[1].str() + "." + (*it)[2].str());
  return found;
}

TEST(SecurityTable, NamesTestsThatExist) {
  const std::filesystem::path source = DEVENV_SOURCE_DIR;
  std::set<std::string> tests;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source / "tests"))
    if (entry.path().extension() == ".cpp")
      tests.merge(matches(read(entry.path()), std::regex(R"(TEST(?:_F|_P)?\((\w+),\s*(\w+)\))")));
  const auto named = matches(read(source / "SECURITY.md"), std::regex(R"(`([A-Z]\w+)\.([A-Z]\w+)`)"));
  EXPECT_GT(named.size(), 40u);
  for (const std::string& name : named) EXPECT_TRUE(tests.contains(name)) << name;
}

}  // namespace
