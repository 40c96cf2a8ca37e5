#include "runtime/store/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "devenv/error.h"
#include "runtime/store/image_config.h"
#include "tests/support/all_fields.h"

namespace devenv::store {

auto all_fields(const Platform& platform) {
  const auto& [os, architecture, variant, os_version] = platform;
  return std::tie(os, architecture, variant, os_version);
}
auto all_fields(const Descriptor& descriptor) {
  const auto& [media_type, digest, size, annotations, platform, urls] = descriptor;
  return std::tie(media_type, digest, size, annotations, platform, urls);
}
auto all_fields(const Manifest& manifest) {
  const auto& [media_type, config, layers, annotations] = manifest;
  return std::tie(media_type, config, layers, annotations);
}
auto all_fields(const Index& index) {
  const auto& [media_type, manifests, annotations] = index;
  return std::tie(media_type, manifests, annotations);
}
auto all_fields(const Healthcheck& check) {
  const auto& [test, interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries] = check;
  return std::tie(test, interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries);
}
auto all_fields(const History& history) {
  const auto& [created, created_by, author, comment, empty_layer] = history;
  return std::tie(created, created_by, author, comment, empty_layer);
}
auto all_fields(const RunConfig& config) {
  const auto& [env, cmd, entrypoint, user, working_dir, exposed_ports, volumes, labels, stop_signal,
               healthcheck, shell, onbuild, other] = config;
  return std::tie(env, cmd, entrypoint, user, working_dir, exposed_ports, volumes, labels, stop_signal,
                  healthcheck, shell, onbuild, other);
}
auto all_fields(const ImageConfig& config) {
  const auto& [created, author, platform, run, diff_ids, history, other] = config;
  return std::tie(created, author, platform, run, diff_ids, history, other);
}

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

Descriptor some_descriptor(const std::string& digest) {
  return {.media_type = media_type::oci_layer_zstd,
          .digest = digest,
          .size = std::uint64_t{1} << 40,
          .annotations = {{"a", "1"}},
          .platform = Platform{"linux", "arm", "v7", "10.0"},
          .urls = {"https://x.example/layer"}};
}

TEST(Manifest, EveryFieldSurvivesTheTrip) {
  const Manifest manifest{.media_type = media_type::docker_manifest,
                          .config = some_descriptor(digest_a),
                          .layers = {some_descriptor(digest_b)},
                          .annotations = {{"b", "2"}}};
  test::expect_filled(manifest, "manifest");
  test::expect_same(parse_image_manifest(serialise(manifest), "m"), manifest, "manifest");
  const Index index{.media_type = media_type::docker_list,
                    .manifests = {some_descriptor(digest_a)},
                    .annotations = {{"c", "3"}}};
  test::expect_filled(index, "index");
  test::expect_same(std::get<Index>(parse_manifest(serialise(index), "", "i")), index, "index");
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

TEST(ImageConfig, EveryFieldSurvivesTheTrip) {
  const RunConfig run{.env = {"A=1"},
                      .cmd = {"serve"},
                      .entrypoint = {"/entry"},
                      .user = "alice",
                      .working_dir = "/srv",
                      .exposed_ports = {"80/tcp"},
                      .volumes = {"/data"},
                      .labels = {{"k", "v"}},
                      .stop_signal = "SIGINT",
                      .healthcheck = Healthcheck{.test = {"CMD", "x"},
                                                 .interval_ns = 1,
                                                 .timeout_ns = 2,
                                                 .start_period_ns = 3,
                                                 .start_interval_ns = 4,
                                                 .retries = 5},
                      .shell = {"/bin/bash", "-c"},
                      .onbuild = {"RUN x"},
                      .other = Json{{"ArgsEscaped", true}}};
  const ImageConfig config{.created = "2026-01-01T00:00:00Z",
                           .author = "me",
                           .platform = {"linux", "arm", "v7", "10.0"},
                           .config = run,
                           .diff_ids = {digest_a},
                           .history = {{"2026-01-01T00:00:00Z", "RUN x", "me", "devenv", true}},
                           .other = Json{{"docker_version", "20"}}};
  test::expect_filled(config, "config");
  test::expect_same(parse_image_config(serialise(config), "c"), config, "config");
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
