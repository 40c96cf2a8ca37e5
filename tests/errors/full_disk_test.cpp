// A disk that fills up: whatever was under way fails with one error, and the store is as it was before.
#include <fcntl.h>
#include <sys/mount.h>

#include <map>

#include "mistakes.h"
#include "runtime/base/sha256.h"

namespace devenv::errors {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kWayOut[] =
    ": no space left on device; free some space there, or set DEVENV_STORE to a directory on a larger file "
    "system";

/// The store on a file system of 16 MiB.
class FullDisk : public Mistakes {
 public:
  static void SetUpTestSuite() {
    Mistakes::SetUpTestSuite();
    remove_tree(dir() + "/store");
    make_directories(dir() + "/store");
    ASSERT_EQ(mount("tmpfs", (dir() + "/store").c_str(), "tmpfs", 0, "size=16m,mode=0700"), 0);
    ASSERT_EQ(devenv({"build", "-t", "small", dir() + "/context"}).exit_code, 0);
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(umount2((dir() + "/store").c_str(), MNT_DETACH), 0);
    Mistakes::TearDownTestSuite();
  }

 protected:
  void SetUp() override { before_ = files(); }
  void TearDown() override {
    remove_tree(dir() + "/store/fill");
    EXPECT_THAT(files(), testing::ContainerEq(before_));
    Mistakes::TearDown();
  }

  /// Leaves no byte free.
  static void fill() {
    const UniqueFd file = open_file(dir() + "/store/fill", O_WRONLY | O_CREAT, 0600);
    const std::string block(4096, 'x');
    while (write(file.get(), block.data(), block.size()) > 0) continue;
  }

  /// Every file of the store with its contents; locks hold nothing.
  static std::map<std::string, std::string> files() {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(dir() + "/store"))
      if (entry.is_regular_file() && entry.path().string().find("/locks/") == std::string::npos)
        found[entry.path()] = sha256_hex(read_file(entry.path()));
    return found;
  }

  static std::string noise(std::size_t mebibytes) {
    std::string bytes(mebibytes << 20, '\0');
    const UniqueFd random = open_file("/dev/urandom", O_RDONLY);
    std::size_t at = 0;
    while (at < bytes.size())
      at += static_cast<std::size_t>(read(random.get(), bytes.data() + at, bytes.size() - at));
    return bytes;
  }

 private:
  std::map<std::string, std::string> before_;
};

TEST_F(FullDisk, WhileAStepRuns) {
  const std::string where = context("step", "FROM small\nRUN dd if=/dev/zero of=/big bs=1M count=40\n");
  const auto built = devenv({"build", "--progress", "quiet", where});
  EXPECT_EQ(built.exit_code, 1);
  EXPECT_THAT(built.errors,
              StartsWith("devenv: " + where +
                         "/Dockerfile:2: RUN dd if=/dev/zero of=/big bs=1M count=40: the command exited "
                         "with code 1; free some space for the store, or set DEVENV_STORE to a directory "
                         "on a larger file system\nlast output:\n"));
  EXPECT_THAT(built.errors, EndsWith(": no space left on device; some of the output is lost\n"));
}

TEST_F(FullDisk, WhileFilesAreCopied) {
  const std::string where = context("copy", "FROM small\nCOPY big /big\n");
  replace_file(where + "/big", noise(20));
  expect({{"build", "--progress", "quiet", where}, 1, where + "/Dockerfile:2: COPY: write big" + kWayOut});
}

TEST_F(FullDisk, WhileALayerIsStored) {
  const std::string where = context("layer", "FROM small\nCOPY big /big\n");
  replace_file(where + "/big", noise(8));  // fits once, not twice
  expect({{"build", "--progress", "quiet", where},
          1,
          where + "/Dockerfile:2: COPY: make layer: write blob in " + dir() + "/store" + kWayOut});
}

TEST_F(FullDisk, WhileAContainerRuns) {
  const auto run = devenv({"run", "--rm", "small", "sh", "-c", "cat /dev/zero > /big; echo lost; exit 3"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.errors, EndsWith("log: no space left on device; some of the output is lost\n"));
}

TEST_F(FullDisk, AnExitCodeIsKept) {
  const auto run = devenv({"run", "--name", "kept", "small", "sh", "-c", "cat /dev/zero > /big; exit 3"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(devenv({"ps", "-a", "--format", "{{.Names}} {{.Status}}"}).output,
              StartsWith("kept Exited (3) "));
  EXPECT_EQ(devenv({"rm", "kept"}).exit_code, 0);
}

TEST_F(FullDisk, BeforeAnythingBegins) {
  ASSERT_EQ(devenv({"run", "--name", "old", "-v", "old:/data", "small", "true"}).exit_code, 0);
  fill();
  for (const std::vector<std::string>& args : {std::vector<std::string>{"volume", "create", "data"},
                                               {"run", "small", "true"},
                                               {"run", "-d", "small", "true"}}) {
    const auto result = devenv(args);
    EXPECT_EQ(result.exit_code, args[0] == "run" ? 125 : 1);
    EXPECT_THAT(result.errors, StartsWith("devenv: write " + dir() + "/store/tmp/"));
    EXPECT_THAT(result.errors, EndsWith(std::string(kWayOut) + "\n"));
  }
  // What gives space back needs none.
  EXPECT_EQ(devenv({"rm", "old"}).output, "old\n");
  EXPECT_EQ(devenv({"volume", "rm", "old"}).output, "old\n");
  // Nor does a container that stores nothing.
  EXPECT_EQ(devenv({"run", "--rm", "small", "true"}).exit_code, 0);
  EXPECT_EQ(devenv({"ps"}).exit_code, 0);
}

}  // namespace
}  // namespace devenv::errors
