#include "runtime/registry/reference.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace devenv::registry {
namespace {

const std::string hex64 = "86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa";

struct Case {
  std::string text, domain, path, tag, digest, familiar;
};

TEST(Reference, SplitsAsDockerDoes) {
  const std::vector<Case> cases = {
      {"nginx", "docker.io", "library/nginx", "", "", "nginx"},
      {"nginx:1.27", "docker.io", "library/nginx", "1.27", "", "nginx:1.27"},
      {"docker.io/nginx", "docker.io", "library/nginx", "", "", "nginx"},
      {"index.docker.io/nginx:a", "docker.io", "library/nginx", "a", "", "nginx:a"},
      {"index.docker.io/foo/bar", "docker.io", "foo/bar", "", "", "foo/bar"},
      {"library/foo/bar", "docker.io", "library/foo/bar", "", "", "library/foo/bar"},
      {"test_com/foo", "docker.io", "test_com/foo", "", "", "test_com/foo"},
      {"test-com:8080/foo", "test-com:8080", "foo", "", "", "test-com:8080/foo"},
      {"localhost/foo", "localhost", "foo", "", "", "localhost/foo"},
      {"localhost:5000/foo:v1", "localhost:5000", "foo", "v1", "", "localhost:5000/foo:v1"},
      {"localhost", "docker.io", "library/localhost", "", "", "localhost"},
      {"[fc00::1]:5000/docker", "[fc00::1]:5000", "docker", "", "", "[fc00::1]:5000/docker"},
      {"Foo/bar", "Foo", "bar", "", "", "Foo/bar"},
      {"192.168.0.1:80", "docker.io", "library/192.168.0.1", "80", "", "192.168.0.1:80"},
      {"busybox:latest@sha256:" + hex64, "docker.io", "library/busybox", "latest", "sha256:" + hex64,
       "busybox:latest@sha256:" + hex64},
      {"docker.io/" + hex64, "docker.io", "library/" + hex64, "", "", hex64},
      {"dock__er/a---b", "docker.io", "dock__er/a---b", "", "", "dock__er/a---b"},
      {"xn--n3h.com:18080/foo", "xn--n3h.com:18080", "foo", "", "", "xn--n3h.com:18080/foo"},
      // A first part that looks like a host but is none leaves the reference without one.
      {"foo_bar.com/x", "", "foo_bar.com/x", "", "", "foo_bar.com/x"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Reference reference = parse_reference(c.text);
    EXPECT_EQ(reference, (Reference{c.domain, c.path, c.tag, c.digest}));
    EXPECT_EQ(reference.familiar(), c.familiar);
  }
}

TEST(Reference, RefusesWhatDockerRefuses) {
  const std::vector<std::string> bad = {
      "",
      "https://github.com/docker/docker",
      "docker/Docker",
      "Nginx",
      "-docker",
      "docker-/docker",
      "-docker.io/docker/docker",
      "docker///docker",
      "docker/",
      "/docker",
      "docker.io/docker/Docker",
      "[fc00::1]",
      "[fc00::1]:5000",
      "fc00::1:5000/debian",
      "[fe80::1%eth0]:5000/debian",
      "[2001:db8:3:4::192.0.2.33]:5000/debian",
      "____/____",
      "dock..er/docker",
      "dock_.er/docker",
      "dock-.er/docker",
      "a___b",
      hex64,
      "a:",
      "a:-b",
      "a:b:c",
      "a@",
      "a@sha256:abc",
      "a@sha256:" + hex64.substr(1),
      "a@sha256:86E0E091D0DA6BDE2456DBB48306F3956BBEB2EAE1B5B9A43045843F69FE4AAA",
      "a@sha512:" + hex64,
      "a@md5:" + hex64,
      "a@sha256:" + hex64 + "@sha256:" + hex64,
      "a b",
      "a:b\n",
      "foo_bar.com:8080/x",
      "a:" + std::string(129, 'x'),
      std::string(256, 'a') + "/docker",
  };
  for (const std::string& text : bad) {
    SCOPED_TRACE(text);
    EXPECT_THROW(parse_reference(text), Error);
  }
  EXPECT_NO_THROW(parse_reference("a:" + std::string(128, 'x')));
  EXPECT_NO_THROW(parse_reference("a.io/" + std::string(255, 'a')));
  EXPECT_THROW(parse_reference("a.io/" + std::string(256, 'a')), Error);
}

TEST(Reference, DefaultTagOnlyWhenNothingIsNamed) {
  EXPECT_EQ(parse_reference_or_latest("nginx").full(), "docker.io/library/nginx:latest");
  EXPECT_EQ(parse_reference_or_latest("nginx:1").full(), "docker.io/library/nginx:1");
  EXPECT_EQ(parse_reference_or_latest("nginx@sha256:" + hex64).tag, "");
}

TEST(Reference, TellsIdsFromNames) {
  EXPECT_TRUE(is_image_id(hex64));
  EXPECT_TRUE(is_image_id("sha256:" + hex64));
  EXPECT_FALSE(is_image_id("nginx"));
  EXPECT_FALSE(is_image_id("sha256:" + hex64.substr(2)));
}

TEST(Reference, SaysWhatToDo) {
  try {
    parse_reference("docker/Docker");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "parse image reference \"docker/Docker\": the repository name must be lower case; try "
                 "\"docker/docker\"");
  }
}

}  // namespace
}  // namespace devenv::registry
