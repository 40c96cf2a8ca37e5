#include "names.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "devenv/error.h"
#include "runtime/base/files.h"
#include "tar_entry.h"
#include "tree.h"

namespace devenv::store {
namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 200 && is_alnum(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

const std::string& checked_name(const std::string& name, const char* what) {
  if (is_name(name)) return name;
  throw Error(std::string(what) + " " + shown(name) + ": not a valid name",
              "use letters, digits, '_', '.' and '-', beginning with a letter or digit");
}

std::vector<std::string> named_directories(const std::string& directory) {
  UniqueFd dir(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir && errno == ENOENT) return {};
  if (!dir) throw SystemError(errno, "read directory " + directory);
  std::vector<std::string> names;
  for (const std::string& name : names_in(dir.get())) {
    if (!is_name(name)) continue;
    const auto st = stat_at(dir.get(), name);
    if (st && S_ISDIR(st->st_mode)) names.push_back(name);
  }
  return names;
}

}  // namespace devenv::store
