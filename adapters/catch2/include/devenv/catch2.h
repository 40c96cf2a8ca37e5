// Catch2 (2 and 3) fixtures that own services: one set per test case or per process.
//
//   struct Shop : devenv::CatchFixture {
//     devenv::Postgres db{{.database = "shop"}};
//     devenv::WebApp app{{.context = "shop", .env = {{"DATABASE_URL", db.internal_url()}}}};
//   };
//   TEST_CASE_METHOD(devenv::PerTestCase<Shop>, "takes orders") { get(app.url("/orders")); }
//
// Catch2 makes the fixture anew for every run of a test case, so each path through SECTIONs gets its own. What
// a failed test case's services printed last goes to standard error.
// Header-only; link devenv::catch2.
#pragma once

#if defined(TWOBLUECUBES_SINGLE_INCLUDE_CATCH_HPP_INCLUDED)
#ifndef CATCH_CONFIG_EXTERNAL_INTERFACES
#error "link devenv::catch2 or include <devenv/catch2.h> before Catch2 2, whose failed assertions it listens for"
#endif
#elif __has_include(<catch2/reporters/catch_reporter_event_listener.hpp>)
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#define DEVENV_CATCH2_V3
#else
#ifndef CATCH_CONFIG_EXTERNAL_INTERFACES
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif
#include <catch2/catch.hpp>
#endif

#include <atomic>
#include <exception>
#include <iostream>

#include "devenv/mongo.h"
#include "devenv/postgres.h"
#include "devenv/test_scope.h"
#include "devenv/web_app.h"

namespace devenv {

/// Counts failed assertions: a fixture cannot ask Catch2 whether its test case failed. Every source file that
/// includes this registers one, which does no harm: only whether the count changed is asked.
#ifdef DEVENV_CATCH2_V3
class FailedAssertions : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;
  void assertionEnded(const Catch::AssertionStats& stats) override { count += !stats.assertionResult.isOk(); }
#else
class FailedAssertions : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;
  bool assertionEnded(const Catch::AssertionStats& stats) override {
    count += !stats.assertionResult.isOk();
    return true;
  }
#endif
  inline static std::atomic<unsigned> count{0};
};
CATCH_REGISTER_LISTENER(FailedAssertions)

/// Base of fixtures whose members are services. Members start at the same time while they are constructed
/// and are waited for by PerTestCase, or by whoever uses them first.
class CatchFixture {
 protected:
  CatchFixture() = default;
  ~CatchFixture() = default;
  CatchFixture(const CatchFixture&) = delete;
  CatchFixture& operator=(const CatchFixture&) = delete;

  Session& session() { return scope_.session(); }
  void wait_ready() { scope_.wait_ready(); }
  /// Shows the logs of a failed test case, while there are some, and removes the services.
  void end_test_case() noexcept {
    try {
      if (failed()) std::cerr << session().log_tails() << std::flush;
    } catch (const std::exception&) {
      // A failed REQUIRE may unwind through here: what it has to say matters more than the logs.
    }
    scope_.remove_all();
  }

 private:
  /// Catch2 counts what a test case throws only after its fixture is gone.
  bool failed() const {
    return FailedAssertions::count != failed_before_ || std::uncaught_exceptions() > exceptions_before_;
  }

  const unsigned failed_before_ = FailedAssertions::count;
  const int exceptions_before_ = std::uncaught_exceptions();
  TestScope scope_;
};

/// `Fixture`, a CatchFixture, with all its services ready before the test case runs.
template <class Fixture>
class PerTestCase : public Fixture {
 protected:
  PerTestCase() { this->wait_ready(); }
  ~PerTestCase() { this->end_test_case(); }
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
