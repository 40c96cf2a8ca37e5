#include "include_graph.h"

#include <fstream>
#include <optional>
#include <string_view>

namespace devenv::arch {
namespace {

namespace fs = std::filesystem;

std::string module_of(const std::string& path) {
  const std::size_t first = path.find('/');
  const std::size_t second = path.find('/', first + 1);
  return path.substr(0, second);
}

/// The name in `#include "name"` or `#include <name>`.
std::optional<std::string> included(std::string_view line) {
  constexpr std::string_view directive = "#include ";
  if (!line.starts_with(directive)) return std::nullopt;
  line.remove_prefix(directive.size());
  const std::size_t end = line.find_first_of("\">", 1);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(1, end - 1));
}

SourceFile read_source(const fs::path& root, const fs::path& path) {
  SourceFile file{.path = fs::relative(path, root).string()};
  file.module = module_of(file.path);
  file.is_public = file.path.find("/include/devenv/") != std::string::npos;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line); ++file.lines)
    if (auto name = included(line)) file.includes.push_back(std::move(*name));
  return file;
}

bool allows(const std::set<std::string>& allowed, const std::string& module) {
  return allowed.contains(module) || allowed.contains(module.substr(0, module.find('/')) + "/*");
}

const std::set<std::string>* rule_for(const Rules& rules, const std::string& module) {
  auto found = rules.find(module);
  if (found == rules.end()) found = rules.find(module.substr(0, module.find('/')) + "/*");
  return found == rules.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<SourceFile> read_tree(const fs::path& root, const std::vector<std::string>& tops) {
  std::vector<SourceFile> files;
  for (const auto& top : tops) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto extension = entry.path().extension();
      if (entry.is_regular_file() && (extension == ".h" || extension == ".cpp"))
        files.push_back(read_source(root, entry.path()));
    }
  }
  return files;
}

std::vector<Edge> edges(const std::vector<SourceFile>& files) {
  std::map<std::string, std::string> home;  // of what can be included: path from the root, or "devenv/x.h"
  for (const auto& file : files) {
    home[file.path] = file.module;
    const std::size_t at = file.path.find("/include/devenv/");
    if (at != std::string::npos) home[file.path.substr(at + 9)] = file.module;
  }
  std::vector<Edge> found;
  for (const auto& file : files) {
    for (const auto& include : file.includes) {
      // "x.h" beside the file is its own module; only a name from the root or a public one leads out.
      const auto target = home.find(include);
      if (target != home.end() && target->second != file.module)
        found.push_back({file.path, file.module, target->second, include});
    }
  }
  return found;
}

std::vector<std::string> violations(const std::vector<Edge>& edges, const Rules& rules) {
  std::vector<std::string> found;
  for (const auto& edge : edges) {
    const auto* allowed = rule_for(rules, edge.from);
    if (allowed == nullptr)
      found.push_back(edge.from_file + ": no rule says what " + edge.from + " may include");
    else if (!allows(*allowed, edge.to))
      found.push_back(edge.from_file + " includes " + edge.include + ": " + edge.from + " may not include " +
                      edge.to);
  }
  return found;
}

}  // namespace devenv::arch
