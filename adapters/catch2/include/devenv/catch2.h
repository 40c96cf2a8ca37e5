// Catch2 (2 and 3) fixtures that own services: one set per test case or per process.
//
//   struct Shop : devenv::CatchFixture {
//     devenv::Postgres db{{.database = "shop"}};
//     devenv::WebApp app{{.context = "shop", .env = {{"DATABASE_URL", db.internal_url()}}}};
//   };
//   TEST_CASE_METHOD(devenv::PerTestCase<Shop>, "takes orders") { get(app.url("/orders")); }
//
// Catch2 makes the fixture anew for every run of a test case, so each path through SECTIONs gets its own.
// Header-only and, but for the listener, free of Catch2's headers; link devenv::catch2.
#pragma once

#include <exception>
#include <iostream>

#include "devenv/mongo.h"
#include "devenv/postgres.h"
#include "devenv/test_scope.h"
#include "devenv/web_app.h"

namespace devenv {

/// Base of fixtures whose members are services. Members start at the same time while they are constructed
/// and are waited for by PerTestCase, or by whoever uses them first.
class CatchFixture {
 protected:
  CatchFixture() = default;
  ~CatchFixture() {
    // A failed REQUIRE unwinds through here.
    if (std::uncaught_exceptions() > exceptions_before_) std::cerr << log_tails_ << std::flush;
  }
  CatchFixture(const CatchFixture&) = delete;
  CatchFixture& operator=(const CatchFixture&) = delete;

  Session& session() { return scope_.session(); }
  void wait_ready() { scope_.wait_ready(); }
  /// Called while the services still run.
  void take_logs_of_failure() {
    if (std::uncaught_exceptions() > exceptions_before_) log_tails_ = scope_.session().log_tails();
    scope_.remove_all();
  }

 private:
  int exceptions_before_ = std::uncaught_exceptions();
  std::string log_tails_;
  TestScope scope_;
};

/// `Fixture`, a CatchFixture, with all its services ready before the test case runs.
template <class Fixture>
class PerTestCase : public Fixture {
 protected:
  PerTestCase() { this->wait_ready(); }
  ~PerTestCase() { this->take_logs_of_failure(); }
};

/// A Postgres per test case, as member `db`.
class PostgresMember : public CatchFixture {
 protected:
  Postgres db;
};
using PostgresFixture = PerTestCase<PostgresMember>;

/// A MongoDB-protocol database per test case, as member `mongo`.
class MongoMember : public CatchFixture {
 protected:
  Mongo mongo;
};
using MongoFixture = PerTestCase<MongoMember>;

}  // namespace devenv
