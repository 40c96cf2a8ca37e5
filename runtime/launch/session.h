// Session directories: <runtime>/sessions/<id>/{lock, journal, control.sock}. A session lives exactly as long
// as its lock is held; process ids say nothing. Creating one and deciding that one is dead exclude each
// other through a lock on the sessions directory, held for microseconds.
//
// Scratch directories: <store>/sessions/<resource name>, likewise alive as long as they are locked. One whose session
// directory is gone (the machine was restarted: /run is empty then) is still recognised as dead.
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
std::string scratch_path(const std::string& store_dir, const std::string& name);

/// What a new holder of session `id` calls its cgroup and its scratch directory. The id itself where that is
/// random; every user and every runtime directory has a session "detached", though, and on one machine they
/// share the cgroup hierarchy and perhaps the store: there it is followed by "-" and 16 random hex digits.
std::string resource_name(const std::string& id);
/// Whether resource_name(id) can have made it. Pure.
bool is_resource_of(const std::string& id, const std::string& name);

/// Makes the directory (0700) and takes its lock; the returned descriptor holds it. nullopt when a live
/// session has the name. A dead one's remains are swept first.
std::optional<UniqueFd> create_session(const std::string& runtime_dir, const std::string& id);

/// Removes <runtime>/sessions when no session is left in it, and <runtime> when that leaves it empty and it has
/// one of the names we give it ("devenv…"). Harmless beside create_session().
void remove_empty_session_dirs(const std::string& runtime_dir) noexcept;

/// Makes the scratch directory (0700) and locks it; the returned descriptor holds the lock.
UniqueFd create_scratch(const std::string& store_dir, const std::string& name);

/// Names of all scratch directories that are there, dead or alive.
std::vector<std::string> scratch_names(const std::string& store_dir);

/// Takes the lock of a scratch directory; nullopt while somebody has it or when it is gone.
std::optional<UniqueFd> claim_dead_scratch(const std::string& path);

/// Held by whoever starts the detached holder: one at a time.
UniqueFd lock_spawning(const std::string& runtime_dir);

/// Whether a holder has the session's lock.
bool session_alive(const std::string& session_dir);

/// Names of all directories that are there, dead or alive.
std::vector<std::string> session_ids(const std::string& runtime_dir);

/// Takes the lock of a dead session; nullopt while it is alive or when it is gone.
std::optional<UniqueFd> claim_dead_session(const std::string& runtime_dir, const std::string& id);

/// The lock file, not locked; empty when there is none. Opened while a session lives it stays that session's,
/// also when another of the same name follows.
UniqueFd open_session_lock(const std::string& session_dir);

/// Waits for the lock: whoever looks whether the session is alive holds it for a moment, and a dying holder's
/// copies a little longer. Returns it locked; nullopt when the session is gone.
std::optional<UniqueFd> await_dead_session(UniqueFd lock);

}  // namespace devenv::launch
