// The frameworks show why a service did not come up, once, and do not run the test; of a test that failed,
// what its services printed.
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
  struct Said {
    int exit_code;
    std::string text;
  };
  static Said run(const std::vector<std::string>& command) {
    const auto result = run_process(
        {.argv = command, .env = environment(), .deadline = Deadline::after(std::chrono::seconds(60))});
    return {result.exit_code, result.output + result.errors};
  }

  static void expect_one_message(const std::vector<std::string>& command) {
    const Said said = run(command);
    EXPECT_TRUE(said.exit_code > 0 && said.exit_code < 128) << said.exit_code;
    EXPECT_EQ(count(said.text, "start service app (image small): it exited after "), 1u) << said.text;
    EXPECT_EQ(count(said.text, "state:       exited, exit code 3"), 1u) << said.text;
    EXPECT_EQ(count(said.text, "| cannot start"), 1u) << said.text;
    EXPECT_EQ(count(said.text, "the body ran"), 0u) << said.text;
  }
};

TEST_F(ShownOnce, ByGoogleTest) { expect_one_message({FAILING_GOOGLETEST}); }

/// With each version of Catch2 there is.
class ByCatch2 : public ShownOnce, public testing::WithParamInterface<const char*> {
 protected:
  static Said run_case(const std::string& name) { return run({GetParam(), name}); }
  static void expect_failed(const Said& said) {
    EXPECT_TRUE(said.exit_code > 0 && said.exit_code < 128) << said.exit_code;
    EXPECT_THAT(said.text, HasSubstr("test cases: 1 | 1 failed")) << "it went on to its summary";
  }
};

TEST_P(ByCatch2, AServiceThatDoesNotComeUp) { expect_one_message({GetParam(), "is not run"}); }

TEST_P(ByCatch2, LogsOfATestCaseThatFailed) {
  for (const char* name : {"fails a check", "fails a requirement", "throws"}) {
    const Said said = run_case(name);
    expect_failed(said);
    EXPECT_EQ(count(said.text, "app, last 1 of 1 log lines:\n  | serving\n"), 1u) << name << said.text;
  }
}

TEST_P(ByCatch2, NoLogsOfOneThatPassed) {
  const Said alone = run_case("passes");
  EXPECT_EQ(alone.exit_code, 0);
  EXPECT_THAT(alone.text, Not(HasSubstr("serving")));
  const Said beside = run_case("fails a check,passes");
  EXPECT_THAT(beside.text, HasSubstr("test cases: 2 | 1 passed | 1 failed"));
  EXPECT_EQ(count(beside.text, "| serving"), 1u) << beside.text;
}

TEST_P(ByCatch2, ADeadHolderDoesNotHideTheFailure) {
  const Said said = run_case("fails a requirement when its holder is dead");
  expect_failed(said);
  EXPECT_THAT(said.text, HasSubstr("REQUIRE( app.port() == 0 )"));
  EXPECT_THAT(said.text, HasSubstr("app: its log cannot be read: "));
}

INSTANTIATE_TEST_SUITE_P(Version2, ByCatch2, testing::Values(FAILING_CATCH2));
#ifdef FAILING_CATCH2_V3
INSTANTIATE_TEST_SUITE_P(Version3, ByCatch2, testing::Values(FAILING_CATCH2_V3));
#endif

}  // namespace
}  // namespace devenv::errors
