// What a session owns that the kernel does not remove with it: cgroup directories and one scratch directory.
// An append-only text file; an entry is written before the thing exists and erased after it is gone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::launch {

struct JournalEntry {
  enum class Kind { cgroup, scratch };
  Kind kind;
  std::string path;
  bool operator==(const JournalEntry&) const = default;
};

/// The entries added and not erased, oldest first. A last line cut short by a crash is ignored, as are lines
/// that are none of ours. Pure.
std::vector<JournalEntry> parse_journal(std::string_view text);

/// Whether a sweep of session `id` may remove this: no "..", and ending in "/devenv/<name>" (cgroup) or
/// "/sessions/<name>" (scratch), of a name that is_resource_of(id). A journal that says otherwise is not
/// obeyed. Pure.
bool may_sweep(const JournalEntry& entry, const std::string& session_id);

class Journal {
 public:
  explicit Journal(const std::string& path);
  void add(const JournalEntry& entry);
  void erase(const JournalEntry& entry);

 private:
  void append(char sign, const JournalEntry& entry);
  std::string path_;
  UniqueFd file_;
};

}  // namespace devenv::launch
