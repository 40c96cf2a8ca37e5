#include "session.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "runtime/kernel/refusal.h"
#include "sweep.h"

namespace devenv::launch {

namespace {

constexpr unsigned kInstanceDigits = 16;
constexpr int kAttempts = 100;

bool lock_file(int fd, int operation) {
  while (flock(fd, operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw SystemError(errno, "lock a session");
  }
  return true;
}

// Whoever holds the lock of a removed directory holds nothing.
bool still_there(int fd, const std::string& path) {
  struct stat held, found;
  return fstat(fd, &held) == 0 && stat(path.c_str(), &found) == 0 && held.st_dev == found.st_dev &&
         held.st_ino == found.st_ino;
}

// Makes and locks a directory that others remove when they find it unused: then it is made again.
UniqueFd make_locked(const std::string& path) {
  for (int attempt = 1;; ++attempt) {
    try {
      make_directories(path, 0700);
      UniqueFd fd = open_file(path, O_RDONLY | O_DIRECTORY);
      lock_file(fd.get(), LOCK_EX);
      if (still_there(fd.get(), path)) return fd;
    } catch (const SystemError& error) {
      if (error.code() != ENOENT || attempt == kAttempts) throw;
    }
  }
}

UniqueFd make_locked_runtime(const std::string& path) {
  try {
    return make_locked(path);
  } catch (const SystemError& error) {
    const std::string read_only = error.code() == EROFS ? kernel::refusal_hint(EROFS) : std::string();
    throw SystemError(error.code(), "create runtime directory " + path,
                      read_only.empty() ? "set DEVENV_RUNTIME_DIR to a directory you can write" : read_only);
  }
}

std::optional<UniqueFd> try_lock_directory(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || !lock_file(fd.get(), LOCK_EX | LOCK_NB) || !still_there(fd.get(), path)) return std::nullopt;
  return fd;
}

// Empty when there are no sessions.
UniqueFd lock_sessions(const std::string& runtime_dir) {
  UniqueFd fd(open(sessions_dir(runtime_dir).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) lock_file(fd.get(), LOCK_EX);
  return fd;
}

// A session in the making, seen only by who holds the lock on the sessions directory.
std::string unborn_session(const std::string& runtime_dir) { return sessions_dir(runtime_dir) + "/.new"; }

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (!dir) return names;
  while (const dirent* entry = readdir(dir.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string sessions_dir(const std::string& runtime_dir) { return runtime_dir + "/sessions"; }
std::string session_dir(const std::string& runtime_dir, const std::string& id) {
  return sessions_dir(runtime_dir) + "/" + id;
}
std::string lock_path(const std::string& session_dir) { return session_dir + "/lock"; }
std::string journal_path(const std::string& session_dir) { return session_dir + "/journal"; }
std::string control_path(const std::string& session_dir) { return session_dir + "/control.sock"; }
std::string scratch_path(const std::string& store_dir, const std::string& name) {
  return store_dir + "/sessions/" + name;
}

std::string resource_name(const std::string& id) {
  return id == kDetachedSession ? id + "-" + random_id(kInstanceDigits) : id;
}

bool is_resource_of(const std::string& id, const std::string& name) {
  if (id != kDetachedSession) return name == id;
  const std::string prefix = id + "-";
  return name.size() == prefix.size() + kInstanceDigits && name.starts_with(prefix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

std::optional<UniqueFd> create_session(const std::string& runtime_dir, const std::string& id) {
  const std::string dir = session_dir(runtime_dir, id);
  if (const auto remains = claim_dead_session(runtime_dir, id)) sweep_session(dir, remains->get());
  const UniqueFd guard = make_locked_runtime(sessions_dir(runtime_dir));
  // Made aside, so that it is locked from the first moment it can be seen: to look whether a session is
  // alive, others take its lock. What lies there is of a holder that was killed in these lines.
  const std::string made = unborn_session(runtime_dir);
  remove_tree(made);
  check(mkdir(made.c_str(), 0700), [&] { return "create " + made; });
  UniqueFd lock = open_file(lock_path(made), O_RDWR | O_CREAT | O_EXCL, 0600);
  check(flock(lock.get(), LOCK_EX | LOCK_NB), [&] { return "lock " + made; });
  if (renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, dir.c_str(), RENAME_NOREPLACE) == 0) return lock;
  const int code = errno;
  remove_tree(made);
  if (code == EEXIST) return std::nullopt;
  throw SystemError(code, "create " + dir);
}

void remove_empty_session_dirs(const std::string& runtime_dir) noexcept {
  try {
    if (const auto lock = try_lock_directory(sessions_dir(runtime_dir))) {
      remove_tree(unborn_session(runtime_dir));
      rmdir(sessions_dir(runtime_dir).c_str());
    }
    if (!runtime_dir.substr(runtime_dir.rfind('/') + 1).starts_with("devenv")) return;
    if (const auto lock = try_lock_directory(runtime_dir)) rmdir(runtime_dir.c_str());
  } catch (const std::exception&) {
    // They stay for the next session.
  }
}

UniqueFd create_scratch(const std::string& store_dir, const std::string& name) {
  return make_locked(scratch_path(store_dir, name));
}

std::vector<std::string> scratch_names(const std::string& store_dir) {
  return names_in(store_dir + "/sessions");
}

std::optional<UniqueFd> claim_dead_scratch(const std::string& path) { return try_lock_directory(path); }

UniqueFd lock_spawning(const std::string& runtime_dir) { return make_locked_runtime(runtime_dir); }

bool session_alive(const std::string& session_dir) {
  const UniqueFd lock(open(lock_path(session_dir).c_str(), O_RDONLY | O_CLOEXEC));
  return lock && flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::vector<std::string> session_ids(const std::string& runtime_dir) {
  return names_in(sessions_dir(runtime_dir));
}

std::optional<UniqueFd> claim_dead_session(const std::string& runtime_dir, const std::string& id) {
  const UniqueFd guard = lock_sessions(runtime_dir);
  const std::string dir = session_dir(runtime_dir, id);
  if (!guard || access(dir.c_str(), F_OK) != 0) return std::nullopt;
  // A crash between mkdir and here leaves no lock file: made now, nobody else can own the session.
  UniqueFd lock(open(lock_path(dir).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return lock;
}

UniqueFd open_session_lock(const std::string& session_dir) {
  return UniqueFd(open(lock_path(session_dir).c_str(), O_RDWR | O_CLOEXEC));
}

std::optional<UniqueFd> await_dead_session(UniqueFd lock) {
  if (!lock) return std::nullopt;
  while (flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR) return std::nullopt;
  struct stat status;
  // Swept by somebody else, and the name perhaps in use again: the lock we hold is then of a file without
  // one.
  if (fstat(lock.get(), &status) != 0 || status.st_nlink == 0) return std::nullopt;
  return lock;
}

}  // namespace devenv::launch
