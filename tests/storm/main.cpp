// Every test here runs on a machine of its own, whose state is compared before and after.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "runtime/store/store.h"
#include "tests/storm/victim_process.h"
#include "tests/support/private_machine.h"

namespace {

/// Images are built where there is a network; the machine of our own has none.
void build_images() {
  using namespace devenv;
  test::VictimProcess victim = test::VictimProcess::running("Victim.Passes");
  if (victim.wait(Deadline::after(std::chrono::minutes(10))) == 0) return;
  std::fprintf(stderr, "run the victim once, to build its images: %s\n", victim.output().c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!GTEST_FLAG_GET(list_tests)) {
    build_images();
    devenv::test::enter_private_machine({DEVENV_SOURCE_DIR, DEVENV_BINARY_DIR, devenv::store::Store::default_root()});
    unsetenv("DEVENV_RUNTIME_DIR");  // the default one, in our own /run
  }
  return RUN_ALL_TESTS();
}
