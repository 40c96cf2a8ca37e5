// Leaves its directory before devenv looks for its helper.
#include <devenv/postgres.h>
#include <unistd.h>

#include <cstdio>

int main() {
  if (chdir("/") != 0) return 1;
  const devenv::Postgres db;
  std::puts(db.psql("SELECT 1").c_str());
}
