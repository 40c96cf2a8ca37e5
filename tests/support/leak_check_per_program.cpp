// Linked in, it compares once, after the last test: for programs whose tests share an engine.
#include <gtest/gtest.h>

#include "tests/support/leak_check.h"

namespace devenv::test {
namespace {

class LeakCheckEnvironment : public testing::Environment {
  void SetUp() override { before_ = snapshot(); }
  void TearDown() override { expect_same(before_); }

  HostState before_;
};

const testing::Environment* const kInstalled = testing::AddGlobalTestEnvironment(new LeakCheckEnvironment);

}  // namespace
}  // namespace devenv::test
