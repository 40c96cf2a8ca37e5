// What the pages of docs/ promise that no compiler sees: the table of settings is whole, links lead
// somewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace devenv::arch {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

const fs::path kRoot = DEVENV_SOURCE_DIR;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Each match's first group.
std::set<std::string> matches(const std::string& text, const char* expression) {
  const std::regex regex(expression);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) found.insert((*it)[1]);
  return found;
}

/// What `expression` finds in the files below the top folders whose names end in one of the extensions.
std::set<std::string> in_sources(const std::vector<std::string>& tops,
                                 const std::set<std::string>& extensions, const char* expression) {
  std::set<std::string> found;
  for (const auto& top : tops)
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / top))
      if (entry.is_regular_file() && extensions.contains(entry.path().extension()))
        found.merge(matches(read(entry.path()), expression));
  return found;
}

std::vector<fs::path> pages() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(kRoot / "docs"))
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  return found;
}

struct Tables {
  std::set<std::string> variables, options;
};

Tables documented() {
  const std::string page = read(kRoot / "docs/settings.md");
  const std::size_t options = page.find("CMake options");
  EXPECT_NE(options, std::string::npos);
  const char* row = R"(\n\| `(DEVENV_[A-Z_]+)` \|)";
  return {matches(page.substr(0, options), row), matches(page.substr(options), row)};
}

TEST(Settings, TheTableHasEveryVariableAndNoOther) {
  // A name between quotes is read or set; DEVENV_TEST_… are the tests' among themselves.
  std::set<std::string> read_somewhere = in_sources({"runtime", "harness", "fixtures", "adapters", "tests"},
                                                    {".cpp", ".h"}, R"rx("(DEVENV_[A-Z_]+)")rx");
  std::erase_if(read_somewhere, [](const std::string& name) { return name.starts_with("DEVENV_TEST_"); });
  // .ci/run has no extension.
  read_somewhere.merge(in_sources({"scripts", "tests", ".ci"}, {".sh", ""}, R"(\$\{?(DEVENV_[A-Z_]+))"));
  EXPECT_GT(read_somewhere.size(), 12u);
  EXPECT_EQ(documented().variables, read_somewhere);
}

TEST(Settings, TheTableHasEveryBuildOptionAndNoOther) {
  std::set<std::string> options =
      in_sources({"cmake", "tests"}, {".cmake", ".txt"}, R"(option\((DEVENV_[A-Z_]+) )");
  options.merge(
      in_sources({"cmake", "tests"}, {".cmake", ".txt"}, R"rx(set\((DEVENV_[A-Z_]+) "[^"]*" CACHE)rx"));
  EXPECT_GT(options.size(), 5u);
  EXPECT_EQ(documented().options, options);
}

TEST(Settings, OnePlaceReadsThem) {
  std::vector<std::string> readers;
  for (const char* top : {"runtime", "harness", "fixtures", "adapters"})
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / top))
      if (entry.path().extension() == ".cpp" &&
          !matches(read(entry.path()), R"rx("(DEVENV_[A-Z_]+)")rx").empty())
        readers.push_back(fs::relative(entry.path(), kRoot));
  EXPECT_THAT(readers, testing::ElementsAre("runtime/base/settings.cpp"));
}

TEST(Docs, TheIndexHasEveryPage) {
  const auto linked = matches(read(kRoot / "docs/README.md"), R"(\n\| \[([^\]]+)\])");
  std::set<std::string> there;
  for (const auto& page : pages())
    if (page.filename() != "README.md") there.insert(page.filename());
  EXPECT_EQ(linked, there);
}

TEST(Docs, LinksAndNamedFilesAreThere) {
  std::vector<std::string> missing;
  unsigned looked_at = 0;
  for (const auto& page : pages()) {
    const std::string text = read(page);
    for (const std::string& link : matches(text, R"(\]\(([^):#]+)[)#])"))
      if (++looked_at; !fs::exists(page.parent_path() / link))
        missing.push_back(page.filename().string() + ": " + link);
    for (const std::string& file : matches(
             text, R"(`((?:runtime|harness|fixtures|adapters|tests|scripts|examples)/[A-Za-z0-9_/.-]+)`)"))
      if (++looked_at; !fs::exists(kRoot / file)) missing.push_back(page.filename().string() + ": " + file);
  }
  EXPECT_GT(looked_at, 30u);
  EXPECT_THAT(missing, IsEmpty());
}

}  // namespace
}  // namespace devenv::arch
