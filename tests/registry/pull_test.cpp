#include "runtime/registry/pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "real_registry.h"
#include "runtime/base/process.h"
#include "runtime/base/sha256.h"
#include "runtime/kernel/mounts.h"
#include "runtime/registry/client.h"
#include "tests/store/tar_builder.h"

namespace devenv::registry {
namespace {

using store::StoredImage;
using store::testing::Tar;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RealRegistry;

const store::OverlayMounter mounter = [](const std::vector<std::string>& lower, const std::string& upper,
                                         const std::string& work) {
  if (lower.empty()) return open_file(upper, O_RDONLY | O_DIRECTORY);
  return kernel::detached_overlay({.lower = lower, .upper = upper, .work = work});
};

/// Two stores around one registry: what one pushes the other pulls.
class Pull : public ::testing::Test {
 protected:
  StoredImage make_image(const std::vector<std::string>& tars, const std::string& architecture = "") {
    store::ImageConfig config;
    config.platform = store::host_platform();
    if (!architecture.empty()) config.platform = {"linux", architecture, "", ""};
    std::vector<store::Descriptor> layers;
    for (const std::string& tar : tars) {
      store::Descriptor layer;
      layer.media_type = store::media_type::oci_layer;
      layer.digest = ours.blobs().put(tar);
      layer.size = tar.size();
      layers.push_back(layer);
      config.diff_ids.push_back(layer.digest);
    }
    return ours.images().put_image(config, layers, "");
  }
  Reference reference(const std::string& name) const { return parse_reference(registry.host() + "/" + name); }
  StoredImage pull_it(const std::string& name) {
    lines.clear();
    return pull(
        reference(name), theirs, mounter, [this](const std::string& line) { lines.push_back(line); }, quick);
  }
  std::string error_of_pull(const Reference& wanted) {
    try {
      pull(wanted, theirs, mounter, {}, quick);
      return "no error";
    } catch (const Error& error) {
      return error.what();
    }
  }
  std::string unpacked(const StoredImage& image, const std::string& file) const {
    for (const std::string& layer : theirs.layers().lower_dirs(image.config.diff_ids))
      if (const std::string text = test::slurp(layer + "/" + file); !text.empty()) return text;
    return {};
  }

  const PullOptions quick{.retry = {.attempts = 2, .first_delay = std::chrono::milliseconds(1)}};
  test::TempDir dir;
  RealRegistry registry;
  store::Store ours = store::Store::open(dir / "ours"), theirs = store::Store::open(dir / "theirs");
  std::vector<std::string> lines;
};

TEST_F(Pull, BringsWhatWasPushedExactly) {
  const StoredImage image = make_image({Tar().directory("etc").file("etc/a", "first").finish(),
                                        Tar().file("etc/a", "second").file("etc/b", "third").finish()});
  push(image, reference("team/app:1"), ours, {});
  const StoredImage pulled = pull_it("team/app:1");
  EXPECT_EQ(pulled.descriptor.digest, image.descriptor.digest);
  EXPECT_EQ(pulled.id, image.id);
  EXPECT_EQ(unpacked(pulled, "etc/a"), "second");
  EXPECT_EQ(unpacked(pulled, "etc/b"), "third");
  EXPECT_EQ(theirs.images().find_reference(registry.host() + "/team/app:1")->id, image.id);
  EXPECT_THAT(theirs.images().verify(), IsEmpty());
}

TEST_F(Pull, DownloadsNothingTwice) {
  push(make_image({Tar().file("a", "x").finish()}), reference("app:1"), ours, {});
  pull_it("app:1");
  EXPECT_THAT(lines, Contains(HasSubstr("downloaded")));
  pull_it("app:1");
  EXPECT_THAT(lines, Not(Contains(HasSubstr("downloaded"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("unpacked"))));
}

TEST_F(Pull, WithoutATagMeansLatestAndByDigestMeansThatManifest) {
  const StoredImage image = make_image({Tar().file("a", "x").finish()});
  push(image, reference("app"), ours, {});
  EXPECT_EQ(pull_it("app").references, std::vector<std::string>{registry.host() + "/app:latest"});
  const StoredImage same = pull_it("app:ignored@" + image.descriptor.digest);
  EXPECT_EQ(same.id, image.id);
  EXPECT_THAT(same.references, Contains(registry.host() + "/app@" + image.descriptor.digest));
}

TEST_F(Pull, ChoosesThePlatformOfAnIndex) {
  const StoredImage here = make_image({Tar().file("a", "here").finish()});
  const StoredImage there = make_image({Tar().file("a", "there").finish()}, "s390x");
  store::Index index;
  for (const StoredImage* image : {&there, &here}) {
    push(*image, reference("multi:" + image->config.platform.architecture), ours, {});
    store::Descriptor descriptor = image->descriptor;
    descriptor.platform = image->config.platform;
    index.manifests.push_back(descriptor);
  }
  RepositoryClient(reference("multi"), "pull,push", Deadline::never())
      .put_manifest("all", store::media_type::oci_index, store::serialise(index));
  EXPECT_EQ(pull_it("multi:all").id, here.id);

  index.manifests.pop_back();
  RepositoryClient(reference("multi"), "pull,push", Deadline::never())
      .put_manifest("foreign", store::media_type::oci_index, store::serialise(index));
  EXPECT_THAT(error_of_pull(reference("multi:foreign")), HasSubstr("there is no image for linux/"));
}

TEST_F(Pull, TakesCompressedLayersOfOtherTools) {
  const StoredImage image = make_image({Tar().file("a", "from skopeo").finish()});
  ours.images().tag("docker.io/library/app:1", image.descriptor);
  const ProcessResult copied =
      run_process({.argv = {"skopeo", "copy", "--dest-tls-verify=false", "--dest-compress-format=gzip",
                            "--format=v2s2", "oci:" + (dir / "ours") + ":docker.io/library/app:1",
                            "docker://" + registry.host() + "/app:gz"},
                   .input = {},
                   .env = {},
                   .deadline = Deadline::after(std::chrono::seconds(60)),
                   .on_error_line = {}});
  ASSERT_EQ(copied.exit_code, 0) << copied.errors;
  const StoredImage pulled = pull_it("app:gz");
  EXPECT_EQ(pulled.config.diff_ids, image.config.diff_ids);
  EXPECT_EQ(pulled.manifest.media_type, store::media_type::docker_manifest);
  EXPECT_EQ(unpacked(pulled, "a"), "from skopeo");
}

TEST_F(Pull, ABlobThatIsNotItsDigestLeavesNothing) {
  const StoredImage image = make_image({Tar().file("a", std::string(5000, 'x')).finish()});
  push(image, reference("app:1"), ours, {});
  const std::string file = registry.blob_file(image.manifest.layers[0].digest);
  std::string bytes = test::slurp(file);
  bytes[600] ^= 1;
  replace_file(file, bytes);
  EXPECT_THAT(error_of_pull(reference("app:1")), HasSubstr(image.manifest.layers[0].digest));
  EXPECT_FALSE(theirs.blobs().has(image.manifest.layers[0].digest));
  EXPECT_FALSE(theirs.images().find_reference(registry.host() + "/app:1"));
  EXPECT_THAT(theirs.layers().list(), IsEmpty());

  replace_file(file, bytes + "more");
  EXPECT_THAT(error_of_pull(reference("app:1")), HasSubstr("the registry sends more than the "));
  bytes[600] ^= 1;
  replace_file(file, bytes);
  EXPECT_EQ(pull_it("app:1").id, image.id);
}

TEST_F(Pull, SaysWhatIsMissingAndWhoWasAsked) {
  push(make_image({Tar().file("a", "x").finish()}), reference("app:1"), ours, {});
  EXPECT_THAT(error_of_pull(reference("app:2")),
              HasSubstr("pull " + registry.host() + "/app:2: " + registry.host() + " has no such image"));
  EXPECT_THROW(pull(reference("nothing"), theirs, mounter, {}, quick), NotFound);
}

TEST(PullWithoutRegistry, IsOneShortError) {
  const test::TempDir dir;
  const store::Store store = store::Store::open(dir / "store");
  try {
    pull(parse_reference("127.0.0.1:1/app:1"), store, mounter, {});
    FAIL();
  } catch (const Unreachable& error) {
    EXPECT_STREQ(error.what(), "pull 127.0.0.1:1/app:1: no connection to 127.0.0.1:1");
  }
}

}  // namespace
}  // namespace devenv::registry
