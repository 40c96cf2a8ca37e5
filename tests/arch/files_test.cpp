// What every file of the repository keeps to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace devenv::arch {
namespace {

namespace fs = std::filesystem;

/// Everything a person wrote: not what was built, fetched or found by a fuzzer.
std::vector<fs::path> written_files() {
  const fs::path root = DEVENV_SOURCE_DIR;
  const std::set<std::string> not_ours{".git", ".cache", "build", "corpus"};
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    if (not_ours.contains(entry->path().filename().string())) {
      if (entry->is_directory()) entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files.push_back(entry->path());
    }
  }
  return files;
}

std::string name_of(const fs::path& file) { return fs::relative(file, DEVENV_SOURCE_DIR).string(); }

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

TEST(Files, AreFound) { EXPECT_GT(written_files().size(), 300u); }

TEST(Files, AreAtMost400Lines) {
  std::vector<std::string> long_files;
  for (const auto& file : written_files()) {
    const auto lines = lines_of(file).size();
    if (lines > 400 && file.extension() != ".sum")
      long_files.push_back(name_of(file) + ": " + std::to_string(lines) + " lines");
  }
  EXPECT_THAT(long_files, testing::IsEmpty());
}

TEST(Files, SourcesSayWhatTheyAreForFirst) {
  std::vector<std::string> silent;
  for (const auto& file : written_files()) {
    if (file.extension() != ".h") continue;
    const auto lines = lines_of(file);
    if (lines.empty() || !lines[0].starts_with("//")) silent.push_back(name_of(file));
  }
  EXPECT_THAT(silent, testing::IsEmpty());
}

TEST(Files, ScriptsStopAtTheFirstFailure) {
  std::vector<std::string> careless;
  for (const auto& file : written_files()) {
    const auto lines = lines_of(file);
    if (lines.empty() || !lines[0].starts_with("#!")) continue;
    bool strict = false;
    for (const auto& line : lines)
      strict |= line.starts_with("set -") || line.find("/lib.sh") != std::string::npos;
    if (!strict) careless.push_back(name_of(file));
  }
  EXPECT_THAT(careless, testing::IsEmpty());
}

TEST(Files, ALicenseAndAChangelogStandBesideTheReadme) {
  for (const char* name : {"README.md", "LICENSE", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md"})
    EXPECT_TRUE(fs::exists(fs::path(DEVENV_SOURCE_DIR) / name)) << name;
  EXPECT_THAT(lines_of(fs::path(DEVENV_SOURCE_DIR) / "LICENSE"), testing::Contains("MIT License"));
  EXPECT_THAT(lines_of(fs::path(DEVENV_SOURCE_DIR) / "CHANGELOG.md"), testing::Contains("## [Unreleased]"));
}

}  // namespace
}  // namespace devenv::arch
