// The program that is ended in every way there is: a user's tests, each with its own Postgres and web app. Run by
// storm_test, never by ctest; each TEST is one way to end, or to live until somebody else ends it.
#include <devenv/googletest.h>
#include <devenv/postgres.h>
#include <devenv/web_app.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "examples/clients/http.h"

#ifdef __SANITIZE_THREAD__
// Who exits in the middle of a test joins no thread.
extern "C" const char* __tsan_default_options() { return "report_thread_leaks=0"; }
#endif

namespace {

/// The first column of the only row; throws with the server's message.
std::string query(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(url.c_str()), PQfinish);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
  return PQgetvalue(result.get(), 0, 0);
}

struct Pair {
  devenv::Postgres db;
  devenv::WebApp app{{.context = STORM_APP, .env = {{"DATABASE_URL", db.internal_url()}}}};

  /// Fails when either does not answer, or when the database is not this test's own.
  void use() const {
    use_database();
    EXPECT_EQ(http(app.url("/database")).body, "database answers");
  }
  void use_database() const {
    query(db.url(), "CREATE TABLE IF NOT EXISTS mine (pid int); SELECT 1");
    EXPECT_EQ(query(db.url(), "SELECT count(*) FROM mine WHERE pid <> " + std::to_string(getpid())), "0");
    query(db.url(), "INSERT INTO mine VALUES (" + std::to_string(getpid()) + ") RETURNING pid");
  }
};

void say(const char* what) {
  std::printf("%s\n", what);
  std::fflush(stdout);
}

using Victim = devenv::PerTest<Pair>;

TEST_F(Victim, Passes) {
  services().use();
}

TEST_F(Victim, Fails) {
  services().use();
  FAIL() << "on purpose";
}

TEST_F(Victim, Exits) {
  services().use();
  std::exit(7);
}

TEST_F(Victim, ExitsAtOnce) {
  services().use();
  _exit(7);
}

TEST_F(Victim, Aborts) {
  services().use();
  std::abort();
}

// Like a daemon started by a test: it has a copy of every descriptor, and no reason to end.
TEST_F(Victim, AbortsWithAForkedChild) {
  services().use();
  const pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  std::printf("child %d\n", child);
  std::fflush(stdout);
  std::abort();
}

TEST_F(Victim, Crashes) {
  services().use();
  std::signal(SIGSEGV, SIG_DFL);  // else a sanitizer's handler makes an exit of it
  std::raise(SIGSEGV);
}

TEST_F(Victim, LivesUntilItsInputEnds) {
  services().use();
  say("in use");
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (poll(&input, 1, 1) == 0) services().use_database();
  services().use();
}

TEST_F(Victim, Hangs) {
  services().use();
  say("in use");
  for (;;) pause();
}

struct ThrowsInSetUp : Victim {
  void SetUp() override {
    Victim::SetUp();
    throw std::runtime_error("SetUp: on purpose");
  }
};
TEST_F(ThrowsInSetUp, NeverRuns) {}

struct ThrowsInConstructor : Victim {
  ThrowsInConstructor() { throw std::runtime_error("constructor: on purpose"); }
};
TEST_F(ThrowsInConstructor, NeverRuns) {}

// Its services are still starting, on threads of their own.
struct ExitsWhileStarting : Victim {
  ExitsWhileStarting() { std::exit(9); }
};
TEST_F(ExitsWhileStarting, NeverRuns) {}

void die_twice_and_use(const Pair& pair, const char* style) {
  GTEST_FLAG_SET(death_test_style, style);
  pair.use();
  EXPECT_DEATH(std::abort(), "");
  EXPECT_EXIT(std::exit(3), testing::ExitedWithCode(3), "");  // runs the destructors of statics
  pair.use();
}

using VictimDeathTest = Victim;
TEST_F(VictimDeathTest, Fast) {
  die_twice_and_use(services(), "fast");
}
TEST_F(VictimDeathTest, Threadsafe) {
  die_twice_and_use(services(), "threadsafe");
}
TEST_F(VictimDeathTest, UsesTheServiceInTheChild) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer knows no threads that a forked child of a program with threads starts";
#endif
  services().use();
  EXPECT_EXIT(std::exit(services().db.exec({"sh", "-c", "exit 5"}).exit_code()), testing::ExitedWithCode(5), "");
  services().use();
}

using SuiteDeathTest = devenv::PerSuite<Pair>;
TEST_F(SuiteDeathTest, Fast) {
  die_twice_and_use(services(), "fast");
}

using ProcessDeathTest = devenv::PerProcess<Pair>;
TEST_F(ProcessDeathTest, Fast) {
  die_twice_and_use(services(), "fast");
}

}  // namespace
