#include "runtime/store/blob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "runtime/base/scope_exit.h"
#include "runtime/store/digest.h"
#include "runtime/store/store.h"
#include "runtime/store/tree.h"
#include "tar_builder.h"

namespace devenv::store {
namespace {

using namespace testing;  // NOLINT: the builders of this folder
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char hello[] = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

TEST(Digest, OnlyWellFormedOnesAreAccepted) {
  EXPECT_TRUE(is_digest(hello));
  EXPECT_TRUE(is_digest("sha512:" + std::string(128, 'a')));
  for (const char* bad :
       {"", "sha256:", "sha256:abc", "2cf24dba", "SHA256:2cf24dba5fb0a30e26e83b2ac5b9e29e",
        "sha256:../../../../../../../../../../etc/passwd", "sha256:2CF24DBA5FB0A30E26E83B2AC5B9E29E"})
    EXPECT_FALSE(is_digest(bad)) << bad;
  EXPECT_THROW(digest_hex("sha512:" + std::string(128, 'a'), "blob"), Error);
}

TEST(Digest, ChainIdsFoldDiffIds) {
  const std::string a = "sha256:" + std::string(64, 'a'), b = "sha256:" + std::string(64, 'b');
  EXPECT_EQ(chain_id({a}), a);
  EXPECT_EQ(chain_id({a, b}), sha256_digest(a + " " + b));
  EXPECT_EQ(chain_id({a, b, a}), sha256_digest(chain_id({a, b}) + " " + a));
  EXPECT_THROW(chain_id({}), Error);
  EXPECT_THROW(chain_id({"x"}), Error);
}

class Blob : public ::testing::Test {
 protected:
  Scratch scratch;
  Store store = Store::open(scratch.path("store"));
  const BlobStore& blobs = store.blobs();
};

TEST_F(Blob, AppearsUnderItsDigest) {
  BlobWriter writer = blobs.begin();
  writer.write("hel");
  writer.write("lo");
  EXPECT_FALSE(blobs.has(hello));
  EXPECT_EQ(writer.commit(hello, 5), hello);
  EXPECT_TRUE(blobs.has(hello));
  EXPECT_EQ(blobs.read(hello), "hello");
  EXPECT_EQ(blobs.size(hello), 5u);
  EXPECT_EQ(blobs.put("hello"), hello);
  EXPECT_THAT(blobs.list(), ElementsAre(hello));
}

// Before 6.1 overlayfs has no unnamed files: run under an older kernel, too.
TEST(BlobOnOverlay, IsStoredAndLeavesNothing) {
  Scratch scratch;
  for (const char* name : {"lower", "upper", "work", "merged"}) mkdir(scratch.path(name).c_str(), 0755);
  const std::string options = "lowerdir=" + scratch.path("lower") + ",upperdir=" + scratch.path("upper") +
                              ",workdir=" + scratch.path("work");
  const std::string merged = scratch.path("merged");
  ASSERT_EQ(::mount("overlay", merged.c_str(), "overlay", 0, options.c_str()), 0);
  const ScopeExit unmount([&] { umount2(merged.c_str(), MNT_DETACH); });
  const Store store = Store::open(merged + "/store");
  const auto entries = [&] {
    const UniqueFd root = open_file(merged + "/store", O_RDONLY | O_DIRECTORY);
    return names_in(root.get());
  };
  const auto before = entries();
  {
    BlobWriter unfinished = store.blobs().begin();
    unfinished.write("hel");
  }
  EXPECT_EQ(store.blobs().put("hello"), hello);
  EXPECT_EQ(store.blobs().put("hello"), hello);
  EXPECT_EQ(store.blobs().read(hello), "hello");
  EXPECT_EQ(entries(), before);
}

TEST_F(Blob, WrongDigestOrSizeLeavesNothing) {
  {
    BlobWriter writer = blobs.begin();
    writer.write("hullo");
    EXPECT_THROW(writer.commit(hello), CorruptBlob);
  }
  {
    BlobWriter writer = blobs.begin();
    writer.write("hello");
    EXPECT_THROW(writer.commit(hello, 6), CorruptBlob);
  }
  EXPECT_TRUE(std::filesystem::is_empty(store.root() + "/blobs/sha256"));
}

TEST_F(Blob, MissingAndCorruptOnesAreNamed) {
  try {
    blobs.open(hello);
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr(hello));
    EXPECT_THAT(error.what(), HasSubstr("pull or build"));
  }
  write_text(blobs.path(hello), "hullo");
  for (const bool whole : {false, true}) {
    try {
      whole ? (void)blobs.read(hello) : blobs.verify(hello);
      FAIL();
    } catch (const CorruptBlob& error) {
      EXPECT_THAT(error.what(), HasSubstr(hello));
      EXPECT_THAT(error.what(), HasSubstr("pull or build"));
    }
  }
}

TEST_F(Blob, ATruncatedOneIsHealedByWritingItAgain) {
  write_text(blobs.path(hello), "he");
  EXPECT_EQ(blobs.put("hello"), hello);
  EXPECT_EQ(blobs.read(hello), "hello");
}

TEST_F(Blob, AFullDiskLeavesTheStoreAsItWas) {
  const std::string small = scratch.make("small");
  ASSERT_EQ(mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k"), 0);
  const ScopeExit unmount([&] { umount2(small.c_str(), MNT_DETACH); });
  const Store full = Store::open(small + "/store");
  const std::string kept = full.blobs().put("kept");
  try {
    BlobWriter writer = full.blobs().begin();
    for (int i = 0; i < 64; ++i) writer.write(std::string(16384, 'x'));
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code(), ENOSPC);
    EXPECT_THAT(error.what(), HasSubstr("no space left"));
  }
  EXPECT_THAT(full.blobs().list(), ElementsAre(kept));
  EXPECT_TRUE(full.images().verify().empty());
  full.blobs().put(std::string(65536, 'y'));  // the space is free again
}

}  // namespace
}  // namespace devenv::store
