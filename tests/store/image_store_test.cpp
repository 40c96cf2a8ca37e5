#include "runtime/store/image_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <thread>

#include "runtime/base/process.h"
#include "runtime/base/sha256.h"
#include "runtime/store/store.h"
#include "tar_builder.h"

namespace devenv::store {
namespace {

using namespace testing;  // NOLINT: the builders of this folder
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char name_a[] = "docker.io/library/a:latest";
constexpr char name_b[] = "docker.io/library/b:1.0";

class Images : public ::testing::Test {
 protected:
  Descriptor layer(const std::string& tar) {
    return {media_type::oci_layer, store.blobs().put(tar), tar.size(), {}, {}, {}};
  }
  StoredImage put(const std::vector<std::string>& tars, const std::string& reference,
                  const std::string& label = "") {
    ImageConfig config;
    config.platform = host_platform();
    if (!label.empty()) config.config.labels["label"] = label;
    std::vector<Descriptor> layers;
    for (const std::string& tar : tars) {
      layers.push_back(layer(tar));
      config.diff_ids.push_back(sha256_digest(tar));
    }
    return store.images().put_image(config, layers, reference);
  }

  Scratch scratch;
  Store store = Store::open(scratch.path("store"));
  /// An attached overlay, its root opened, detached at once: what the engine's own mounter gives.
  OverlayMounter mounter = [this](const std::vector<std::string>& lower, const std::string& upper,
                                  const std::string& work) {
    const std::string target = scratch.make("mnt");
    std::string dirs;
    for (const std::string& dir : lower) dirs += (dirs.empty() ? "" : ":") + dir;
    const std::string options = "lowerdir=" + dirs + ",upperdir=" + upper + ",workdir=" + work;
    EXPECT_EQ(mount("overlay", target.c_str(), "overlay", 0, options.c_str()), 0);
    UniqueFd root = open_file(target, O_RDONLY | O_DIRECTORY);
    umount2(target.c_str(), MNT_DETACH);
    return root;
  };
};

TEST_F(Images, AreFoundByReferenceAndId) {
  const StoredImage made = put({Tar().file("x").finish()}, name_a);
  EXPECT_EQ(store.images().find_reference(name_a)->id, made.id);
  EXPECT_FALSE(store.images().find_reference(name_b));
  EXPECT_FALSE(store.images().find_reference(""));
  EXPECT_EQ(store.images().find_id(made.id)->id, made.id);
  EXPECT_EQ(store.images().find_id(made.id.substr(7, 12))->id, made.id);
  EXPECT_EQ(store.images().find_id(made.descriptor.digest)->id, made.id);
  EXPECT_FALSE(store.images().find_id("xyz"));
}

TEST_F(Images, OneIsFoundByItsIdWithoutReadingOthers) {
  const StoredImage wanted = put({Tar().file("x").finish()}, name_a), other = put({}, name_b, "other");
  const std::string manifest = store.blobs().path(other.descriptor.digest);
  std::filesystem::permissions(manifest, std::filesystem::perms::owner_all);
  write_text(manifest, "damaged");
  EXPECT_EQ(store.images().find_id(wanted.id)->id, wanted.id);
  EXPECT_EQ(store.images().find_id(wanted.id)->references, std::vector<std::string>{name_a});
  EXPECT_THROW(store.images().list(), CorruptBlob);
}

TEST_F(Images, AnIndexOfAnotherToolWorksToo) {
  const StoredImage made = put({Tar().file("x").finish()}, name_a), other = put({}, name_b, "other");
  const std::string path = scratch.path("store") + "/index.json";
  std::string text = read_file(path);
  std::size_t entries = 0;
  for (std::size_t at; (at = text.find("devenv.image.id")) != std::string::npos; ++entries)
    text.replace(at, 15, "something-else-");
  EXPECT_EQ(entries, 2u);
  write_text(path, text);
  EXPECT_EQ(store.images().find_id(made.id)->id, made.id);
  EXPECT_EQ(store.images().find_id(other.id)->id, other.id);
}

TEST_F(Images, AnAmbiguousPrefixIsAConflict) {
  std::vector<std::string> first_digits;
  for (int i = 0; i < 17; ++i) put({}, "", std::to_string(i));
  bool conflict = false;
  for (const char digit : std::string("0123456789abcdef")) {
    try {
      store.images().find_id(std::string(1, digit));
    } catch (const Conflict&) {
      conflict = true;
    }
  }
  EXPECT_TRUE(conflict);
}

TEST_F(Images, ATagMovesAndTheOldImageStays) {
  const StoredImage first = put({}, name_a, "1"), second = put({}, name_a, "2");
  store.images().tag(name_b, second.descriptor);
  EXPECT_EQ(store.images().find_reference(name_a)->id, second.id);
  EXPECT_THAT(store.images().find_reference(name_a)->references, UnorderedElementsAre(name_a, name_b));
  const auto images = store.images().list();
  ASSERT_THAT(images, SizeIs(2));
  EXPECT_THAT(images[0].id == first.id ? images[0].references : images[1].references, IsEmpty());
  EXPECT_TRUE(store.images().untag(name_a));
  EXPECT_FALSE(store.images().untag(name_a));
  EXPECT_TRUE(store.images().remove(second.id));
  EXPECT_THAT(store.images().list(), SizeIs(1));
}

TEST_F(Images, ManyWritersLoseNothing) {
  const StoredImage image = put({}, "");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 10; ++k)
        store.images().tag("docker.io/library/t" + std::to_string(i) + ":" + std::to_string(k),
                           image.descriptor);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(store.images().list().at(0).references, SizeIs(80));
}

TEST_F(Images, UnpackStacksLayers) {
  const StoredImage image =
      put({Tar().file("a", "1").file("d/low").finish(),
           Tar().file(".wh.a").file("d/new").file("d/.wh..wh..opq").finish(), Tar().file("b", "2").finish()},
          name_a);
  EXPECT_FALSE(store.images().is_unpacked(image));
  store.images().unpack(image, mounter);
  EXPECT_TRUE(store.images().is_unpacked(image));
  const auto lower = store.layers().lower_dirs(image.config.diff_ids);
  ASSERT_THAT(lower, SizeIs(3));
  EXPECT_EQ(read_file(lower[0] + "/b"), "2");  // topmost first
  const UniqueFd merged = mounter(lower, scratch.make("upper"), scratch.make("work"));
  const std::string at = "/proc/self/fd/" + std::to_string(merged.get());
  EXPECT_FALSE(std::filesystem::exists(at + "/a"));
  EXPECT_FALSE(std::filesystem::exists(at + "/d/low"));
  EXPECT_TRUE(std::filesystem::exists(at + "/d/new"));
  EXPECT_TRUE(std::filesystem::is_empty(store.root() + "/tmp"));
  EXPECT_THAT(store.images().verify(), IsEmpty());
}

TEST_F(Images, ALayerThatIsNotItsDiffIdLeavesNothing) {
  ImageConfig config;
  config.platform = host_platform();
  config.diff_ids = {"sha256:" + std::string(64, 'a')};
  const StoredImage image = store.images().put_image(config, {layer(Tar().file("x").finish())}, name_a);
  EXPECT_THROW(store.images().unpack(image, mounter), CorruptBlob);
  EXPECT_THAT(store.layers().list(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(store.root() + "/tmp"));
}

TEST_F(Images, TheLoserOfARaceIsDiscarded) {
  const LayerInfo info{"sha256:" + std::string(64, 'c'), "sha256:" + std::string(64, 'c'), 1};
  StagedLayer first = store.layers().begin(), second = store.layers().begin();
  write_text(first.diff() + "/x", "first");
  EXPECT_TRUE(store.layers().commit(std::move(first), info));
  EXPECT_FALSE(store.layers().commit(std::move(second), info));
  EXPECT_EQ(read_file(store.layers().path(info.chain_id) + "/x"), "first");
  EXPECT_EQ(store.layers().info(info.chain_id).size, 1u);
  EXPECT_TRUE(std::filesystem::is_empty(store.root() + "/tmp"));
}

TEST_F(Images, VerifyNamesWhatIsDamaged) {
  const StoredImage image = put({Tar().file("x").finish()}, name_a);
  const std::string digest = image.manifest.layers[0].digest;
  const std::string path = store.blobs().path(digest);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::string bytes = read_file(path);
  bytes[700] = '!';
  write_text(path, bytes);
  ASSERT_THAT(store.images().verify(), SizeIs(1));
  EXPECT_THAT(store.images().verify()[0], HasSubstr(digest));
  std::filesystem::remove(path);
  ASSERT_THAT(store.images().verify(), SizeIs(1));
  EXPECT_THAT(store.images().verify()[0], HasSubstr(digest));
  try {
    store.images().unpack(image, mounter);
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("pull or build"));
  }
}

TEST_F(Images, ADamagedPartIsRemovedSoThatAnotherPullHeals) {
  const auto damage = [&](const std::string& digest) {
    const std::string path = store.blobs().path(digest);
    std::string bytes = read_file(path);
    bytes[bytes.size() / 2] ^= 1;
    std::filesystem::remove(path);
    write_text(path, bytes);
  };
  const std::string tar = Tar().file("x", std::string(3000, 'x')).finish();
  const StoredImage image = put({tar}, name_a);
  damage(image.manifest.layers[0].digest);
  try {
    store.images().unpack(image, mounter);
    FAIL();
  } catch (const CorruptBlob& error) {
    EXPECT_THAT(error.what(), HasSubstr(image.manifest.layers[0].digest));
  }
  EXPECT_FALSE(store.images().find_reference(name_a));
  put({tar}, name_a);
  store.images().unpack(*store.images().find_reference(name_a), mounter);
  damage(image.id);
  EXPECT_THROW(store.images().find_reference(name_a), CorruptBlob);
  EXPECT_FALSE(store.images().find_reference(name_a));
  put({tar}, name_a);
  EXPECT_TRUE(store.images().find_reference(name_a));
  EXPECT_THAT(store.images().verify(), IsEmpty());
}

TEST_F(Images, OtherToolsReadTheStore) {
  put({Tar().file("x", "1").finish()}, name_a, "told");
  EXPECT_THAT(read_file(store.root() + "/oci-layout"), HasSubstr("\"imageLayoutVersion\":\"1.0.0\""));
  EXPECT_THAT(read_file(store.root() + "/index.json"),
              HasSubstr("\"org.opencontainers.image.ref.name\":\"docker.io/library/a:latest\""));
  ProcessSpec skopeo;
  skopeo.argv = {"skopeo", "inspect", "--config", "oci:" + store.root() + ":" + name_a};
  const ProcessResult result = run_process(skopeo);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("\"told\""));
}

}  // namespace
}  // namespace devenv::store
