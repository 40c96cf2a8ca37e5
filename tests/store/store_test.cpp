#include "runtime/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <thread>

#include "runtime/base/scope_exit.h"
#include "tar_builder.h"

namespace devenv::store {
namespace {

using namespace testing;  // NOLINT: the builders of this folder
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class StoreTest : public ::testing::Test {
 protected:
  Scratch scratch;
  Store store = Store::open(scratch.path("store"));
};

TEST_F(StoreTest, IsPrivateAndReopens) {
  struct stat st {};
  stat(store.root().c_str(), &st);
  EXPECT_EQ(st.st_mode & 0777, 0700u);
  EXPECT_NO_THROW(Store::open(store.root()));
}

TEST_F(StoreTest, AHalfMadeOneIsCompleted) {
  std::filesystem::remove_all(store.root() + "/layers");
  std::filesystem::remove(store.root() + "/version");
  const Store again = Store::open(store.root());
  EXPECT_THAT(again.layers().list(), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(store.root() + "/layers"));
}

TEST_F(StoreTest, ANewerLayoutIsRefused) {
  write_text(store.root() + "/version", "7\n");
  try {
    Store::open(store.root());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("version 7"));
  }
}

TEST_F(StoreTest, OneThatCannotBeWrittenSaysSo) {
  const std::string target = scratch.make("ro");
  ASSERT_EQ(mount("tmpfs", target.c_str(), "tmpfs", MS_RDONLY, ""), 0);
  const ScopeExit unmount([&] { umount2(target.c_str(), MNT_DETACH); });
  try {
    Store::open(target + "/store");
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code(), EROFS);
    EXPECT_THAT(error.what(), HasSubstr("open store " + target));
    EXPECT_THAT(error.what(), HasSubstr("set DEVENV_STORE"));
  }
}

TEST_F(StoreTest, SweepSparesWhatIsInUse) {
  const TmpDir used = store.tmp_dir();
  write_text(used.path() + "/x", "1");
  make_directories(store.root() + "/tmp/left/over");
  EXPECT_EQ(sweep_tmp(store.root()), 1);
  EXPECT_TRUE(std::filesystem::exists(used.path() + "/x"));
  EXPECT_FALSE(std::filesystem::exists(store.root() + "/tmp/left"));
}

TEST_F(StoreTest, OpeningSweepsWhatAKilledProcessLeft) {
  const pid_t child = fork();
  if (child == 0) {
    const TmpDir dir = store.tmp_dir();
    _exit(0);  // as killed: no destructor
  }
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(std::filesystem::is_empty(store.root() + "/tmp"));
  Store::open(store.root());
  EXPECT_TRUE(std::filesystem::is_empty(store.root() + "/tmp"));
}

TEST_F(StoreTest, ALockWaitsUntilItsDeadline) {
  const auto mode = FileLock::Mode::exclusive;
  auto held = std::make_optional(store.lock("x", mode, Deadline::never()));
  EXPECT_THROW(store.lock("x", mode, Deadline::after(milliseconds(20))), Timeout);
  EXPECT_NO_THROW(store.lock("y", mode, Deadline::after(milliseconds(20))));
  std::thread waiter(
      [&] { EXPECT_NO_THROW(store.lock("x", mode, Deadline::after(std::chrono::seconds(10)))); });
  held.reset();
  waiter.join();
}

TEST_F(StoreTest, SharedLocksShare) {
  const std::string path = store.root() + "/locks/s";
  const auto a = FileLock::try_acquire(path, FileLock::Mode::shared);
  EXPECT_TRUE(FileLock::try_acquire(path, FileLock::Mode::shared));
  EXPECT_FALSE(FileLock::try_acquire(path, FileLock::Mode::exclusive));
}

TEST_F(StoreTest, VolumesAreMadeListedAndRemoved) {
  const VolumeStore& volumes = store.volumes();
  const VolumeRecord made = volumes.create("data", {{"k", "v"}});
  write_text(made.data_path + "/x", "1");
  EXPECT_EQ(volumes.create("data").labels.at("k"), "v");
  EXPECT_FALSE(volumes.is_empty("data"));
  EXPECT_GT(volumes.get("data").created_unix_s, 0);
  EXPECT_EQ(volumes.list().size(), 1u);
  volumes.remove("data");
  EXPECT_FALSE(volumes.has("data"));
  EXPECT_THROW(volumes.remove("data"), NotFound);
  EXPECT_THROW(volumes.get("data"), NotFound);
  for (const char* bad : {"", "a", "../x", ".x", "a/b", "-x"})
    EXPECT_THROW(volumes.create(bad), Error) << bad;
}

TEST_F(StoreTest, AVolumeInUseStays) {
  store.volumes().create("data");
  {
    const FileLock one = store.volumes().use("data"), two = store.volumes().use("data");
    EXPECT_THROW(store.volumes().remove("data"), Conflict);
  }
  EXPECT_NO_THROW(store.volumes().remove("data"));
  EXPECT_THROW(store.volumes().use("data"), NotFound);
}

TEST_F(StoreTest, TheFirstStateOfAKeyWins) {
  const StateStore& states = store.states();
  const std::string first = scratch.make("first"), second = scratch.make("second");
  write_text(first + "/x", "first");
  EXPECT_TRUE(states.commit("pg-1", first, R"({"a":1})"));
  EXPECT_FALSE(states.commit("pg-1", second, "{}"));
  EXPECT_TRUE(std::filesystem::exists(second));
  EXPECT_FALSE(std::filesystem::exists(first));
  const auto state = states.find("pg-1");
  EXPECT_EQ(read_file(state->diff_path + "/x"), "first");
  EXPECT_EQ(state->meta, R"({"a":1})");
  EXPECT_EQ(states.list().size(), 1u);
  {
    const FileLock used = states.use("pg-1");
    EXPECT_THROW(states.remove("pg-1"), Conflict);
  }
  EXPECT_TRUE(states.remove("pg-1"));
  EXPECT_FALSE(states.remove("pg-1"));
  EXPECT_THROW(states.use("pg-1"), NotFound);
}

TEST_F(StoreTest, TheCacheKeepsSmallValues) {
  const Cache& cache = store.build_cache();
  EXPECT_FALSE(cache.get("k"));
  cache.put("k", "1");
  cache.put("k", "2");
  EXPECT_EQ(cache.get("k"), "2");
  EXPECT_THAT(cache.keys(), ElementsAre("k"));
  cache.remove("k");
  EXPECT_FALSE(cache.get("k"));
  EXPECT_THROW(cache.put("../k", "1"), Error);
}

TEST_F(StoreTest, ContainersAreRecorded) {
  const ContainerStore& containers = store.containers();
  const std::string dir = containers.create("abc", "{}");
  EXPECT_EQ(dir, containers.path("abc"));
  EXPECT_THROW(containers.create("abc", "{}"), Conflict);
  containers.update("abc", R"({"n":1})");
  EXPECT_EQ(containers.load("abc"), R"({"n":1})");
  EXPECT_THAT(containers.ids(), ElementsAre("abc"));
  containers.remove("abc");
  containers.remove("abc");
  EXPECT_FALSE(containers.load("abc"));
  EXPECT_THROW(containers.update("abc", "{}"), NotFound);
}

TEST_F(StoreTest, ContainersAreFoundByIdNameAndPrefix) {
  const ContainerStore& containers = store.containers();
  containers.create("abc1", R"({"name":"db"})");
  containers.create("abd2", R"({"name":"ab"})");
  EXPECT_EQ(containers.find("db"), "abc1");
  EXPECT_EQ(containers.find("ab"), "abd2") << "a name rather than the beginning of two ids";
  EXPECT_EQ(containers.find("abc"), "abc1");
  EXPECT_EQ(containers.find("abd2"), "abd2");
  for (const char* text : {"", "b", "../abc1", "abc1/"}) EXPECT_FALSE(containers.find(text)) << text;
  EXPECT_EQ(containers.name_of("abc1"), "db");
  containers.remove("abd2");
  EXPECT_FALSE(containers.find_name("ab"));
  containers.create("abe3", "{}");
  EXPECT_THROW(containers.find("ab"), Conflict);
}

TEST_F(StoreTest, AContainersNameIsTakenUntilItIsRemoved) {
  const ContainerStore& containers = store.containers();
  containers.create("one", R"({"name":"db"})");
  EXPECT_THROW(containers.create("two", R"({"name":"db"})"), Conflict);
  EXPECT_THAT(containers.ids(), ElementsAre("one"));
  containers.update("one", "{damaged");
  EXPECT_EQ(containers.find_name("db"), "one") << "its record need not be read";
  containers.remove("one");
  containers.create("two", R"({"name":"db"})");
  EXPECT_EQ(containers.find_name("db"), "two");
  // What is left of a process that was killed before its container was there.
  std::filesystem::remove_all(containers.path("two"));
  EXPECT_FALSE(containers.find_name("db"));
  containers.create("three", R"({"name":"db"})");
  EXPECT_EQ(containers.find_name("db"), "three");
}

TEST_F(StoreTest, NamesOfAStoreWithoutAnIndexAreReadFromItsRecords) {
  const ContainerStore& containers = store.containers();
  containers.create("one", R"({"name":"db"})");
  make_directories(containers.path("broken"));
  std::filesystem::remove_all(store.root() + "/container-names");
  EXPECT_EQ(containers.find_name("db"), "one");
  EXPECT_THROW(containers.create("two", R"({"name":"db"})"), Conflict);
}

TEST_F(StoreTest, ARecordThatIsMissingIsNoContainerThatIsMissing) {
  make_directories(store.root() + "/containers/abc");
  EXPECT_THAT(store.containers().ids(), ElementsAre("abc"));
  EXPECT_THROW(store.containers().load("abc"), Error);
  EXPECT_FALSE(store.containers().load("abd"));
}

}  // namespace
}  // namespace devenv::store
