// A Flask application built from its Dockerfile stores what is POSTed to it in a PostgreSQL beside it. They
// share a private network, on which each is known by its name; both start at the same time.
#include <devenv/googletest.h>
#include <pqxx/pqxx>

#include "clients/http.h"

struct Shop {
  devenv::Postgres db{{.database = "shop"}};
  devenv::WebApp app{
      {.context = FLASK_APP, .env = {{"DATABASE_URL", db.internal_url()}}, .health_path = "/health"}};
};
using ShopTest = devenv::PerTest<Shop>;

TEST_F(ShopTest, StoresWhatIsPosted) {
  EXPECT_EQ(http(services().app.url("/items"), R"({"name": "apple"})").status, 201);

  pqxx::connection connection(services().db.url());
  pqxx::work work(connection);
  EXPECT_EQ(work.exec1("SELECT name FROM items")[0].as<std::string>(), "apple");
}

TEST_F(ShopTest, RefusesWhatHasNoName) {
  EXPECT_EQ(http(services().app.url("/items"), "{}").status, 400);
  EXPECT_EQ(http(services().app.url("/items")).body, "[]\n");
}
