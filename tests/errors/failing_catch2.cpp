// Test cases that fail, run one by one by shown_once_test. For Catch2 2 and 3.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#include <devenv/catch2.h>
#include <signal.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace {

devenv::WebAppOptions small(const std::string& script) {
  devenv::WebAppOptions options;
  options.image = "small";
  options.command = {"sh", "-c", script};
  options.health_path = "/a";
  return options;
}

struct Broken : devenv::CatchFixture {
  devenv::WebApp app{small("echo cannot start; exit 3")};
};

TEST_CASE_METHOD(devenv::PerTestCase<Broken>, "is not run") { std::cerr << "the body ran\n"; }

struct Serving : devenv::CatchFixture {
  devenv::WebApp app{small("echo serving; exec httpd -f -p 8000 -h /www")};
};

TEST_CASE_METHOD(devenv::PerTestCase<Serving>, "passes") { CHECK(app.port() != 0); }
TEST_CASE_METHOD(devenv::PerTestCase<Serving>, "fails a check") {
  CHECK(app.port() == 0);
  CHECK(app.port() != 0);
}
TEST_CASE_METHOD(devenv::PerTestCase<Serving>, "fails a requirement") { REQUIRE(app.port() == 0); }
TEST_CASE_METHOD(devenv::PerTestCase<Serving>, "throws") { throw std::runtime_error("thrown"); }

/// The holder: the parent of a container's first process.
int parent_of(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;)
    if (word == "PPid:" && status >> pid) return pid;
  return -1;
}

TEST_CASE_METHOD(devenv::PerTestCase<Serving>, "fails a requirement when its holder is dead") {
  const int holder = parent_of(app.service().info().pid);
  REQUIRE(holder > 1);
  REQUIRE(kill(holder, SIGKILL) == 0);
  const auto limit = devenv::Deadline::after(std::chrono::seconds(20));
  REQUIRE_THROWS_AS(app.service().wait_exit(limit), devenv::Error);
  REQUIRE(app.port() == 0);
}

}  // namespace
