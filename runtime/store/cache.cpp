#include "cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "devenv/error.h"
#include "names.h"
#include "runtime/base/files.h"
#include "tree.h"

namespace devenv::store {

std::string Cache::path(const std::string& key) const { return dir_ + "/" + checked_name(key, "cache key"); }

std::optional<std::string> Cache::get(const std::string& key) const {
  const std::string file = path(key);
  try {
    return read_file(file);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Cache::put(const std::string& key, std::string_view value) const {
  const std::string file = path(key);
  try {
    replace_file(file, value, 0600);
  } catch (const SystemError& error) {
    if (error.code() != ENOENT) throw;
    make_directories(dir_, 0700);
    replace_file(file, value, 0600);
  }
}

void Cache::remove(const std::string& key) const {
  const std::string file = path(key);
  if (unlink(file.c_str()) != 0 && errno != ENOENT) throw SystemError(errno, "remove " + file);
}

std::vector<std::string> Cache::keys() const {
  const UniqueFd dir(open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir && errno == ENOENT) return {};
  if (!dir) throw SystemError(errno, "read directory " + dir_);
  std::vector<std::string> keys;
  for (std::string& name : names_in(dir.get())) {
    // replace_file's temporary names are no keys.
    if (name.find(".tmp-") == std::string::npos) keys.push_back(std::move(name));
  }
  return keys;
}

}  // namespace devenv::store
