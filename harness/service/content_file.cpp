#include "content_file.h"

#include <limits.h>
#include <unistd.h>

#include <cstdlib>

#include "runtime/base/files.h"
#include "runtime/base/sha256.h"
#include "runtime/engine/paths.h"

namespace devenv {
namespace {

std::string absolute(const FileSpec& file) {
  char resolved[PATH_MAX];
  if (realpath(file.source.c_str(), resolved) == nullptr)
    throw SystemError(errno, "put " + file.source + " into the container at " + file.target,
                      "paths are relative to the directory the test runs in");
  return resolved;
}

std::string kept_content(const FileSpec& file) {
  const std::string directory = engine::resolve_options({}).store_dir + "/cache/files";
  const std::string path = directory + "/" + sha256_hex(std::to_string(file.mode) + "\n" + file.content);
  if (access(path.c_str(), F_OK) == 0) return path;
  make_directories(directory, 0755);
  replace_file(path, file.content, file.mode);
  return path;
}

}  // namespace

MountSpec mount_of(const FileSpec& file) {
  MountSpec mount;
  mount.type = MountSpec::Type::bind;
  mount.source = file.source.empty() ? kept_content(file) : absolute(file);
  mount.target = file.target;
  mount.read_only = true;
  return mount;
}

std::string content_of(const FileSpec& file) {
  return file.source.empty() ? file.content : read_file(absolute(file));
}

}  // namespace devenv
