#include "journal.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "session.h"

namespace devenv::launch {

namespace {

const char* name_of(JournalEntry::Kind kind) {
  return kind == JournalEntry::Kind::cgroup ? "cgroup" : "scratch";
}

std::optional<JournalEntry> parse_entry(std::string_view text) {
  for (const auto kind : {JournalEntry::Kind::cgroup, JournalEntry::Kind::scratch}) {
    const std::string prefix = std::string(name_of(kind)) + " /";
    if (text.starts_with(prefix)) return JournalEntry{kind, std::string(text.substr(prefix.size() - 1))};
  }
  return std::nullopt;
}

}  // namespace

std::vector<JournalEntry> parse_journal(std::string_view text) {
  std::vector<JournalEntry> entries;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    if (line.empty()) continue;
    const auto entry = parse_entry(line.substr(1));
    if (!entry) continue;
    if (line[0] == '+') entries.push_back(*entry);
    if (line[0] == '-') std::erase(entries, *entry);
  }
  return entries;
}

bool may_sweep(const JournalEntry& entry, const std::string& session_id) {
  if (session_id.empty() || session_id.find('/') != std::string::npos || session_id[0] == '.') return false;
  if (entry.path.empty() || entry.path[0] != '/' || entry.path.find("..") != std::string::npos) return false;
  const std::string parent = entry.kind == JournalEntry::Kind::cgroup ? "/devenv" : "/sessions";
  const std::size_t slash = entry.path.rfind('/');
  const std::string_view above = std::string_view(entry.path).substr(0, slash);
  return above.size() > parent.size() && above.ends_with(parent) &&
         is_resource_of(session_id, entry.path.substr(slash + 1));
}

Journal::Journal(const std::string& path)
    : path_(path), file_(open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600)) {}

void Journal::append(char sign, const JournalEntry& entry) {
  if (entry.path.find('\n') != std::string::npos)
    throw Error("write journal " + path_ + ": a path contains a newline");
  write_all(file_.get(), sign + std::string(name_of(entry.kind)) + ' ' + entry.path + '\n', path_);
}

void Journal::add(const JournalEntry& entry) { append('+', entry); }
void Journal::erase(const JournalEntry& entry) { append('-', entry); }

}  // namespace devenv::launch
