#include <devenv/session.h>
#include <devenv/test_scope.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "fake_engine.h"

namespace devenv {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::FakeContainer;
using testing::FakeEngine;
using ::testing::HasSubstr;

struct SessionTest : ::testing::Test {
  std::shared_ptr<FakeEngine> engine = std::make_shared<FakeEngine>();

  SessionOptions options(bool side_by_side = false) {
    SessionOptions options;
    options.engine = engine;
    options.side_by_side = side_by_side;
    return options;
  }
  static ServiceSpec service(const std::string& name, const std::string& image = "image") {
    ServiceSpec spec;
    spec.name = name;
    spec.container.image = image;
    return spec;
  }
  void listens_after(const std::string& image, int questions) {
    engine->on_question[image] = [questions](FakeContainer& container) {
      if (container.asked >= questions) container.listening.insert(80);
    };
  }
};

TEST_F(SessionTest, CostsNothingUntilItsFirstService) {
  { Session session(options()); }
  EXPECT_THAT(engine->events(), ElementsAre());
}

TEST_F(SessionTest, RemovesServicesLatestFirstThenTheNetwork) {
  {
    Session session(options());
    Service first = session.start(service("first"));
    Service second = session.start(service("second"));
    session.remove_all();
    session.remove_all();
  }
  EXPECT_THAT(engine->events(), ElementsAre("image image", "create network", "start first", "start second",
                                            "remove second", "remove first", "remove network"));
}

TEST_F(SessionTest, HandleRemovesItsService) {
  Session session(options());
  {
    const Service one = session.start(service("one"));
    EXPECT_EQ(engine->running(), 1u);
  }
  EXPECT_EQ(engine->running(), 0u);
}

TEST_F(SessionTest, HandleOutlivesItsSessionHarmlessly) {
  Service service;
  {
    Session session(options());
    service = session.start(SessionTest::service("one"));
  }
  EXPECT_EQ(engine->running(), 0u);
  EXPECT_THROW(service.port(), Error);
}

TEST_F(SessionTest, NamesAreFreeAgainAfterRemovalAndNumberedBefore) {
  Session session(options());
  Service one = session.start(service("db")), two = session.start(service("db"));
  EXPECT_EQ(two.name(), "db-2");
  EXPECT_THAT(engine->started().back().aliases, ElementsAre("db-2"));
  one.remove();
  EXPECT_EQ(session.start(service("db")).name(), "db");
}

TEST_F(SessionTest, SideBySideReturnsBeforeReadyAndUseWaits) {
  listens_after("image", 3);
  Session session(options(true));
  ServiceSpec spec = service("slow");
  spec.container.ports = {{80}};
  spec.ready = wait::port(80);
  const Service slow = session.start(spec);
  EXPECT_EQ(slow.name(), "slow");
  EXPECT_GT(slow.port(80), 40000);
}

TEST_F(SessionTest, SideBySideFailureIsThrownByWhoeverWaits) {
  Session session(options(true));
  const Service broken = session.start(service("broken", "missing"));
  EXPECT_THROW(session.wait_ready(), StartError);
  EXPECT_THROW(broken.id(), StartError);
}

TEST_F(SessionTest, StartAllRunsStartsAtTheSameTime) {
  std::atomic<int> building{0};
  engine->on_build = [&](const BuildSpec&) {
    ++building;
    while (building < 2) std::this_thread::yield();
  };
  Session session(options());
  std::vector<ServiceSpec> specs(2);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    specs[i].build = BuildSpec();
    specs[i].build->context_dir = std::to_string(i);
  }
  EXPECT_EQ(session.start_all(std::move(specs)).size(), 2u);
}

TEST_F(SessionTest, StartAllRemovesEverythingWhenOneFails) {
  Session session(options());
  std::vector<ServiceSpec> specs;
  specs.push_back(service("good"));
  specs.push_back(service("bad", "missing"));
  EXPECT_THROW(session.start_all(std::move(specs)), StartError);
  EXPECT_EQ(engine->running(), 0u);
}

TEST_F(SessionTest, EqualBuildsAreDoneOnce) {
  Session session(options());
  ServiceSpec spec;
  spec.build = BuildSpec();
  spec.build->context_dir = "app";
  std::vector<ServiceSpec> specs(3, spec);
  const auto services = session.start_all(std::move(specs));
  const auto events = engine->events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "build app"), 1);
}

TEST_F(SessionTest, BrokenBuildIsTriedOnce) {
  int builds = 0;
  engine->on_build = [&](const BuildSpec&) {
    ++builds;
    throw Error("app/Dockerfile:3: RUN false: the command exited with code 1");
  };
  Session session(options());
  ServiceSpec spec;
  spec.build = BuildSpec();
  EXPECT_THROW(session.start(spec), StartError);
  EXPECT_THROW(session.start(spec), StartError);
  EXPECT_EQ(builds, 1);
}

TEST_F(SessionTest, AfterWaitsForTheOther) {
  listens_after("slow", 3);
  Session session(options(true));
  ServiceSpec database = service("db", "slow");
  database.ready = wait::port(80);
  const Service db = session.start(database);
  ServiceSpec dependent = service("app");
  std::atomic<bool> db_was_ready{false};
  dependent.after = {"db"};
  dependent.hooks.before_start = [&](ContainerSpec&) { db_was_ready = db.times().ready_ms > 0; };
  const Service app = session.start(dependent);
  app.wait_ready();
  EXPECT_TRUE(db_was_ready);
}

TEST_F(SessionTest, AfterSomethingUnknownSaysSo) {
  Session session(options());
  ServiceSpec spec = service("app");
  spec.after = {"nobody"};
  try {
    session.start(spec);
    FAIL() << "no exception";
  } catch (const StartError& error) {
    EXPECT_THAT(error.what(), HasSubstr("wait for service nobody: the session has none of this name"));
  }
}

TEST_F(SessionTest, HooksSeeTheServiceInOrder) {
  std::string order;
  {
    Session session(options());
    ServiceSpec spec = service("hooked");
    spec.hooks.before_start = [&](ContainerSpec& container) { order += "before:" + container.image; };
    spec.hooks.after_start = [&](Service& started) { order += " started:" + started.id(); };
    spec.hooks.ready = [&](Service& ready) { order += " ready:" + ready.name(); };
    spec.hooks.before_stop = [&](Service& stopping) { order += " stopping:" + stopping.id(); };
    const Service hooked = session.start(spec);
  }
  EXPECT_EQ(order, "before:image started:1 ready:hooked stopping:1");
}

TEST_F(SessionTest, ThrowingHookLeavesNothing) {
  Session session(options());
  ServiceSpec spec = service("hooked");
  spec.hooks.after_start = [](Service&) { throw Error("seed the database: no"); };
  EXPECT_THROW(session.start(spec), StartError);
  EXPECT_EQ(engine->running(), 0u);
}

TEST_F(SessionTest, StartIsAttemptedAgainWhenAskedTo) {
  int attempts = 0;
  engine->on_start["image"] = [&](FakeContainer& container) {
    if (++attempts == 1) container.exit = ExitStatus{1, 0, false};
    container.listening = {80};
  };
  engine->on_question["image"] = [](FakeContainer& container) {
    if (container.exit) container.listening.clear();
  };
  Session session(options());
  ServiceSpec spec = service("flaky");
  spec.ready = wait::port(80);
  spec.startup_attempts = 2;
  const Service flaky = session.start(spec);
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(engine->running(), 1u);
}

TEST_F(SessionTest, RemovalEndsAStartInProgress) {
  Session session(options(true));
  ServiceSpec spec = service("never");
  spec.ready = wait::port(80);
  spec.startup_timeout = 1h;
  Service never = session.start(spec);
  while (engine->running() == 0) std::this_thread::yield();
  never.remove();
  EXPECT_EQ(engine->running(), 0u);
}

TEST_F(SessionTest, SlowdownStretchesLimits) {
  const auto failure = [&](const char* slowdown) -> std::string {
    setenv("DEVENV_SLOWDOWN", slowdown, 1);
    Session session(options());
    ServiceSpec spec = service("never");
    spec.ready = wait::port(80);
    spec.startup_timeout = 20ms;
    try {
      session.start(spec);
    } catch (const StartError& error) {
      unsetenv("DEVENV_SLOWDOWN");
      return error.what();
    }
    return "it started";
  };
  EXPECT_THAT(failure("7.5"), HasSubstr("of 150 ms"));
  EXPECT_THAT(failure("0.5"), HasSubstr("read DEVENV_SLOWDOWN=0.5: it is not a number from 1 to 1000; unset it"));
  EXPECT_THAT(failure("3x"), HasSubstr("DEVENV_SLOWDOWN=3x"));
}

TEST_F(SessionTest, ImageNamesCanBeSubstituted) {
  SessionOptions with_mirror = options();
  with_mirror.substitute_image = [](const std::string& reference) { return "mirror.example/" + reference; };
  Session session(with_mirror);
  const Service one = session.start(service("one"));
  EXPECT_EQ(engine->started().front().image, "mirror.example/image");
}

TEST_F(SessionTest, FilesBecomeReadOnlyMounts) {
  Session session(options());
  ServiceSpec spec = service("one");
  FileSpec file;
  file.target = "/etc/app.conf";
  file.source = "/etc/hostname";
  spec.files = {file};
  const Service one = session.start(spec);
  const auto mounts = engine->started().front().mounts;
  ASSERT_EQ(mounts.size(), 1u);
  EXPECT_TRUE(mounts[0].read_only);
  EXPECT_EQ(mounts[0].source, "/etc/hostname");
}

TEST_F(SessionTest, ScopesNestPerThread) {
  Session outer(options()), inner(options());
  const SessionScope outer_scope(outer);
  {
    const SessionScope inner_scope(inner);
    EXPECT_EQ(&Session::current(), &inner);
  }
  EXPECT_EQ(&Session::current(), &outer);
  std::thread([&] { EXPECT_EQ(&Session::current(), &Session::process()); }).join();
}

TEST(Shared, StartsOnceAndStopsOnReset) {
  struct Services {
    Service one;
    Services() {
      ServiceSpec spec;
      spec.container.image = "image";
      one = Session::current().start(spec);
    }
  };
  Shared<Services> shared;
  const std::string id = shared->one.id();
  EXPECT_EQ(shared->one.id(), id);
  shared.reset();
  EXPECT_NE(shared->one.id(), id);
}

}  // namespace
}  // namespace devenv
