// A test whose service does not come up, run by shown_once_test.
#include <devenv/googletest.h>

namespace {

struct Broken : devenv::Test {
  devenv::WebApp app{[] {
    devenv::WebAppOptions options;
    options.image = "small";
    options.command = {"sh", "-c", "echo cannot start; exit 3"};
    return options;
  }()};
};

TEST_F(Broken, IsNotRun) { std::cerr << "the body ran\n"; }

}  // namespace
