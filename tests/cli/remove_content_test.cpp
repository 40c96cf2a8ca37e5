// rmi, image prune and builder prune through the real command, alone and against builds and starts beside
// them.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "command_fixture.h"
#include "runtime/base/json.h"
#include "runtime/store/store.h"

namespace devenv::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class RemoveContent : public CommandTest {
 protected:
  static std::string context(const std::string& name, const std::string& text) {
    make_directories(dir() + "/" + name);
    replace_file(dir() + "/" + name + "/file", text);
    replace_file(dir() + "/" + name + "/Dockerfile",
                 "FROM small\nCOPY file /file\nRUN cat /file /file > /twice\n");
    return dir() + "/" + name;
  }
  static void build(const std::string& tag, const std::string& text) {
    const auto built = devenv({"build", "-q", "-t", tag, context(tag, text)});
    ASSERT_EQ(built.exit_code, 0) << built.errors;
  }
  static std::size_t layers() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir() + "/store/layers"), {}));
  }
  static std::string images() { return devenv({"images", "--format", "{{.Repository}}:{{.Tag}}"}).output; }
  static void expect_sound_store() {
    const auto store = store::Store::open(dir() + "/store");
    EXPECT_THAT(store.images().verify(), testing::IsEmpty());
    for (const store::StoredImage& image : store.images().list())
      EXPECT_TRUE(store.images().is_unpacked(image)) << image.id;
    EXPECT_TRUE(fs::is_empty(dir() + "/store/tmp"));
    EXPECT_EQ(devenv({"run", "--rm", "small", "cat", "/www/a"}).output, "served\n");
  }
};

TEST_F(RemoveContent, TheLastNameTakesTheImageAlong) {
  const std::size_t before = layers();
  build("first", "1");
  build("second", "1");  // the same steps: one image with two names
  EXPECT_EQ(devenv({"rmi", "first"}).output, "Untagged: first:latest\n");
  EXPECT_EQ(devenv({"image", "rm", "second"}).output.substr(0, 40),
            "Untagged: second:latest\nDeleted: sha256:");
  EXPECT_EQ(layers(), before + 2) << "the build cache still knows them";
  const auto pruned = devenv({"builder", "prune", "-f"});
  EXPECT_THAT(pruned.output, StartsWith("Deleted build cache objects:\ndeleted: sha256:"));
  EXPECT_THAT(pruned.output, HasSubstr("\nTotal reclaimed space: "));
  EXPECT_EQ(layers(), before);
  const auto again = devenv({"rmi", "first"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.errors, HasSubstr("first"));
  expect_sound_store();
}

TEST_F(RemoveContent, AnImageInUseStays) {
  build("used", "used");
  {
    const Detached container({"--name", "user", "used", "sh", "-c", "while :; do sleep 1000; done"});
    const auto refused = devenv({"rmi", "used"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.errors,
                HasSubstr("running container " + container.id.substr(0, 12) + " (user) uses it"));
    EXPECT_EQ(devenv({"rmi", "-f", "used"}).output, "Untagged: used:latest\n");
    devenv({"builder", "prune", "-a", "-f"});
    devenv({"image", "prune", "-a", "-f"});
    EXPECT_EQ(devenv({"exec", "user", "cat", "/twice"}).output, "usedused") << "its layers are in use";
    EXPECT_EQ(devenv({"stop", "-t", "0", "user"}).exit_code, 0);
    const std::string id = parse_json(devenv({"inspect", "user"}).output, "inspect").at(0)["Image"];
    const auto still = devenv({"rmi", id});
    EXPECT_THAT(still.errors, HasSubstr("stopped container"));
  }
  EXPECT_EQ(devenv({"image", "prune", "-f"}).exit_code, 0);
  const auto built = devenv({"build", "-q", "-t", "small", dir() + "/context"});  // what prune -a took
  ASSERT_EQ(built.exit_code, 0) << built.errors;
  expect_sound_store();
}

TEST_F(RemoveContent, PruneAsksUnlessForced) {
  build("named", "n");
  build("named", "m");  // the first loses its name
  EXPECT_THAT(images(), HasSubstr("<none>:<none>\n"));
  EXPECT_THAT(devenv({"image", "prune"}, "n\n").output, MatchesRegex("WARNING! .* \\[y/N\\] "));
  EXPECT_THAT(images(), HasSubstr("<none>:<none>\n"));
  EXPECT_THAT(devenv({"image", "prune"}, "y\n").output, HasSubstr("Deleted Images:\ndeleted: sha256:"));
  EXPECT_EQ(images().find("<none>"), std::string::npos);
  EXPECT_EQ(devenv({"run", "--rm", "named", "cat", "/twice"}).output, "mm");
  expect_sound_store();
}

/// One process after the other until the time is up.
template <class Round>
std::thread loop(const Deadline& until, const Round& round) {
  return std::thread([&until, round] {
    for (int i = 0; !until.passed(); ++i) round(i);
  });
}

TEST_F(RemoveContent, BuildsRemovalsAndStartsSideBySideNeverCorruptEachOther) {
  const Deadline until = Deadline::after(std::chrono::seconds(8));
  std::atomic<int> built{0}, removed{0}, started{0}, missing{0};
  auto builder = loop(until, [&](int i) {
    const std::string text = std::to_string(i % 3);
    const auto result = CommandTest::devenv({"build", "-q", "-t", "churn", context("churn", text)});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    built += result.exit_code == 0;
  });
  auto remover = loop(until, [&](int i) {
    const std::vector<std::string> verbs[] = {{"rmi", "-f", "churn"},
                                              {"builder", "prune", "-a", "-f"},
                                              {"image", "prune", "-f"},
                                              {"volume", "rm", "-f", "churned"}};
    removed += CommandTest::devenv(verbs[i % 4]).exit_code == 0;
  });
  auto starter = loop(until, [&](int) {
    const auto lasting =
        CommandTest::devenv({"run", "--rm", "-v", "churned:/data", "small", "cat", "/www/a"});
    EXPECT_EQ(lasting.output, "served\n") << lasting.errors;
    const auto churned = CommandTest::devenv({"run", "--rm", "churn", "sh", "-c", "cat /file /twice"});
    if (churned.exit_code == 125) {
      EXPECT_THAT(churned.errors, HasSubstr("churn: ")) << "removed just then";
      ++missing;
      return;
    }
    EXPECT_THAT(churned.output, MatchesRegex("000|111|222")) << churned.errors;
    ++started;
  });
  builder.join();
  remover.join();
  starter.join();
  EXPECT_GT(built, 0);
  EXPECT_GT(removed, 0);
  EXPECT_GT(started + missing, 0);
  build("churn", "end");
  EXPECT_EQ(devenv({"run", "--rm", "churn", "cat", "/twice"}).output, "endend");
  expect_sound_store();
}

}  // namespace
}  // namespace devenv::cli
