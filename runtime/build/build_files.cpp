#include "build_files.h"

#include <devenv/error.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <optional>

#include "ignore.h"
#include "runtime/base/files.h"
#include "runtime/store/scan.h"
#include "runtime/store/tree.h"

namespace devenv::build {
namespace {

constexpr std::size_t max_dockerfile_bytes = 16u << 20;

std::optional<std::string> try_read(const std::string& path) {
  try {
    return read_file(path, max_dockerfile_bytes);
  } catch (const SystemError& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return {};
    if (error.code() == EISDIR)
      throw SystemError(EISDIR, "read " + path, "a Dockerfile is a file; name the right one with -f");
    throw;
  }
}

UniqueFd open_context(const std::string& dir) {
  try {
    return open_file(dir, O_RDONLY | O_DIRECTORY);
  } catch (const SystemError& error) {
    if (error.code() == ENOENT)
      throw NotFound("open build context " + dir + ": no such directory",
                     "give the directory that holds the sources");
    if (error.code() == ENOTDIR)
      throw Error("open build context " + dir + ": it is a file",
                  "give the directory, and the Dockerfile with -f");
    throw;
  }
}

void find_dockerfile(const BuildSpec& spec, BuildFiles& files) {
  if (!spec.dockerfile_text.empty()) {
    files.dockerfile = spec.dockerfile_text;
    files.name = "Dockerfile";
    return;
  }
  std::vector<std::string> paths = {spec.dockerfile};
  if (spec.dockerfile.empty()) paths = {spec.context_dir + "/Dockerfile", spec.context_dir + "/dockerfile"};
  std::string tried;
  for (const std::string& path : paths) {
    if (auto text = try_read(path)) {
      if (text->find('\0') != std::string::npos)
        throw Error("read Dockerfile " + path + ": it holds binary data",
                    "a Dockerfile is a text of instructions, the first FROM; name the right file with -f");
      files.dockerfile = std::move(*text);
      files.name = path;
      return;
    }
    tried += (tried.empty() ? "" : " and ") + path;
  }
  throw NotFound("read Dockerfile: no such file; looked for " + tried,
                 spec.dockerfile.empty() ? "create one, or name it with -f" : "check the path given with -f");
}

// Links are followed inside `dir` only: an ignore file is no way to read the host's.
std::optional<std::string> read_inside(int dir, const std::string& name) {
  try {
    const UniqueFd file = store::open_beneath(dir, store::Tree(dir).resolve(name));
    struct stat st {};
    if (fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) return {};
    return read_all(file.get(), name, max_dockerfile_bytes);
  } catch (const SystemError& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR || error.code() == ELOOP) return {};
    throw;
  }
}

// The one beside the Dockerfile wins over the context's.
std::optional<std::string> find_ignore_file(const BuildSpec& spec, const BuildFiles& files) {
  if (spec.dockerfile_text.empty()) {
    const std::size_t slash = files.name.rfind('/');
    const std::string dir = slash == std::string::npos ? "." : files.name.substr(0, slash + 1);
    const std::string name = files.name.substr(slash == std::string::npos ? 0 : slash + 1);
    if (auto text = read_inside(open_file(dir, O_RDONLY | O_DIRECTORY).get(), name + ".dockerignore"))
      return text;
  }
  if (!files.context) return {};
  return read_inside(files.context.get(), ".dockerignore");
}

}  // namespace

BuildFiles open_build_files(const BuildSpec& spec) {
  BuildFiles files;
  if (!spec.context_dir.empty()) files.context = open_context(spec.context_dir);
  find_dockerfile(spec, files);
  if (const auto text = find_ignore_file(spec, files)) files.ignore_patterns = read_ignore_file(*text);
  return files;
}

}  // namespace devenv::build
