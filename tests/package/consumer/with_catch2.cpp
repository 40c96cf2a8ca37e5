#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
#include <devenv/catch2.h>

struct Shop : devenv::CatchFixture {
  devenv::Postgres db;
};

TEST_CASE_METHOD(devenv::PerTestCase<Shop>, "a Postgres of its own") {
  REQUIRE(db.psql("SELECT 6 * 7") == "42\n");
}
