// What a build gets from elsewhere: base images and downloads.
#include "builder_fixture.h"

namespace devenv::build {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST_F(Builder, AddFetchesUrlsWithMode0600) {
  build("FROM base\nADD http://x.example/f.bin /d/\n");
  EXPECT_EQ(backend_.file("d/f.bin"), "from http://x.example/f.bin");
  EXPECT_EQ(stat_of("d/f.bin").st_mode & 07777u, 0600u);
  EXPECT_THAT(
      error_of("FROM base\nADD --checksum=sha256:" + std::string(64, '0') + " http://x.example/f.bin /d/\n"),
      HasSubstr("checksum is sha256:"));
}

/// Kilobytes of a field of /proc/self/status.
long memory(const std::string& field) {
  const std::string status = read_file("/proc/self/status");
  return std::stol(status.substr(status.find(field + ":") + field.size() + 1));
}

TEST_F(Builder, ADownloadWithAChecksumIsNotHeldInMemory) {
  backend_.download_size = 64 << 20;
  replace_file(context_.path() / "same", "from http://x.example/f.bin");
  fs::resize_file(context_.path() / "same", backend_.download_size);
  const std::string digest = digest_of(context_.path() / "same");
  fs::remove(context_.path() / "same");
  write_all(open_file("/proc/self/clear_refs", O_WRONLY).get(), "5", "clear_refs");  // peak := now, proc(5)
  const long before = memory("VmHWM");
  build("FROM base\nADD --checksum=" + digest + " http://x.example/f.bin /d/\n");
  EXPECT_EQ(fs::file_size(backend_.result() / "d/f.bin"), backend_.download_size);
  EXPECT_LT(memory("VmHWM") - before, 32 << 10);
}

TEST_F(Builder, AChecksumOfAnotherFormIsRefusedBeforeTheDownload) {
  EXPECT_THAT(error_of("FROM base\nADD --checksum=sha512:0 http://x.example/f.bin /d/\n"),
              HasSubstr("unsupported --checksum=sha512:0"));
  EXPECT_FALSE(fs::exists(backend_.store.path() / "download"));
}

TEST_F(Builder, AnImageIsResolvedOncePerBuild) {
  backend_.images["other"] = backend_.images["base"];
  const std::string dockerfile =
      "FROM base AS a\nCOPY --from=other etc/passwd /1\nCOPY --from=other etc/passwd /2\n"
      "FROM base AS b\nCOPY --from=base etc/group /3\n"
      "FROM other\nCOPY --from=a /1 /\nCOPY --from=b /3 /\n";
  build(dockerfile, {.pull = true});
  EXPECT_THAT(backend_.asked, UnorderedElementsAre("base pull", "other pull"));
  backend_.asked.clear();
  build(dockerfile);
  EXPECT_THAT(backend_.asked, UnorderedElementsAre("base", "other"));
  backend_.asked.clear();
  build("FROM --platform=linux/amd64 base AS a\nFROM base\nCOPY --from=a /etc/passwd /\n", {.pull = true});
  EXPECT_EQ(std::count(backend_.asked.begin(), backend_.asked.end(), "base pull"), 1);
}

}  // namespace
}  // namespace devenv::build
