// The whole point in one program: each test has its own PostgreSQL, its own MongoDB-protocol database and its
// own Flask application, started side by side, gone afterwards.
#include <devenv/googletest.h>
#include <pqxx/pqxx>

#include "clients/http.h"
#include "clients/mongo_client.h"

struct Shop {
  devenv::Postgres db{{.database = "shop"}};
  devenv::Mongo mongo{{.database = "shop"}};
  devenv::WebApp app{
      {.context = FLASK_APP, .env = {{"DATABASE_URL", db.internal_url()}}, .health_path = "/health"}};
};

class ShopTest : public devenv::PerTest<Shop> {
 protected:
  long rows() {
    pqxx::connection connection(services().db.url());
    return pqxx::work(connection).exec1("SELECT count(*) FROM items")[0].as<long>();
  }
  long status_of_order(const std::string& json) { return http(services().app.url("/items"), json).status; }
};

TEST_F(ShopTest, AnOrderReachesPostgres) {
  EXPECT_EQ(status_of_order(R"({"name": "apple"})"), 201);
  EXPECT_EQ(status_of_order(R"({"name": "pear"})"), 201);
  EXPECT_EQ(rows(), 2);
}

TEST_F(ShopTest, NothingIsLeftOfOtherTests) {
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(MongoClient(services().mongo.url()).count("visits"), 0);
}

TEST_F(ShopTest, ABadOrderIsRefused) {
  EXPECT_EQ(status_of_order(R"({"nom": "apple"})"), 400);
  EXPECT_EQ(rows(), 0);
}

TEST_F(ShopTest, BothDatabasesWorkTogether) {
  EXPECT_EQ(status_of_order(R"({"name": "apple"})"), 201);
  MongoClient mongo(services().mongo.url());
  mongo.insert("visits", R"({"page": "/items"})");
  EXPECT_EQ(mongo.count("visits"), rows());
}
