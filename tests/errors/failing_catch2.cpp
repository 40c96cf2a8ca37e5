// A test case whose service does not come up, run by shown_once_test. For Catch2 2 and 3.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#include <devenv/catch2.h>

namespace {

struct Broken : devenv::CatchFixture {
  devenv::WebApp app{[] {
    devenv::WebAppOptions options;
    options.image = "small";
    options.command = {"sh", "-c", "echo cannot start; exit 3"};
    return options;
  }()};
};

TEST_CASE_METHOD(devenv::PerTestCase<Broken>, "is not run") { std::cerr << "the body ran\n"; }

}  // namespace
