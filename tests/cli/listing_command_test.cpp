#include <gmock/gmock.h>

#include "command_fixture.h"

namespace devenv::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

using ListingCommand = CommandTest;

TEST_F(ListingCommand, Networks) {
  const std::string id = devenv({"network", "create", "backend"}).output;
  EXPECT_THAT(id, MatchesRegex("[0-9a-f]{64}\n"));
  EXPECT_EQ(devenv({"network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}"}).output,
            "backend bridge local\n");
  EXPECT_EQ(devenv({"network", "ls", "-q"}).output, id.substr(0, 12) + "\n");
  const Detached container({"--network", "backend", "--name", "inside", "small", "sleep", "1000"});
  const auto shown = devenv({"network", "inspect", "backend"});
  EXPECT_EQ(shown.exit_code, 0) << shown.errors;
  for (const char* part :
       {"\"Name\": \"backend\"", "\"Driver\": \"bridge\"", "\"Subnet\": \"10.", "\"inside\""})
    EXPECT_THAT(shown.output, HasSubstr(part));
  const auto missing = devenv({"network", "inspect", "nowhere"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.errors, HasSubstr("nowhere"));
  EXPECT_THAT(missing.errors, HasSubstr("devenv network ls"));
  EXPECT_EQ(devenv({"rm", "-f", container.id}).exit_code, 0);
  EXPECT_EQ(devenv({"network", "rm", "backend"}).output, "backend\n");
  EXPECT_EQ(devenv({"network", "ls", "-q"}).output, "");
}

TEST_F(ListingCommand, Volumes) {
  EXPECT_EQ(devenv({"volume", "create", "data"}).output, "data\n");
  EXPECT_EQ(devenv({"volume", "ls", "-q"}).output, "data\n");
  EXPECT_THAT(devenv({"volume", "ls"}).output, MatchesRegex("DRIVER +VOLUME NAME\nlocal +data\n"));
  const auto both = devenv({"volume", "inspect", "data", "nowhere"});
  EXPECT_EQ(both.exit_code, 1);
  EXPECT_THAT(both.output, HasSubstr("\"Mountpoint\": \"" + dir() + "/store/volumes/data/_data\""));
  EXPECT_EQ(both.errors, "devenv: inspect volume nowhere: no such volume; `devenv volume ls` lists them\n");
  EXPECT_EQ(devenv({"volume", "rm", "data"}).output, "data\n");
  EXPECT_EQ(devenv({"volume", "rm", "-f", "data"}).exit_code, 0);
}

TEST_F(ListingCommand, States) {
  const std::string key(64, 'a'), other(64, 'b');
  for (const std::string& each : {key, other}) {
    make_directories(dir() + "/store/states/" + each + "/diff");
    replace_file(dir() + "/store/states/" + each + "/meta.json", "{}");
  }
  EXPECT_EQ(devenv({"state", "ls", "-q"}).output, key + "\n" + other + "\n");
  EXPECT_THAT(devenv({"state", "ls"}).output, StartsWith("STATE KEY\n"));
  EXPECT_EQ(devenv({"state", "rm", key}).output, key + "\n");
  const auto again = devenv({"state", "rm", key});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.errors,
            "devenv: remove state " + key + ": there is none of that key; see: devenv state ls\n");
  EXPECT_EQ(devenv({"state", "prune"}).output, other + "\n");
  EXPECT_EQ(devenv({"state", "ls", "-q"}).output, "");
}

}  // namespace
}  // namespace devenv::cli
