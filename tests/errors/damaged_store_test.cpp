// A store that something else has damaged: it says so, and the next build or pull heals it.
#include "mistakes.h"
#include "runtime/base/json.h"

namespace devenv::errors {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class DamagedStore : public Mistakes {
 protected:
  static std::string store() { return dir() + "/store"; }
  static std::string blob(const std::string& digest) { return store() + "/blobs/sha256/" + digest.substr(7); }
  static Json json_blob(const std::string& digest) { return parse_json(read_file(blob(digest)), digest); }
  /// The digest of the manifest of `small`, and the manifest.
  static std::string manifest_digest() {
    const Json index = parse_json(read_file(store() + "/index.json"), "index");
    for (const Json& entry : index.at("manifests"))
      if (entry.contains("annotations")) return entry.at("digest");
    return {};
  }
  static std::string config_digest() { return json_blob(manifest_digest()).at("config").at("digest"); }
  static std::string layer_digest() { return json_blob(manifest_digest()).at("layers").at(0).at("digest"); }

  static void flip_a_byte(const std::string& path) {
    std::string bytes = read_file(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    replace_file(path, bytes, 0444);
  }

  static void expect_problem(const std::string& text) {
    const auto verified = devenv({"system", "verify"});
    EXPECT_EQ(verified.exit_code, 1);
    EXPECT_THAT(verified.errors, HasSubstr(text));
    EXPECT_THAT(verified.errors, StartsWith("devenv: "));
  }

  /// What the errors advise.
  static void build_again() {
    const auto built = devenv({"build", "-t", "small", dir() + "/context"});
    EXPECT_EQ(built.exit_code, 0) << built.errors;
    const auto run = devenv({"run", "--rm", "small", "true"});
    EXPECT_EQ(run.exit_code, 0) << run.errors;
  }
};

TEST_F(DamagedStore, AConfigWhoseBytesChanged) {
  const std::string digest = config_digest();
  flip_a_byte(blob(digest));
  expect_problem("blob " + digest + ": its bytes are not what the digest promises");
  expect({{"run", "--rm", "--pull", "never", "small", "true"},
          125,
          "read blob " + digest +
              ": its bytes are not what the digest promises; the damaged file was removed, pull or "
              "build the image again"});
  build_again();
}

TEST_F(DamagedStore, ALayerWhoseBytesChanged) {
  const std::string digest = layer_digest();
  flip_a_byte(blob(digest));
  expect_problem("verify blob " + digest + ": its bytes are not what the digest promises; remove " +
                 blob(digest) + " and pull or build the image again");
  fs::remove(blob(digest));
  build_again();
}

TEST_F(DamagedStore, AMissingManifest) {
  const std::string digest = manifest_digest();
  fs::remove(blob(digest));
  expect_problem("open blob " + digest + ": it is not in the store");
  expect({{"run", "--rm", "--pull", "never", "small", "true"},
          125,
          "find image small: not in the store; see `devenv images`; one that is to be built here: devenv "
          "build -t "
          "small:latest DIR; base images that need no registry: devenv image bootstrap"});
  EXPECT_EQ(devenv({"images"}).exit_code, 0);
  build_again();
}

TEST_F(DamagedStore, AnIndexCutShort) {
  const std::string index = store() + "/index.json";
  replace_file(index, read_file(index).substr(0, 40), 0600);
  const std::string reason = "parse " + index +
                             ": not valid JSON near byte 41; remove it: the images are then pulled "
                             "or built again, out of the layers and the build cache that are there";
  expect({{"images"}, 1, reason});
  expect({{"run", "small", "true"}, 125, reason});
  expect_problem("parse " + index);
  fs::remove(index);
  build_again();
}

TEST_F(DamagedStore, AMissingLayersDirectory) {
  remove_tree(store() + "/layers");
  const auto run = devenv({"run", "--rm", "small", "true"});  // unpacked again out of the blobs
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  build_again();
}

TEST_F(DamagedStore, AMissingLayerAndItsBlob) {
  const std::string digest = layer_digest();
  fs::remove(blob(digest));
  remove_tree(store() + "/layers/" + digest.substr(7));  // the lowest: its chain ID is its digest
  EXPECT_EQ(devenv({"run", "--pull", "never", "small", "true"}).exit_code, 125);
  build_again();
}

TEST_F(DamagedStore, WhatAKilledProcessLeft) {
  make_directories(store() + "/tmp/0123456789abcdef/layer/diff");
  const std::string unfinished = store() + "/index.json.tmp-0123456789ab";
  replace_file(unfinished, "{");
  fs::last_write_time(unfinished, fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(devenv({"ps"}).exit_code, 0);
  EXPECT_TRUE(fs::is_empty(store() + "/tmp"));
  EXPECT_FALSE(fs::exists(unfinished));
}

class DamagedRecord : public DamagedStore {
 protected:
  void SetUp() override {
    EXPECT_EQ(devenv({"run", "--name", "good", "small", "true"}).exit_code, 0);
    EXPECT_EQ(devenv({"run", "--name", "bad", "small", "echo", "said"}).exit_code, 0);
    id_ = devenv({"ps", "-aq", "--no-trunc", "--filter", "name=bad"}).output.substr(0, 64);
    record_ = store() + "/containers/" + id_ + "/config.json";
  }

  /// It is listed with what is wrong, keeps its name and its log, hides no other, and can be removed.
  void expect_told(const std::string& problem) {
    const auto listed = devenv({"ps", "-a", "--format", "{{.Names}} {{.Status}}"});
    EXPECT_EQ(listed.exit_code, 0) << listed.errors;
    EXPECT_THAT(listed.output, testing::AllOf(HasSubstr("good Exited (0)"),
                                              HasSubstr("bad Damaged: " + problem + "\n")));
    const auto inspected = devenv({"inspect", "bad"});
    ASSERT_EQ(inspected.exit_code, 0) << inspected.errors;
    EXPECT_EQ(parse_json(inspected.output, "inspect")[0]["State"]["Error"], problem);
    EXPECT_EQ(devenv({"logs", "bad"}).output, "said\n");
    expect({{"run", "--name", "bad", "small", "true"},
            125,
            "name container bad: the name is taken; remove it: devenv rm bad"});
    EXPECT_EQ(devenv({"rm", "bad", "good"}).exit_code, 0);
    EXPECT_EQ(devenv({"ps", "-aq"}).output, "");
  }

  std::string id_, record_;
};

TEST_F(DamagedRecord, CutShort) {
  replace_file(record_, "{\"name\":");
  expect_problem("verify containers/" + id_ + ": parse its record: not valid JSON");
  expect_told("parse its record: not valid JSON near byte 9");
}

TEST_F(DamagedRecord, OfAnotherShape) {
  replace_file(record_, R"({"name":"bad","command":7})");
  expect_told("parse its record: something is missing or not of its kind");
}

TEST_F(DamagedRecord, Missing) {
  fs::remove(record_);
  const std::string problem = "read the record of container " + id_ + ": it is missing; devenv rm " + id_;
  expect_problem("verify containers/" + id_ + ": " + problem);
  expect_told(problem);
}

TEST_F(DamagedRecord, Unreadable) {
  fs::remove(record_);
  fs::create_directory(record_);
  expect_told("read " + record_ + ": is a directory");
}

TEST_F(DamagedRecord, WithoutItsName) {
  fs::remove(record_);
  fs::remove(store() + "/container-names/bad");
  EXPECT_THAT(devenv({"ps", "-a", "--format", "{{.Names}} {{.Status}}"}).output,
              HasSubstr(id_.substr(0, 12) + " Damaged: "));
  EXPECT_EQ(devenv({"rm", id_.substr(0, 12), "good"}).exit_code, 0);
}

TEST_F(DamagedStore, WholeIsCounted) {
  EXPECT_THAT(devenv({"system", "verify"}).output,
              testing::MatchesRegex("store " + store() +
                                    " is whole: 1 image, [0-9]+ blobs, [0-9]+ layers, 0 states, "
                                    "0 volumes, 0 containers\n"));
  const Json report = parse_json(devenv({"system", "verify", "--format", "json"}).output, "report");
  EXPECT_EQ(report.at("Images"), 1);
  EXPECT_EQ(report.at("Problems"), Json::array());
}

}  // namespace
}  // namespace devenv::errors
