// The same with Catch2: each test case, and each path through its sections, has its own services.
#define CATCH_CONFIG_MAIN
#include <devenv/catch2.h>

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif
#include <pqxx/pqxx>

#include "clients/http.h"
#include "clients/mongo_client.h"

struct Shop : devenv::CatchFixture {
  devenv::Postgres db{{.database = "shop"}};
  devenv::Mongo mongo{{.database = "shop"}};
  devenv::WebApp app{
      {.context = FLASK_APP, .env = {{"DATABASE_URL", db.internal_url()}}, .health_path = "/health"}};

  long rows() {
    pqxx::connection connection(db.url());
    return pqxx::work(connection).exec1("SELECT count(*) FROM items")[0].as<long>();
  }
};

TEST_CASE_METHOD(devenv::PerTestCase<Shop>, "an order reaches PostgreSQL") {
  REQUIRE(http(app.url("/items"), R"({"name": "apple"})").status == 201);
  REQUIRE(rows() == 1);
}

TEST_CASE_METHOD(devenv::PerTestCase<Shop>, "each section starts afresh") {
  REQUIRE(rows() == 0);
  MongoClient client(mongo.url());
  REQUIRE(client.count("visits") == 0);
  SECTION("after an order") {
    REQUIRE(http(app.url("/items"), R"({"name": "pear"})").status == 201);
    client.insert("visits", R"({"page": "/items"})");
    REQUIRE(rows() == 1);
  }
  SECTION("after a bad order") {
    REQUIRE(http(app.url("/items"), "{}").status == 400);
    REQUIRE(rows() == 0);
  }
}
