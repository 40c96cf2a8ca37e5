// The source tree as modules and the includes between them.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace devenv::arch {

struct SourceFile {
  std::string path{};    ///< relative to the root, "runtime/store/blob.h"
  std::string module{};  ///< "runtime/store", "adapters/cli"
  bool is_public = false;
  std::size_t lines = 0;
  std::vector<std::string> includes{};  ///< as written between "" or <>
};

/// Every .h and .cpp below the top folders given. `depth` words make a module: runtime/store, but
/// fixtures/postgres.
std::vector<SourceFile> read_tree(const std::filesystem::path& root, const std::vector<std::string>& tops);

struct Edge {
  std::string from_file, from, to, include;
};

/// The includes that lead into a module of the tree, that of the file itself left out.
std::vector<Edge> edges(const std::vector<SourceFile>& files);

/// Which modules a module may include. A pattern is a module or a top folder followed by "/*".
using Rules = std::map<std::string, std::set<std::string>>;

/// "runtime/net/bridge.cpp includes runtime/kernel/mounts.h: runtime/net may not include runtime/kernel".
std::vector<std::string> violations(const std::vector<Edge>& edges, const Rules& rules);

}  // namespace devenv::arch
