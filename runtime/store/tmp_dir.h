// Scratch directories inside the store, on its file system so that results can be renamed into place. Each
// is flocked while in use; what a killed process leaves is unlocked, and the sweep removes it.
#pragma once

#include <string>

#include "lock.h"

namespace devenv::store {

class TmpDir {
 public:
  /// Makes <store_root>/tmp/<random>, mode 0700.
  static TmpDir create(const std::string& store_root);
  /// Moves `directory` there, whose exclusive lock this is: as good as removed, and other than create() it
  /// needs no space, so that removing helps on a full disk. Throws SystemError (ENOENT: it is gone).
  static TmpDir take(const std::string& store_root, const std::string& directory, FileLock lock);
  TmpDir(TmpDir&&) noexcept = default;
  TmpDir& operator=(TmpDir&&) = delete;
  /// Removes what is left in it; what cannot be removed stays for the sweep.
  ~TmpDir();

  const std::string& path() const { return path_; }

 private:
  TmpDir(std::string path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  FileLock lock_;
};

/// Whether `name` is a temporary one of replace_file.
bool is_unfinished(const std::string& name);
/// Whether it is too old to be a write under way.
bool is_abandoned(int dirfd, const std::string& name);

/// Removes the entries of <store_root>/tmp nobody uses, and unfinished files beside it. Returns how many
/// entries. Safe at any time.
int sweep_tmp(const std::string& store_root);

}  // namespace devenv::store
