// A database that speaks MongoDB's protocol for each test, used through libmongoc.
#include <devenv/googletest.h>

#include "clients/mongo_client.h"

using devenv::MongoFixture;

TEST_F(MongoFixture, KeepsDocuments) {
  MongoClient client(mongo.url());
  client.insert("fruit", R"({"name": "apple", "count": 3})");
  client.insert("fruit", R"({"name": "pear", "count": 5})");
  EXPECT_EQ(client.count("fruit"), 2);
  EXPECT_EQ(client.count("fruit", R"({"name": "pear"})"), 1);
}

TEST_F(MongoFixture, StartsEmpty) { EXPECT_EQ(MongoClient(mongo.url()).count("fruit"), 0); }
