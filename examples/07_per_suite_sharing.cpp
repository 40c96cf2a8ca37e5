// One server for all tests of a suite, another for all tests of the process: for when tests only read, or
// clean up after themselves.
#include <devenv/googletest.h>
#include <pqxx/pqxx>

struct Database {
  devenv::Postgres db{{.init_sql = "CREATE TABLE visits (test text)"}};

  long visits_after(const std::string& test) {
    pqxx::connection connection(db.url());
    pqxx::work work(connection);
    work.exec_params("INSERT INTO visits VALUES ($1)", test);
    const long count = work.exec1("SELECT count(*) FROM visits")[0].as<long>();
    work.commit();
    return count;
  }
};

using SuiteTest = devenv::PerSuite<Database>;
TEST_F(SuiteTest, First) { EXPECT_EQ(services().visits_after("first"), 1); }
TEST_F(SuiteTest, SecondSeesTheFirst) { EXPECT_EQ(services().visits_after("second"), 2); }

struct OneForAll : devenv::PerProcess<Database> {};
TEST_F(OneForAll, HasItsOwn) { EXPECT_EQ(services().visits_after("third"), 1); }

struct AlsoForAll : devenv::PerProcess<Database> {};
TEST_F(AlsoForAll, SharesItAcrossSuites) { EXPECT_EQ(services().visits_after("fourth"), 2); }
