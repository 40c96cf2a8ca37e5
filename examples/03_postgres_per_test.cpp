// Every test gets a PostgreSQL server of its own, already holding the schema. The first run initialises it
// once; each test then starts from a copy-on-write clone.
#include <devenv/googletest.h>
#include <pqxx/pqxx>

struct ShopDatabase : devenv::PostgresFixture {
  ShopDatabase()
      : PostgresFixture(
            {.database = "shop",
             .init_sql = "CREATE TABLE items (id serial PRIMARY KEY, name text UNIQUE NOT NULL);"}) {}

  long count_after_adding(const std::string& name) {
    pqxx::connection connection(db.url());
    pqxx::work work(connection);
    work.exec_params("INSERT INTO items (name) VALUES ($1)", name);
    const long count = work.exec1("SELECT count(*) FROM items")[0].as<long>();
    work.commit();
    return count;
  }
};

TEST_F(ShopDatabase, StartsEmpty) { EXPECT_EQ(count_after_adding("apple"), 1); }

// Would break the unique constraint if the other test's row were here.
TEST_F(ShopDatabase, StartsEmptyAgain) { EXPECT_EQ(count_after_adding("apple"), 1); }

TEST_F(ShopDatabase, IsReachedFromInsideToo) { EXPECT_EQ(db.psql("SELECT current_database()"), "shop\n"); }
