#include "launch_fixture.h"

namespace devenv::test {
namespace {

using Container = LaunchTest;

TEST_F(Container, PrintsAndExits) {
  const Ran ran = run(plan({"echo", "hello"}));
  EXPECT_EQ(ran.exit.code, 0);
  EXPECT_EQ(ran.out, "hello\n");
}

}  // namespace
}  // namespace devenv::test
