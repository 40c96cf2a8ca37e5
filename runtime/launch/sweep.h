// Removes what dead sessions left: their journal's cgroups and scratch, then the session directory. Used by
// the reaper, by the next start, and by nobody else.
#pragma once

#include <string>

namespace devenv::launch {

/// `lock` is the session's, held by the caller. Idempotent. What cannot be removed keeps its entry and the
/// session directory, for a later sweep; false then.
bool sweep_session(const std::string& session_dir, int lock);

/// Every session below runtime_dir whose lock is free, and every scratch directory of the store that nobody has
/// locked: its session directory may have gone with a restart. Never throws: a sweep is a favour to the past.
void sweep_dead_sessions(const std::string& runtime_dir, const std::string& store_dir) noexcept;

}  // namespace devenv::launch
