#include "tmp_dir.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "tree.h"

namespace devenv::store {
namespace {

/// Making an entry and locking it are two steps; the sweep must not come between them.
std::string gate(const std::string& store_root) { return store_root + "/locks/tmp"; }

}  // namespace

TmpDir TmpDir::create(const std::string& store_root) {
  const FileLock making =
      FileLock::acquire(gate(store_root), FileLock::Mode::shared, Deadline::after(std::chrono::seconds(60)),
                        "the store's tmp lock");
  const std::string path = store_root + "/tmp/" + random_id(16);
  check(mkdir(path.c_str(), 0700), [&] { return "create directory " + path; });
  return TmpDir(path, *FileLock::try_acquire(path, FileLock::Mode::exclusive));
}

TmpDir::~TmpDir() {
  if (!lock_) return;  // moved from
  try {
    remove_tree(path_);
  } catch (const Error&) {
    // The sweep tries again.
  }
}

int sweep_tmp(const std::string& store_root) {
  const std::string tmp = store_root + "/tmp";
  const UniqueFd dir = open_file(tmp, O_RDONLY | O_DIRECTORY);
  const std::vector<std::string> names = names_in(dir.get());
  if (names.empty()) return 0;
  std::vector<std::pair<std::string, FileLock>> leftovers;
  {
    const auto sweeping = FileLock::try_acquire(gate(store_root), FileLock::Mode::exclusive);
    if (!sweeping) return 0;  // somebody is making one; the next sweep will do
    for (const std::string& name : names) {
      const std::string path = tmp + "/" + name;
      struct stat st {};
      if (lstat(path.c_str(), &st) != 0 || !S_ISDIR(st.st_mode)) continue;
      // Its owner may be removing it just now, without the gate.
      if (auto lock = FileLock::try_acquire_directory(path, FileLock::Mode::exclusive))
        leftovers.emplace_back(path, std::move(*lock));
    }
  }
  int removed = 0;
  for (const auto& [path, lock] : leftovers) {
    try {
      remove_tree(path);
      ++removed;
    } catch (const Error&) {
      // Not ours to remove (a foreign owner, a mount): it stays.
    }
  }
  return removed;
}

}  // namespace devenv::store
