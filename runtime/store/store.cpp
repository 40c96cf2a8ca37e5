#include "store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "devenv/error.h"
#include "names.h"
#include "runtime/base/files.h"
#include "runtime/base/settings.h"

namespace devenv::store {
namespace {

constexpr char version[] = "1\n";
constexpr char oci_layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";
constexpr char writable_hint[] = "set DEVENV_STORE to a directory you can write";

void write_if_missing(const std::string& path, const char* text) {
  if (access(path.c_str(), F_OK) != 0) replace_file(path, text, 0600);
}

void make_layout(const std::string& root) {
  make_directories(root, 0700);
  for (const char* name : {"blobs", "layers", "states", "volumes", "containers", "cache", "tmp", "locks"}) {
    const std::string path = root + "/" + name;
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      throw SystemError(errno, "create directory " + path);
  }
  make_directories(root + "/blobs/sha256", 0700);
  write_if_missing(root + "/oci-layout", oci_layout);
  // Last: a store with a version is complete.
  write_if_missing(root + "/version", version);
}

bool is_complete(const std::string& root) {
  for (const char* name : {"/oci-layout", "/blobs/sha256", "/layers", "/states", "/volumes", "/containers",
                           "/cache", "/tmp", "/locks"}) {
    if (access((root + name).c_str(), F_OK) != 0) return false;
  }
  return true;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Store::Store(std::string root)
    : root_(std::move(root)),
      blobs_(root_),
      layers_(root_),
      images_(root_, blobs_, layers_),
      volumes_(root_),
      states_(root_),
      containers_(root_),
      build_cache_(root_ + "/cache/build") {}

Store Store::open(const std::string& root) {
  if (!root.starts_with('/'))
    throw Error("open store " + root + ": not an absolute path", "begin DEVENV_STORE with a /");
  try {
    const std::string file = root + "/version";
    if (access(file.c_str(), F_OK) != 0 || !is_complete(root)) make_layout(root);
    const std::string found = read_file(file, 64);
    if (found != version)
      throw Error("open store " + root + ": it has layout version " + found.substr(0, found.find('\n')) +
                  ", this devenv knows 1; use the devenv that made it or another DEVENV_STORE");
    if (access((root + "/tmp").c_str(), W_OK) != 0) throw SystemError(errno, "write to it", writable_hint);
    sweep_tmp(root);
  } catch (const SystemError& error) {
    const bool denied = error.code() == EACCES || error.code() == EPERM || error.code() == EROFS;
    const bool hinted = std::string(error.what()).find("; ") != std::string::npos;
    const bool no_place = error.code() == ENOENT || error.code() == ENOTDIR;
    if (denied && geteuid() != 0)
      throw SystemError(error.code(), "open store " + root,
                        std::string("run devenv as root or through sudo, or ") + writable_hint);
    std::string hint = denied || hinted || no_place ? writable_hint : "";
    if (error.code() == EROFS) hint += ", or in a systemd unit ReadWritePaths=" + root + " /run";
    throw SystemError(error.code(), "open store " + root, hint);
  }
  return Store(root);
}

std::string Store::default_root() {
  if (const std::string set = settings::store(); !set.empty()) return set;
  if (geteuid() == 0) return "/var/lib/devenv";
  if (const std::string data = environment("XDG_DATA_HOME"); data.starts_with('/')) return data + "/devenv";
  const std::string home = environment("HOME");
  // A systemd unit without a user's home may have directories of its own: "/var/lib/one:/var/lib/two".
  const std::string state = environment("STATE_DIRECTORY");
  if (home.empty() && state.starts_with('/')) return state.substr(0, state.find(':')) + "/devenv";
  if (home.empty())
    throw Error("find the store: neither DEVENV_STORE nor HOME is set",
                "set DEVENV_STORE, or in a systemd unit StateDirectory=devenv");
  return home + "/.local/share/devenv";
}

FileLock Store::add_content() const {
  return lock("content", FileLock::Mode::shared, Deadline::after(std::chrono::seconds(60)));
}

std::optional<FileLock> Store::try_collect_content() const {
  return try_lock("content", FileLock::Mode::exclusive);
}

std::optional<FileLock> Store::try_lock(const std::string& name, FileLock::Mode mode) const {
  return FileLock::try_acquire(root_ + "/locks/" + checked_name(name, "lock"), mode);
}

FileLock Store::lock(const std::string& name, FileLock::Mode mode, Deadline deadline) const {
  return FileLock::acquire(root_ + "/locks/" + checked_name(name, "lock"), mode, deadline, "lock " + name);
}

}  // namespace devenv::store
