// GoogleTest fixtures that own services: one set per test, per suite or per process.
//
//   struct Shop {                                           // services, started side by side
//     devenv::Postgres db{{.database = "shop"}};
//     devenv::WebApp app{{.context = "shop", .env = {{"DATABASE_URL", db.internal_url()}}}};
//   };
//   using ShopTest = devenv::PerTest<Shop>;                  // or PerSuite<Shop>, PerProcess<Shop>
//   TEST_F(ShopTest, TakesOrders) { get(services().app.url("/orders")); }
//
// Header-only; link devenv::googletest. What a failed test's services printed last goes to standard error.
#pragma once

#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <utility>

#include "devenv/mongo.h"
#include "devenv/postgres.h"
#include "devenv/test_scope.h"
#include "devenv/web_app.h"

namespace devenv {

/// Base of fixtures whose members are services: each test gets its own, on a network of its own. Members
/// start at the same time while they are constructed; the test body runs when all are ready.
class Test : public ::testing::Test {
 protected:
  Session& session() { return scope_.session(); }

  void SetUp() override { scope_.wait_ready(); }
  void TearDown() override {
    if (HasFailure()) std::cerr << session().log_tails() << std::flush;
    scope_.remove_all();
  }

 private:
  TestScope scope_;
};

/// Every test gets its own `Services`: a default-constructible struct of fixtures.
template <class Services>
class PerTest : public Test {
 protected:
  Services& services() { return services_; }

 private:
  Services services_;
};

/// All tests of the suite share one `Services`, started before its first test, removed after its last.
template <class Services>
class PerSuite : public ::testing::Test {
 public:
  static void SetUpTestSuite() { shared().get(); }
  static void TearDownTestSuite() { shared().reset(); }

 protected:
  static Services& services() { return shared().get(); }

  void TearDown() override {
    if (HasFailure()) std::cerr << shared().log_tails() << std::flush;
  }

 private:
  static Shared<Services>& shared() {
    static Shared<Services> shared;
    return shared;
  }
};

/// Removes the process's `Services` when the last test has run.
template <class Services>
class ProcessEnvironment : public ::testing::Environment {
 public:
  void TearDown() override { per_process<Services>().reset(); }
};

/// All tests of the process share one `Services`, started by the first test that needs them.
template <class Services>
class PerProcess : public ::testing::Test {
 protected:
  PerProcess() { (void)environment_; }

  static Services& services() { return per_process<Services>().get(); }

  void SetUp() override { services(); }
  void TearDown() override {
    if (HasFailure()) std::cerr << per_process<Services>().log_tails() << std::flush;
  }

 private:
  inline static ::testing::Environment* const environment_ =
      ::testing::AddGlobalTestEnvironment(new ProcessEnvironment<Services>);
};

/// A Postgres per test: TEST_F(PostgresFixture, Name) { … db.url() … }. Derive to set its options.
class PostgresFixture : public Test {
 protected:
  explicit PostgresFixture(PostgresOptions options = {}) : db(std::move(options)) {}
  Postgres db;
};

/// A MongoDB-protocol database per test, as member `mongo`.
class MongoFixture : public Test {
 protected:
  explicit MongoFixture(MongoOptions options = {}) : mongo(std::move(options)) {}
  Mongo mongo;
};

}  // namespace devenv
