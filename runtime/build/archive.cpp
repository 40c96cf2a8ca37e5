#include "archive.h"

#include <devenv/error.h>
#include <unistd.h>

#include <array>

#include "runtime/base/check.h"
#include "runtime/store/apply.h"
#include "runtime/store/byte_stream.h"
#include "runtime/store/tar_reader.h"

namespace devenv::build {
namespace {

void rewind_file(int fd, const std::string& name) {
  check(lseek(fd, 0, SEEK_SET), [&] { return "read " + name; });
}

}  // namespace

bool is_archive(int fd, const std::string& name) {
  rewind_file(fd, name);
  std::array<char, 512> head{};
  const ssize_t n = check(pread(fd, head.data(), head.size(), 0), [&] { return "read " + name; });
  bool archive = false;
  if (n > 0 && store::looks_like_archive({head.data(), static_cast<std::size_t>(n)})) {
    try {
      // A compressed file need not hold an archive.
      store::TarReader reader(store::decompressed(store::fd_source(fd, name)));
      archive = reader.next().has_value();
    } catch (const Error&) {
      archive = false;
    }
  }
  rewind_file(fd, name);
  return archive;
}

void unpack_archive(int fd, const std::string& name, int dirfd, const std::optional<Owner>& owner) {
  try {
    store::apply_layer(dirfd, store::fd_source(fd, name), {.whiteouts = false, .owner = owner});
  } catch (const Error& error) {
    throw Error("unpack " + name + ": " + error.what());
  }
}

}  // namespace devenv::build
