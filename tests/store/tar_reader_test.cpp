#include "runtime/store/tar_reader.h"

#include <gtest/gtest.h>

#include "runtime/store/tar_numbers.h"
#include "tar_builder.h"

namespace devenv::store {
namespace {

using namespace testing;  // NOLINT: the builders of this folder

std::string read_data(TarReader& reader) {
  std::string data;
  char buffer[300];
  for (std::size_t n; (n = reader.read(buffer, sizeof buffer)) > 0;) data.append(buffer, n);
  return data;
}

TEST(TarNumbers, FieldsAreOctalOrBase256) {
  EXPECT_EQ(parse_field(std::string_view("0000644\0", 8)), 0644);
  EXPECT_EQ(parse_field("  644 "), 0644);
  EXPECT_EQ(parse_field(std::string_view("\0\0\0", 3)), 0);
  EXPECT_EQ(parse_field(std::string_view("\x80\0\0\0\x01\0\0\0", 8)), 1 << 24);
  EXPECT_EQ(parse_field(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xfe", 8)), -2);
  EXPECT_FALSE(parse_field("12x"));
  EXPECT_FALSE(parse_field("9"));
  EXPECT_FALSE(parse_field(std::string_view("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12)));
}

TEST(TarNumbers, PaxTimes) {
  EXPECT_EQ(parse_pax_time("12.5")->tv_nsec, 500'000'000);
  EXPECT_EQ(parse_pax_time("12.1234567899")->tv_nsec, 123'456'789);
  EXPECT_EQ(parse_pax_time("-1.5")->tv_sec, -2);
  EXPECT_EQ(parse_pax_time("-1.5")->tv_nsec, 500'000'000);
  EXPECT_FALSE(parse_pax_time("1.x"));
  EXPECT_FALSE(parse_pax_time("x"));
}

TEST(TarReader, ReadsBackWhatTheWriterWrote) {
  TarEntry entry;
  entry.name = "dir/" + std::string(150, 'n') + "\xc3\xa9";
  entry.uid = 3'000'000'000;
  entry.gid = 2'097'152;
  entry.mode = 07777;
  entry.mtime = {-2, 250'000'000};
  entry.xattrs["user.x"] = std::string("a\0=\n", 4);
  const std::string archive = Tar().add(entry, "data").file("next", "more").finish();
  TarReader reader(memory_source(archive));
  const auto read = reader.next();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, entry.name);
  EXPECT_EQ(read->uid, entry.uid);
  EXPECT_EQ(read->gid, entry.gid);
  EXPECT_EQ(read->mode, entry.mode);
  EXPECT_EQ(read->mtime.tv_sec, -2);
  EXPECT_EQ(read->mtime.tv_nsec, 250'000'000);
  EXPECT_EQ(read->xattrs, entry.xattrs);
  EXPECT_EQ(read_data(reader), "data");
  EXPECT_EQ(reader.next()->name, "next");
  EXPECT_EQ(read_data(reader), "more");
  EXPECT_FALSE(reader.next());
}

TEST(TarReader, SkipsDataNobodyRead) {
  const std::string archive = Tar().file("a", std::string(5000, 'x')).file("b", "y").finish();
  TarReader reader(memory_source(archive));
  reader.next();
  EXPECT_EQ(reader.next()->name, "b");
}

TEST(TarReader, GnuLongNamesWinOverPax) {
  const std::string name(300, 'g'), link(300, 'l');
  const std::string archive = Tar()
                                  .raw(raw_header("././@LongLink", 'L', name.size() + 1))
                                  .raw(blocks(name + '\0'))
                                  .raw(raw_header("././@LongLink", 'K', link.size() + 1))
                                  .raw(blocks(link + '\0'))
                                  .raw(raw_header("short", '2', 0, "short"))
                                  .finish();
  TarReader reader(memory_source(archive));
  const auto entry = reader.next();
  EXPECT_EQ(entry->name, name);
  EXPECT_EQ(entry->link, link);
}

TEST(TarReader, GlobalHeadersAreIgnored) {
  const std::string records = pax_record("path", "everywhere") + pax_record("comment", "x");
  const std::string archive =
      Tar().raw(raw_header("g", 'g', records.size())).raw(blocks(records)).file("a").finish();
  TarReader reader(memory_source(archive));
  EXPECT_EQ(reader.next()->name, "a");
}

TEST(TarReader, AnEndMarkerMayBeMissingOrFollowed) {
  const std::string bytes = Tar().file("a", "1").bytes();
  TarReader unmarked(memory_source(bytes));
  EXPECT_TRUE(unmarked.next());
  EXPECT_FALSE(unmarked.next());
  const std::string followed = Tar().file("a", "1").finish() + Tar().file("b", "2").finish();
  TarReader first(memory_source(followed));  // as docker: what follows is not read
  EXPECT_TRUE(first.next());
  EXPECT_FALSE(first.next());
}

TEST(TarReader, OldDirectoriesEndInASlash) {
  std::string header = raw_header("old/", '\0', 0);
  const std::string archive = Tar().raw(header).finish();
  TarReader reader(memory_source(archive));
  EXPECT_EQ(reader.next()->type, EntryType::directory);
}

struct Sparse {
  const char* name;
  std::string archive;
};

Sparse pax_sparse(const char* name, const std::string& records, const std::string& stored) {
  return {name, Tar()
                    .raw(pax_header(records))
                    .raw(raw_header("GNUSparseFile.0/s", '0', stored.size()))
                    .raw(blocks(stored))
                    .finish()};
}

TEST(TarReader, PaxSparseFilesInAllDialects) {
  using namespace std::string_literals;
  const std::string map_1_0 = blocks("2\n1\n2\n10\n3\n") + "abcde";
  const Sparse cases[] = {
      pax_sparse("0.0",
                 pax_record("GNU.sparse.major", "0") + pax_record("GNU.sparse.minor", "0") +
                     pax_record("GNU.sparse.size", "20") + pax_record("GNU.sparse.offset", "1") +
                     pax_record("GNU.sparse.numbytes", "2") + pax_record("GNU.sparse.offset", "10") +
                     pax_record("GNU.sparse.numbytes", "3") + pax_record("path", "s"),
                 "abcde"),
      pax_sparse("0.1",
                 pax_record("GNU.sparse.map", "1,2,10,3") + pax_record("GNU.sparse.size", "20") +
                     pax_record("GNU.sparse.name", "s"),
                 "abcde"),
      pax_sparse("1.0",
                 pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
                     pax_record("GNU.sparse.realsize", "20") + pax_record("GNU.sparse.name", "s"),
                 map_1_0),
  };
  for (const Sparse& test : cases) {
    Scratch scratch;
    const std::string root = scratch.make("root");
    apply_tar(root, test.archive);
    EXPECT_EQ(read_file(root + "/s"), "\0ab\0\0\0\0\0\0\0cde\0\0\0\0\0\0\0"s) << test.name;
  }
}

TEST(TarReader, BadSparseMapsAreRefused) {
  for (const char* map : {"5,2,1,2", "1,30", "1", "-1,2", "1,2,3", "x,1", "1,2,10,2"}) {
    const Sparse test =
        pax_sparse(map, pax_record("GNU.sparse.map", map) + pax_record("GNU.sparse.size", "20"), "abcde");
    TarReader reader(memory_source(test.archive));
    EXPECT_THROW(reader.next(), Error) << map;
  }
}

}  // namespace
}  // namespace devenv::store
