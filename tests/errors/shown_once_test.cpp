// The frameworks show why a service did not come up, once, and do not run the test.
#include "mistakes.h"

namespace devenv::errors {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

class ShownOnce : public Mistakes {
 protected:
  static void expect_one_message(const std::string& program) {
    const auto result = run_process(
        {.argv = {program}, .env = environment(), .deadline = Deadline::after(std::chrono::seconds(60))});
    const std::string said = result.output + result.errors;
    EXPECT_NE(result.exit_code, 0);
    EXPECT_EQ(count(said, "start service app (image small): it exited after "), 1u) << said;
    EXPECT_EQ(count(said, "state:       exited, exit code 3"), 1u) << said;
    EXPECT_EQ(count(said, "| cannot start"), 1u) << said;
    EXPECT_EQ(count(said, "the body ran"), 0u) << said;
  }
};

TEST_F(ShownOnce, ByGoogleTest) { expect_one_message(FAILING_GOOGLETEST); }
TEST_F(ShownOnce, ByCatch2) { expect_one_message(FAILING_CATCH2); }
#ifdef FAILING_CATCH2_V3
TEST_F(ShownOnce, ByCatch2Version3) { expect_one_message(FAILING_CATCH2_V3); }
#endif

}  // namespace
}  // namespace devenv::errors
