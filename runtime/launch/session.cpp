#include "session.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "sweep.h"

namespace devenv::launch {

namespace {

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

std::optional<UniqueFd> create_session(const std::string& runtime_dir, const std::string& id) {
  const std::string dir = session_dir(runtime_dir, id);
  make_directories(sessions_dir(runtime_dir), 0700);
  if (const auto remains = claim_dead_session(runtime_dir, id)) sweep_session(dir, remains->get());
  const UniqueFd guard = lock_sessions(runtime_dir, LOCK_EX);
  if (mkdir(dir.c_str(), 0700) != 0) {
    if (errno == EEXIST) return std::nullopt;
    throw SystemError(errno, "create " + dir);
  }
  UniqueFd lock = open_file(lock_path(dir), O_RDWR | O_CREAT | O_EXCL, 0600);
  check(flock(lock.get(), LOCK_EX | LOCK_NB), [&] { return "lock " + dir; });
  return lock;
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

std::optional<UniqueFd> await_dead_session(const std::string& session_dir) {
  UniqueFd lock(open(lock_path(session_dir).c_str(), O_RDWR | O_CLOEXEC));
  if (!lock) return std::nullopt;
  while (flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR) return std::nullopt;
  struct stat status;
  // Swept by somebody else, and the name perhaps in use again: the lock we hold is then of a file without one.
  if (fstat(lock.get(), &status) != 0 || status.st_nlink == 0) return std::nullopt;
  return lock;
}

}  // namespace devenv::launch
