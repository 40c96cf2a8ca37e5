// What a stranger types, and what `devenv` answers: one error, word by word, with the exit code of docker's.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/cli/command_fixture.h"

namespace devenv::errors {

struct Mistake {
  std::vector<std::string> args;
  int exit_code;
  std::string message;  ///< all of standard error but "devenv: " and the newline
};

/// A store with the image `small`, which is whole after every test.
class Mistakes : public cli::CommandTest {
 protected:
  void TearDown() override { expect_whole_store(); }

  static void expect_whole_store() {
    const auto verified = devenv({"system", "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.errors;
  }

  static void expect(const Mistake& mistake) { expect_answer(devenv(mistake.args), mistake); }

  static void expect_answer(const ProcessResult& result, const Mistake& mistake) {
    const std::string typed = testing::PrintToString(mistake.args);
    EXPECT_EQ(result.errors, "devenv: " + mistake.message + "\n") << typed;
    EXPECT_EQ(result.exit_code, mistake.exit_code) << typed;
    EXPECT_EQ(result.output, "") << typed;
  }

  static std::string directory(const std::string& name) {
    make_directories(dir() + "/" + name);
    return dir() + "/" + name;
  }

  /// A build context with this Dockerfile.
  static std::string context(const std::string& name, const std::string& dockerfile) {
    const std::string path = directory(name);
    replace_file(path + "/Dockerfile", dockerfile);
    return path;
  }

  /// The last line of what a build said.
  static std::string last_line(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  }
};

}  // namespace devenv::errors
