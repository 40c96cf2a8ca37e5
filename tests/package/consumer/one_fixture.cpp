// One fixture alone: no test framework comes with it.
#include <devenv/postgres.h>

#include <cstdio>

#ifdef GTEST_API_
#error "a fixture must not pull in a test framework"
#endif

int main() {
  devenv::PostgresOptions options;
  options.database = "shop";
  const devenv::Postgres db(options);
  std::fputs(db.psql("SELECT 'hello from ' || current_database()").c_str(), stdout);
}
