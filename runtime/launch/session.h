// Session directories: <runtime>/sessions/<id>/{lock, journal, control.sock}. A session lives exactly as long
// as its lock is held; process ids say nothing. Creating one and deciding that one is dead exclude each
// other through a lock on the sessions directory, held for microseconds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::launch {

constexpr const char* kDetachedSession = "detached";

std::string sessions_dir(const std::string& runtime_dir);
std::string session_dir(const std::string& runtime_dir, const std::string& id);
std::string lock_path(const std::string& session_dir);
std::string journal_path(const std::string& session_dir);
std::string control_path(const std::string& session_dir);
std::string scratch_path(const std::string& store_dir, const std::string& id);

/// Makes the directory (0700) and takes its lock; the returned descriptor holds it. nullopt when a live
/// session has the name. A dead one's remains are swept first.
std::optional<UniqueFd> create_session(const std::string& runtime_dir, const std::string& id);

/// Whether a holder has the session's lock.
bool session_alive(const std::string& session_dir);

/// Names of all directories that are there, dead or alive.
std::vector<std::string> session_ids(const std::string& runtime_dir);

/// Takes the lock of a dead session; nullopt while it is alive or when it is gone.
std::optional<UniqueFd> claim_dead_session(const std::string& runtime_dir, const std::string& id);

/// The same, but waits for the lock: whoever looks whether the session is alive holds it for a moment, and a
/// dying holder's copies a little longer. nullopt when the session is gone.
std::optional<UniqueFd> await_dead_session(const std::string& session_dir);

}  // namespace devenv::launch
