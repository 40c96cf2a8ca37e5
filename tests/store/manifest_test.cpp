#include "runtime/store/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "devenv/error.h"
#include "runtime/store/image_config.h"

namespace devenv::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string digest_a = "sha256:" + std::string(64, 'a');
const std::string digest_b = "sha256:" + std::string(64, 'b');

std::string descriptor(const std::string& digest, const std::string& size = "10",
                       const std::string& more = "") {
  return R"({"mediaType":"application/x","digest":")" + digest + R"(","size":)" + size + more + "}";
}

std::string image(const std::string& more = "") {
  return R"({"schemaVersion":2,"config":)" + descriptor(digest_a) + R"(,"layers":[)" + descriptor(digest_b) +
         "]" + more + "}";
}

std::string refusal(const std::string& text, const std::string& type = "") {
  try {
    parse_manifest(text, type, "manifest x");
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Manifest, ReadsAnImage) {
  const Manifest manifest = parse_image_manifest(image(), "m");
  EXPECT_EQ(manifest.media_type, media_type::oci_manifest);
  EXPECT_EQ(manifest.config.digest, digest_a);
  ASSERT_EQ(manifest.layers.size(), 1u);
  EXPECT_EQ(manifest.layers[0].size, 10u);
  EXPECT_EQ(parse_image_manifest(serialise(manifest), "m").layers, manifest.layers);
}

TEST(Manifest, TakesTheTypeFromTheRegistryWhenItHasNone) {
  const auto parsed =
      parse_manifest(image(), std::string(media_type::docker_manifest) + "; charset=utf-8", "m");
  EXPECT_EQ(std::get<Manifest>(parsed).media_type, media_type::docker_manifest);
}

TEST(Manifest, RefusesWhatIsAmbiguousOrOld) {
  EXPECT_THAT(refusal(image(R"(,"manifests":[])")), HasSubstr("ambiguous"));
  EXPECT_THAT(refusal(image(R"(,"mediaType":"application/vnd.oci.image.index.v1+json")")),
              HasSubstr("index"));
  EXPECT_THAT(refusal(image(R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json")"),
                      media_type::docker_manifest),
              HasSubstr("calls itself"));
  EXPECT_THAT(refusal(R"({"schemaVersion":1,"fsLayers":[]})"), HasSubstr("schema 1"));
  EXPECT_THAT(refusal(image(), "application/vnd.docker.distribution.manifest.v1+prettyjws"),
              HasSubstr("schema 1"));
  EXPECT_THAT(refusal(R"({"schemaVersion":3})"), HasSubstr("schemaVersion"));
  EXPECT_THAT(refusal(R"({"schemaVersion":2,"layers":[]})"), HasSubstr("no config"));
}

TEST(Manifest, RefusesBadDigestsSizesAndShapes) {
  const auto with = [](const std::string& config) {
    return R"({"schemaVersion":2,"layers":[],"config":)" + config + "}";
  };
  EXPECT_THAT(refusal(with(descriptor("sha256:../../etc/passwd"))), HasSubstr("not a digest"));
  EXPECT_THAT(refusal(with(descriptor(digest_a, "-1"))), HasSubstr("size"));
  EXPECT_THAT(refusal(with(descriptor(digest_a, "1.5"))), HasSubstr("size"));
  EXPECT_THAT(refusal(with(descriptor(digest_a, "99999999999999999999"))), HasSubstr("size"));
  EXPECT_THAT(refusal(with("[]")), HasSubstr("not an object"));
  EXPECT_THAT(refusal("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal("{"), HasSubstr("parse manifest x: not valid JSON"));
  EXPECT_THAT(refusal(std::string(max_manifest_bytes + 1, ' ')), HasSubstr("larger than"));
  EXPECT_THAT(refusal(R"({"schemaVersion":2,"config":{},"layers":{}})"), HasSubstr("parse manifest x"));
}

TEST(Manifest, SelectsThePlatform) {
  const auto entry = [](const std::string& digest, const std::string& platform) {
    return descriptor(digest, "10", R"(,"platform":)" + platform);
  };
  const Index index =
      parse_index(R"({"schemaVersion":2,"manifests":[)" + descriptor(digest_a) + "," +
                      entry(digest_a, R"({"os":"unknown","architecture":"unknown"})") + "," +
                      entry(digest_a, R"({"os":"linux","architecture":"arm","variant":"v6"})") + "," +
                      entry(digest_b, R"({"os":"linux","architecture":"arm","variant":"v7"})") + "," +
                      entry(digest_b, R"({"os":"linux","architecture":"arm64","variant":"v8"})") + "]}",
                  "index");
  EXPECT_EQ(select_platform(index, parse_platform("linux/arm/v7"))->digest, digest_b);
  EXPECT_EQ(select_platform(index, parse_platform("linux/arm/v6"))->digest, digest_a);
  EXPECT_EQ(select_platform(index, parse_platform("linux/arm"))->digest, digest_a);
  EXPECT_EQ(select_platform(index, parse_platform("linux/arm64"))->digest, digest_b);
  EXPECT_EQ(select_platform(index, parse_platform("linux/amd64")), nullptr);
}

TEST(Manifest, PlatformsAreOsArchitectureAndVariant) {
  EXPECT_EQ(parse_platform("linux/arm64/v8"), (Platform{"linux", "arm64", "", ""}));
  for (const char* bad : {"", "linux", "linux/", "/amd64", "a/b/c/d", "linux/AMD"})
    EXPECT_THROW(parse_platform(bad), Error) << bad;
}

TEST(ImageConfig, KeepsWhatItDoesNotKnow) {
  const std::string text =
      R"({"architecture":"amd64","config":{"ArgsEscaped":true,"Cmd":["sh"],"Env":["A=b"],)"
      R"("ExposedPorts":{"80/tcp":{}},"Healthcheck":{"Retries":3,"Test":["CMD","x"]},)"
      R"("Labels":{"k":"v"}},"docker_version":"20","history":[{"created_by":"RUN","empty_layer":true}],)"
      R"("os":"linux","rootfs":{"diff_ids":[")" +
      digest_a + R"("],"type":"layers"}})";
  const ImageConfig config = parse_image_config(text, "config");
  EXPECT_THAT(config.config.cmd, ElementsAre("sh"));
  EXPECT_THAT(config.config.exposed_ports, ElementsAre("80/tcp"));
  EXPECT_EQ(config.config.healthcheck->retries, 3);
  EXPECT_TRUE(config.history.at(0).empty_layer);
  EXPECT_EQ(serialise(config), text);
}

TEST(ImageConfig, NullsAreAbsent) {
  const ImageConfig config = parse_image_config(
      R"({"os":"linux","config":{"Cmd":null,"Labels":null,"Volumes":null,"Healthcheck":null},"history":null,"rootfs":null})",
      "config");
  EXPECT_TRUE(config.config.cmd.empty());
  EXPECT_FALSE(config.config.healthcheck);
}

TEST(ImageConfig, RefusesWrongTypes) {
  for (const char* text :
       {"[]", R"({"config":[]})", R"({"config":{"Cmd":"sh"}})", R"({"config":{"Env":[1]}})",
        R"({"rootfs":{"type":"layers","diff_ids":["x"]}})", R"({"rootfs":{"type":"tree"}})",
        R"({"history":{}})", R"({"history":[1]})", R"({"config":{"Volumes":["/x"]}})"})
    EXPECT_THROW(parse_image_config(text, "config"), Error) << text;
}

TEST(ImageConfig, BytesThatAreNotUtf8DoNotBreakIt) {
  ImageConfig config;
  config.config.labels["k"] = "\xff";
  EXPECT_NO_THROW(parse_image_config(serialise(config), "config"));
}

}  // namespace
}  // namespace devenv::store
