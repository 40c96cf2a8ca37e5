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
#include "sweep.h"

namespace devenv::launch {

namespace {

constexpr unsigned kInstanceDigits = 16;

UniqueFd lock_sessions(const std::string& runtime_dir, int operation) {
  const std::string path = sessions_dir(runtime_dir);
  UniqueFd fd = open_file(path, O_RDONLY | O_DIRECTORY);
  while (flock(fd.get(), operation) != 0)
    if (errno != EINTR) throw SystemError(errno, "lock " + path);
  return fd;
}

}  // namespace

std::string sessions_dir(const std::string& runtime_dir) { return runtime_dir + "/sessions"; }
std::string session_dir(const std::string& runtime_dir, const std::string& id) {
  return sessions_dir(runtime_dir) + "/" + id;
}
std::string lock_path(const std::string& session_dir) { return session_dir + "/lock"; }
std::string journal_path(const std::string& session_dir) { return session_dir + "/journal"; }
std::string control_path(const std::string& session_dir) { return session_dir + "/control.sock"; }
std::string scratch_path(const std::string& store_dir, const std::string& id) {
  return store_dir + "/sessions/" + id;
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

void make_sessions_dir(const std::string& runtime_dir) {
  try {
    make_directories(sessions_dir(runtime_dir), 0700);
  } catch (const SystemError& error) {
    throw SystemError(error.code(), "create runtime directory " + runtime_dir,
                      "set DEVENV_RUNTIME_DIR to a directory you can write");
  }
}

std::optional<UniqueFd> create_session(const std::string& runtime_dir, const std::string& id) {
  const std::string dir = session_dir(runtime_dir, id);
  make_sessions_dir(runtime_dir);
  if (const auto remains = claim_dead_session(runtime_dir, id)) sweep_session(dir, remains->get());
  const UniqueFd guard = lock_sessions(runtime_dir, LOCK_EX);
  // Made aside, so that it is locked from the first moment it can be seen: to look whether a session is
  // alive, others take its lock. What lies there is of a holder that was killed in these lines.
  const std::string made = sessions_dir(runtime_dir) + "/.new";
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

bool session_alive(const std::string& session_dir) {
  const UniqueFd lock(open(lock_path(session_dir).c_str(), O_RDONLY | O_CLOEXEC));
  return lock && flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::vector<std::string> session_ids(const std::string& runtime_dir) {
  std::vector<std::string> ids;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(sessions_dir(runtime_dir).c_str()), closedir);
  if (!dir) return ids;
  while (const dirent* entry = readdir(dir.get()))
    if (entry->d_name[0] != '.') ids.emplace_back(entry->d_name);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<UniqueFd> claim_dead_session(const std::string& runtime_dir, const std::string& id) {
  const UniqueFd guard = lock_sessions(runtime_dir, LOCK_EX);
  const std::string dir = session_dir(runtime_dir, id);
  if (access(dir.c_str(), F_OK) != 0) return std::nullopt;
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
