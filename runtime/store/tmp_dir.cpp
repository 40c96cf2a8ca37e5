#include "tmp_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <string_view>
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

TmpDir TmpDir::take(const std::string& store_root, const std::string& directory, FileLock lock) {
  const std::string path = store_root + "/tmp/" + random_id(16);
  check(rename(directory.c_str(), path.c_str()), [&] { return "remove " + directory; });
  return TmpDir(path, std::move(lock));
}

TmpDir::~TmpDir() {
  if (!lock_) return;  // moved from
  try {
    remove_tree(path_);
  } catch (const Error&) {
    // The sweep tries again.
  }
}

bool is_unfinished(const std::string& name) {
  constexpr std::string_view mark = ".tmp-";
  constexpr std::size_t random_digits = 12;
  const std::size_t at = name.rfind(mark);
  return at != std::string::npos && name.size() == at + mark.size() + random_digits;
}

bool is_abandoned(int dirfd, const std::string& name) {
  constexpr std::time_t longest_write_s = 60;
  const auto st = stat_at(dirfd, name);
  return st && S_ISREG(st->st_mode) && st->st_mtim.tv_sec + longest_write_s < std::time(nullptr);
}

namespace {

/// replace_file's temporary names of processes that were killed in it.
void sweep_unfinished(const std::string& store_root) {
  const UniqueFd dir = open_file(store_root, O_RDONLY | O_DIRECTORY);
  for (const std::string& name : names_in(dir.get()))
    if (is_unfinished(name) && is_abandoned(dir.get(), name)) unlinkat(dir.get(), name.c_str(), 0);
}

}  // namespace

int sweep_tmp(const std::string& store_root) {
  sweep_unfinished(store_root);
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
