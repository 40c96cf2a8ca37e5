#include "runtime/build/file_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "runtime/base/files.h"
#include "tests/support/temp_dir.h"

namespace devenv::build {
namespace {

std::string copy_of(const std::string& path) {
  const test::TempDir dir;
  const UniqueFd from = open_file(path, O_RDONLY);
  const UniqueFd to = open_file(dir / "copy", O_WRONLY | O_CREAT, 0600);
  copy_bytes(from.get(), to.get(), path);
  return read_file(dir / "copy");
}

TEST(FileCopy, HasEveryByte) {
  const test::TempDir dir;
  const std::string text(300 * 1024, 'x');
  EXPECT_EQ(copy_of(dir.write("large", text)), text);
  EXPECT_EQ(copy_of(dir.write("empty", "")), "");
}

TEST(FileCopy, OfAFileThatTellsNoSizeIsItsContent) {
  const std::string path = "/proc/sys/kernel/ostype";
  EXPECT_EQ(copy_of(path), "Linux\n");
}

}  // namespace
}  // namespace devenv::build
