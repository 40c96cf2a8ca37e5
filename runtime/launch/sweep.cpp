#include "sweep.h"

#include <unistd.h>

#include <chrono>

#include <devenv/error.h>

#include "journal.h"
#include "runtime/base/files.h"
#include "runtime/kernel/cgroup.h"
#include "session.h"

namespace devenv::launch {

namespace {

bool sweep_entry(const JournalEntry& entry, const std::string& id) {
  if (!may_sweep(entry, id)) return true;
  try {
    if (entry.kind == JournalEntry::Kind::cgroup)
      kernel::destroy_cgroup(entry.path, Deadline::after(std::chrono::seconds(5)));
    else
      remove_tree(entry.path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string read_if_there(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return {};
  return read_file(path);
}

}  // namespace

bool sweep_session(const std::string& session_dir, int) {
  const std::string id = session_dir.substr(session_dir.rfind('/') + 1);
  bool clean = true;
  // cgroups first: their processes may still write to the scratch directory.
  const auto entries = parse_journal(read_if_there(journal_path(session_dir)));
  for (const auto kind : {JournalEntry::Kind::cgroup, JournalEntry::Kind::scratch})
    for (const JournalEntry& entry : entries)
      if (entry.kind == kind && !sweep_entry(entry, id)) clean = false;
  if (!clean) return false;
  remove_tree(session_dir);
  remove_empty_session_dirs(session_dir.substr(0, session_dir.rfind("/sessions/")));
  return true;
}

void sweep_dead_sessions(const std::string& runtime_dir, const std::string& store_dir) noexcept {
  try {
    for (const std::string& id : session_ids(runtime_dir))
      if (const auto lock = claim_dead_session(runtime_dir, id))
        sweep_session(session_dir(runtime_dir, id), lock->get());
    for (const std::string& name : scratch_names(store_dir))
      if (const auto lock = claim_dead_scratch(scratch_path(store_dir, name)))
        remove_tree(scratch_path(store_dir, name));
  } catch (const std::exception&) {
    // What is left stays as it is; the next sweep tries again.
  }
}

}  // namespace devenv::launch
