// A directory for one test, removed with everything in it.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "devenv/error.h"
#include "runtime/base/files.h"

namespace devenv::test {

class TempDir {
 public:
  TempDir() : path_(prefix() + "XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) throw Error("make a directory in /tmp: failed");
    chmod(path_.c_str(), 0755);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    try {
      remove_tree(path_);
    } catch (const std::exception&) {
    }
  }

  /// What the names of all of this program's begin with, those that its forked children make included.
  static const std::string& prefix() {
    static const std::string prefix = "/tmp/devenv-test-" + std::to_string(getpid()) + "-";
    return prefix;
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  /// Writes a file, with the directories above it.
  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ + "/" + name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  std::string make_dir(const std::string& name) const {
    std::filesystem::create_directories(path_ + "/" + name);
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

/// The whole file as text, empty when it cannot be read. Without streams: one of a process that ends
/// meanwhile makes those throw.
inline std::string slurp(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t n; fd && (n = read(fd.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

}  // namespace devenv::test
