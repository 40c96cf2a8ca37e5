// Linked in, it ends every TEST with the comparison.
#include <gtest/gtest.h>

#include "tests/support/leak_check.h"

namespace devenv::test {
namespace {

class LeakCheck : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { before_ = snapshot(); }
  void OnTestEnd(const testing::TestInfo&) override { expect_same(before_); }

  HostState before_;
};

const bool kInstalled = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new LeakCheck);
  return true;
}();

}  // namespace
}  // namespace devenv::test
