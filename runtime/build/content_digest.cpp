#include "content_digest.h"

#include <devenv/error.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/sha256.h"
#include "runtime/store/attributes.h"

namespace devenv::build {
namespace {

// Coarser than any file system's timestamps we meet.
constexpr std::int64_t safe_age_s = 2;

std::string memo_key(const struct stat& st) {
  std::string key;
  for (const std::int64_t part :
       {static_cast<std::int64_t>(st.st_dev), static_cast<std::int64_t>(st.st_ino),
        static_cast<std::int64_t>(st.st_size), static_cast<std::int64_t>(st.st_mtim.tv_sec),
        static_cast<std::int64_t>(st.st_mtim.tv_nsec), static_cast<std::int64_t>(st.st_ctim.tv_sec),
        static_cast<std::int64_t>(st.st_ctim.tv_nsec)})
    key += std::to_string(part) + ",";
  return key;
}

std::string hash_file(int dirfd, const std::string& name) {
  const UniqueFd file(check(openat(dirfd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
                            [&] { return "open " + name + " of the build context"; }));
  Sha256 hash;
  std::vector<char> buffer(256 * 1024);
  for (;;) {
    const ssize_t n = check(read(file.get(), buffer.data(), buffer.size()), [&] { return "read " + name; });
    if (n == 0) return hash.hex();
    hash.update({buffer.data(), static_cast<std::size_t>(n)});
  }
}

std::string read_link(int dirfd, const std::string& name) {
  std::array<char, 4096> target{};
  const ssize_t n = check(readlinkat(dirfd, name.c_str(), target.data(), target.size()),
                          [&] { return "read symbolic link " + name; });
  return {target.data(), static_cast<std::size_t>(n)};
}

// Fields are framed by their length: no two different trees give the same bytes.
void add_field(Sha256& hash, const std::string& field) {
  hash.update(std::to_string(field.size()) + ":" + field);
}

void add_entry(Sha256& hash, const SourceEntry& entry, bool owners, DigestMemo& memo) {
  const struct stat& st = entry.st;
  add_field(hash, entry.path);
  add_field(hash, std::to_string(st.st_mode));
  if (owners) add_field(hash, std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid));
  if (S_ISREG(st.st_mode)) {
    add_field(hash, std::to_string(st.st_size));
    add_field(hash, memo.digest(entry.dirfd, entry.name, st));
  } else if (S_ISLNK(st.st_mode)) {
    add_field(hash, read_link(entry.dirfd, entry.name));
    return;
  } else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
    add_field(hash, std::to_string(st.st_rdev));
  }
  const UniqueFd fd(openat(entry.dirfd, entry.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return;
  for (const auto& [name, value] : store::read_xattrs(fd.get())) {
    add_field(hash, name);
    add_field(hash, value);
  }
}

}  // namespace

DigestMemo::DigestMemo(const std::string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t blank = text.find(' ', begin);
    if (blank < end && end - blank == 65)
      known_.emplace(text.substr(begin, blank - begin), text.substr(blank + 1, 64));
    begin = end + 1;
  }
}

std::string DigestMemo::digest(int dirfd, const std::string& name, const struct stat& st) {
  const std::string key = memo_key(st);
  if (const auto found = known_.find(key); found != known_.end()) {
    used_.insert(*found);
    return found->second;
  }
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::string digest = hash_file(dirfd, name);
  if (st.st_ctim.tv_sec + safe_age_s < now.tv_sec) {
    used_[key] = digest;
    known_[key] = digest;
    changed_ = true;
  }
  return digest;
}

std::string DigestMemo::text() const {
  std::string text;
  for (const auto& [key, digest] : used_) text += key + " " + digest + "\n";
  return text;
}

std::string content_digest(const SourceTree& tree, const SourceMatch& match, const IgnoreRules& excludes,
                           bool owners, DigestMemo& memo) {
  Sha256 hash;
  add_field(hash, match.directory ? "directory" : match.name);
  add_field(hash, match.parent);
  if (match.directory) {
    if (!match.parent.empty() || !match.name.empty()) add_field(hash, match.parent.empty() ? "" : match.name);
    tree.walk(match.path, excludes, [&](const SourceEntry& entry) { add_entry(hash, entry, owners, memo); });
    return hash.hex();
  }
  const UniqueFd parent = tree.tree().open_directory(store::parent_of(match.path));
  const std::string name = store::base_of(match.path);
  const auto st = store::stat_at(parent.get(), name);
  if (!st) throw NotFound("read " + match.path + ": it was removed during the build");
  add_entry(hash, {"", *st, parent.get(), name}, owners, memo);
  return hash.hex();
}

}  // namespace devenv::build
