// A host that must not change: a sentinel tree outside of every root, compared byte by byte after each
// attack.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "probe_image.h"
#include "tests/store/tar_builder.h"

namespace devenv::engine {

namespace fs = std::filesystem;

class AttackTest : public ::testing::Test {
 protected:
  AttackTest() {
    fs::create_directories(outside + "/dir/x");
    replace_file(outside + "/secret", "secret\nfile\n", 0600);
    replace_file(outside + "/empty", "");
    replace_file(outside + "/dir/file", "file");
    before_ = store::testing::snapshot(outside);
  }
  ~AttackTest() override { remove_tree(outside); }
  void TearDown() override {
    EXPECT_EQ(store::testing::snapshot(outside), before_);
    for (const ContainerInfo& left : engine().containers(true)) {
      ADD_FAILURE() << "container " << left.name << " stayed";
      engine().remove(left.id, true);
    }
  }

  static Engine& engine() { return ProbeImage::shared().engine(); }

  /// Builds an image whose context `prepare` has filled; its output, a line each.
  std::vector<std::string> build(const std::string& tag, const std::string& dockerfile,
                                 const std::function<void(const std::string& context)>& prepare = {}) {
    const std::string path = SmallImage::shared().context(dockerfile);
    if (prepare) prepare(path);
    const std::string context_before = store::testing::snapshot(path);
    std::vector<std::string> said;
    engine().build({.context_dir = path, .tags = {tag}, .no_cache = true},
                   [&](const std::string& line) { said.push_back(line); });
    EXPECT_EQ(store::testing::snapshot(path), context_before) << "the build context changed";
    return said;
  }
  std::string build_error(const std::string& dockerfile,
                          const std::function<void(const std::string& context)>& prepare = {}) {
    return error_of([&] { build("refused", dockerfile, prepare); });
  }

  static std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  struct Ran {
    std::string error, output;  ///< of the start; of the main process
  };
  /// Starts it and waits for its end; an error when it is refused.
  static Ran run(ContainerSpec spec) {
    if (spec.image.empty()) spec.image = "probe";
    Ran ran;
    ran.error = error_of([&] {
      const std::string id = engine().start(spec, Lifetime::session).id;
      engine().wait(id, Deadline::after(std::chrono::seconds(20)));
      const auto log = engine().logs(id);
      while (const auto line = log->next(Deadline::after(std::chrono::seconds(20))))
        ran.output += line->text + (line->complete ? "\n" : "");
      engine().remove(id, true);
    });
    return ran;
  }
  static MountSpec bind(const std::string& source, const std::string& target) {
    return {.type = MountSpec::Type::bind, .source = source, .target = target};
  }

  const std::string outside = SmallImage::shared().dir + "/outside";

 private:
  std::string before_;
};

}  // namespace devenv::engine
