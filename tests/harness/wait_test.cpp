#include <arpa/inet.h>
#include <devenv/wait.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "fake_engine.h"
#include "harness/wait/poll.h"
#include "runtime/base/unique_fd.h"

namespace devenv {
namespace {

using namespace std::chrono_literals;
using testing::FakeContainer;
using testing::FakeEngine;

struct WaitTest : ::testing::Test {
  FakeEngine engine;

  WaitTarget start(const FakeEngine::Script& script = {}) {
    engine.on_start["image"] = [script](FakeContainer& container) {
      if (script) script(container);
    };
    ContainerSpec spec;
    spec.image = "image";
    spec.name = "service-1";
    return {engine, engine.start(spec, Lifetime::session)};
  }
  WaitOutcome ends(const Wait& wait, const FakeEngine::Script& script = {},
                   std::chrono::nanoseconds timeout = 30ms) {
    return poll(wait, start(script), timeout);
  }
};

using End = WaitOutcome::End;

TEST_F(WaitTest, NothingToWaitForIsReadyAtOnce) { EXPECT_EQ(ends(Wait()).end, End::ready); }

TEST_F(WaitTest, PortIsReadyOnceListenedOn) {
  engine.on_question["image"] = [](FakeContainer& container) {
    if (container.asked == 3) container.listening.insert(80);
  };
  const WaitOutcome outcome = ends(wait::port(80), {}, 10s);
  EXPECT_EQ(outcome.end, End::ready);
  EXPECT_EQ(outcome.questions, 3);
}

TEST_F(WaitTest, PortThatNobodyOpensTimesOutWithTheLastAnswer) {
  const WaitOutcome outcome = ends(wait::port(80));
  EXPECT_EQ(outcome.end, End::timed_out);
  EXPECT_EQ(outcome.last_answer, "nothing listens on 80/tcp on an address others can reach");
  EXPECT_GE(outcome.elapsed, 30ms);
}

/// A TCP server on 127.0.0.1 that nobody serves, so that connections stay open, unless it closes them at
/// once.
class Listener {
 public:
  explicit Listener(bool closes = false) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_.get(), 16), 0);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    if (closes)
      thread_ = std::thread([this] {
        for (;;)
          if (!UniqueFd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC))) return;
      });
  }
  ~Listener() { stop(); }
  void stop() {
    shutdown(fd_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    fd_.reset();
  }

  std::uint16_t port = 0;

 private:
  UniqueFd fd_;
  std::thread thread_;
};

WaitOutcome connects_to(FakeEngine& engine, std::uint16_t host_port) {
  ContainerSpec spec;
  spec.image = "image";
  spec.name = "service-1";
  spec.ports = {{80, host_port, {}, Protocol::tcp}};
  return poll(wait::connection(80), {engine, engine.start(spec, Lifetime::session)}, 30ms);
}

TEST_F(WaitTest, ConnectionIsReadyOnceItStaysOpen) {
  const Listener server;
  EXPECT_EQ(connects_to(engine, server.port).end, End::ready);
}

TEST_F(WaitTest, ConnectionThatIsRefusedOrClosedIsNone) {
  Listener server(true);
  const std::string where = "connect to 127.0.0.1:" + std::to_string(server.port) + ": ";
  const WaitOutcome closed = connects_to(engine, server.port);
  EXPECT_EQ(closed.end, End::timed_out);
  EXPECT_EQ(closed.last_answer, where + "closed at once");
  server.stop();
  EXPECT_EQ(connects_to(engine, server.port).last_answer, where + "Connection refused");
}

TEST_F(WaitTest, ExitEndsTheWaitAtOnce) {
  engine.on_question["image"] = [](FakeContainer& container) { container.exit = ExitStatus{3, 0, false}; };
  const WaitOutcome outcome = ends(wait::port(80), {}, 1h);
  EXPECT_EQ(outcome.end, End::exited);
  EXPECT_EQ(outcome.exit->code, 3);
}

TEST_F(WaitTest, QuestionThatFailsBecauseOfTheExitTellsTheExit) {
  engine.on_question["image"] = [](FakeContainer& container) {
    if (container.asked < 2) return;
    container.exit = ExitStatus{139, 11, false};
    throw Error("use container 1: it is not running");
  };
  const WaitOutcome outcome = ends(wait::port(80), {}, 1h);
  EXPECT_EQ(outcome.end, End::exited);
  EXPECT_EQ(outcome.exit->signal, 11);
  EXPECT_EQ(outcome.last_answer, "nothing listens on 80/tcp on an address others can reach");
}

TEST_F(WaitTest, OwnTimeoutIsShorterThanTheStarts) {
  EXPECT_EQ(ends(wait::port(80).within(5ms), {}, 1h).allowed, 5ms);
}

TEST_F(WaitTest, LogLineIsCountedAndFoundInEitherStream) {
  const auto prints = [](FakeContainer& container) {
    container.print("ready to accept");
    container.print("again ready to accept", LogStream::err);
  };
  EXPECT_EQ(ends(wait::log("ready", 2), prints).end, End::ready);
  const WaitOutcome outcome = ends(wait::log("ready", 3), prints);
  EXPECT_EQ(outcome.end, End::timed_out);
  EXPECT_EQ(outcome.last_answer, "2 matching of 2 lines, the last: again ready to accept");
  EXPECT_EQ(wait::log("ready", 3).describe(), "the 3rd log line matching /ready/");
}

TEST_F(WaitTest, LogLineInPartsIsOneLine) {
  const auto prints = [](FakeContainer& container) {
    container.log.push_back({0, LogStream::out, "database re", false});
    container.log.push_back({0, LogStream::out, "ady", true});
  };
  EXPECT_EQ(ends(wait::log("^database ready$"), prints).end, End::ready);
}

TEST_F(WaitTest, LogOfAOneShotIsReadAfterItsExit) {
  const auto done = [](int code) {
    return [code](FakeContainer& container) {
      container.print("migrated");
      container.exit = ExitStatus{code, 0, false};
    };
  };
  EXPECT_EQ(ends(wait::log("migrated"), done(0)).end, End::ready);
  EXPECT_EQ(ends(wait::log("absent"), done(0)).end, End::exited);
  EXPECT_EQ(ends(wait::all_of({wait::port(1), wait::log("migrated")}), done(1)).end, End::exited);
}

TEST_F(WaitTest, BadRegexSaysSo) { EXPECT_THROW(wait::log("("), Error); }

TEST_F(WaitTest, CommandSucceedsOrTellsItsLastLine) {
  EXPECT_EQ(ends(wait::command({"true"})).end, End::ready);
  engine.on_exec = [](const std::vector<std::string>&) {
    ExecResult result;
    result.exit.code = 2;
    result.errors = "first\nno response\n";
    return result;
  };
  EXPECT_EQ(ends(wait::command({"pg_isready"})).last_answer, "exit code 2: no response");
}

TEST_F(WaitTest, CommandThatCannotRunIsHopeless) {
  engine.on_exec = [](const std::vector<std::string>&) -> ExecResult {
    throw CommandError(127, "run nope: not found in PATH");
  };
  EXPECT_EQ(ends(wait::command({"nope"}), {}, 1h).end, End::hopeless);
}

TEST_F(WaitTest, ExitIsWaitedFor) {
  const auto exits = [](int code) {
    return [code](FakeContainer& container) { container.exit = ExitStatus{code, 0, false}; };
  };
  EXPECT_EQ(ends(wait::exit(), exits(0)).end, End::ready);
  EXPECT_EQ(ends(wait::exit(3), exits(3)).end, End::ready);
  EXPECT_EQ(ends(wait::exit(), exits(1)).end, End::exited);
}

TEST_F(WaitTest, AllOfNamesWhatIsMissing) {
  const auto listens = [](FakeContainer& container) { container.listening = {80}; };
  const Wait both = wait::ports({80, 443});
  EXPECT_EQ(both.describe(), "port 80/tcp to be listened on and port 443/tcp to be listened on");
  EXPECT_EQ(ends(both, listens).last_answer,
            "port 443/tcp to be listened on: nothing listens on 443/tcp on an address others can reach");
}

TEST_F(WaitTest, AnyOfTakesTheFirst) {
  const auto prints = [](FakeContainer& container) { container.print("ready"); };
  EXPECT_EQ(ends(wait::any_of({wait::port(80), wait::log("ready")}), prints).end, End::ready);
}

TEST_F(WaitTest, APartsOwnTimeoutEndsAllOf) {
  EXPECT_EQ(ends(wait::all_of({wait::port(80).within(3ms)}), {}, 1h).end, End::hopeless);
}

TEST_F(WaitTest, HttpNeedsThePortPublished) {
  try {
    ends(wait::http(8000));
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "find the host port of 8000/tcp of service-1: it is not published; add it to the service's ports");
  }
}

TEST(PollPause, IsATenthOfTheTimeSpentWithinBounds) {
  EXPECT_EQ(pause_after(0ms), 2ms);
  EXPECT_EQ(pause_after(400ms), 10ms);
  EXPECT_EQ(pause_after(10s), 50ms);
}

}  // namespace
}  // namespace devenv
