#include "harness/snapshot/prepared_state.h"

#include <devenv/session.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_engine.h"

namespace devenv {
namespace {

using ::testing::ElementsAre;
using testing::FakeContainer;
using testing::FakeEngine;
using ::testing::HasSubstr;

StateInputs inputs() {
  StateInputs inputs;
  inputs.image_id = "sha256:1";
  inputs.container.env = {{"A", "1"}};
  inputs.container.command = {"serve", "now"};
  inputs.files = {{"/init.sql", "create table t()"}};
  inputs.inputs = {"16"};
  return inputs;
}

TEST(StateKey, IsADigestOfEverythingThatShapes) {
  const std::string key = state_key(inputs());
  EXPECT_EQ(key.size(), 64u);
  EXPECT_EQ(state_key(inputs()), key);

  std::vector<StateInputs> others(6, inputs());
  others[0].image_id = "sha256:2";
  others[1].container.env[0].second = "2";
  others[2].container.command = {"serve now"};
  others[3].files[0].second = "create table u()";
  others[4].inputs = {"1", "6"};
  others[5].container.entrypoint = std::vector<std::string>{};
  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_NE(state_key(others[i]), key) << i;
}

TEST(StateKey, DoesNotDependOnNamesAndPorts) {
  StateInputs other = inputs();
  other.container.name = "another";
  other.container.network = "another";
  other.container.ports = {{80}};
  EXPECT_EQ(state_key(other), state_key(inputs()));
}

struct PreparedState : ::testing::Test {
  std::shared_ptr<FakeEngine> engine = std::make_shared<FakeEngine>();
  SessionOptions options{engine, false, {}};

  ServiceSpec database() {
    engine->on_start["image"] = [](FakeContainer& container) { container.listening = {5432}; };
    ServiceSpec spec;
    spec.name = "db";
    spec.container.image = "image";
    spec.container.ports = {{5432, 5432, {}, Protocol::tcp}};
    spec.ready = wait::port(5432);
    spec.preparation.enabled = true;
    spec.preparation.adapt_clone = [](ContainerSpec& container, const ImageInfo&) {
      container.user = "postgres";
    };
    return spec;
  }
};

TEST_F(PreparedState, IsMadeOnceAndClonedFromThenOn) {
  Session session(options);
  session.start(database());
  const Service second = session.start(database());
  EXPECT_THAT(engine->events(),
              ElementsAre("image image", "create network", "start db (prepare)", "stop db (prepare)",
                          "freeze db (prepare)", "start db (clone)", "remove db", "start db (clone)"));
  EXPECT_TRUE(second.times().from_prepared_state);
  const auto started = engine->started();
  EXPECT_EQ(started[0].ports[0].host_port, 0) << "the preparing run must not claim the fixed port";
  EXPECT_EQ(started[0].user, "");
  EXPECT_EQ(started[1].user, "postgres");
  EXPECT_EQ(started[1].frozen_state, *engine->frozen.begin());
}

TEST_F(PreparedState, IsMadeOnceByServicesStartedTogether) {
  Session session(options);
  std::vector<ServiceSpec> specs(4, database());
  for (ServiceSpec& spec : specs) spec.container.ports[0].host_port = 0;
  const auto services = session.start_all(std::move(specs));
  EXPECT_EQ(engine->frozen.size(), 1u);
  const auto events = engine->events();
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const std::string& event) { return event.rfind("freeze ", 0) == 0; }),
            1)
      << "whichever of the four was first";
}

TEST_F(PreparedState, UncleanStopFailsAndKeepsNothing) {
  engine->stop_exit_code = 137;
  Session session(options);
  try {
    session.start(database());
    FAIL() << "no exception";
  } catch (const StartError& error) {
    EXPECT_THAT(error.what(), HasSubstr("prepare service db"));
    EXPECT_THAT(error.what(), HasSubstr("did not stop cleanly"));
  }
  EXPECT_TRUE(engine->frozen.empty());
  EXPECT_EQ(engine->running(), 0u);
}

}  // namespace
}  // namespace devenv
