#include <gmock/gmock.h>

#include "devenv/error.h"
#include "runtime/store/byte_stream.h"

namespace devenv::store {
namespace {

using namespace std::string_view_literals;

std::string all_of(std::string_view bytes) {
  const ByteSource source = decompressed(memory_source(bytes));
  std::string plain;
  char buffer[5];  // smaller than anything's blocks
  while (const std::size_t n = source(buffer, sizeof buffer)) plain.append(buffer, n);
  return plain;
}

struct Sample {
  const char* format;
  std::string_view bytes;  ///< "plain text\n", compressed by the format's own program
};
void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.format; }

const Sample kSamples[] = {
    {"xz",
     "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01"
     "\x00"
     "\x0a\x70\x6c\x61\x69\x6e\x20\x74\x65\x78\x74\x0a\x00\x00\x21\x90\xc7\x25\xbf\x73\xc4\xda\x00\x01\x23"
     "\x0b"
     "\xc2\x1b\xfd\x09\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"sv},
    {"bzip2",
     "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xfc\x50\x0d\x2b\x00\x00\x03\xd1\x80\x00\x10\x40\x00\x22\x25"
     "\x44"
     "\x40\x20\x00\x31\x00\x30\x20\x06\xd4\x09\x4e\x06\xf1\xde\x2e\xe4\x8a\x70\xa1\x21\xf8\xa0\x1a\x56"sv},
    {"zstd",
     "\x28\xb5\x2f\xfd\x04\x58\x59\x00\x00\x70\x6c\x61\x69\x6e\x20\x74\x65\x78\x74\x0a\xf5\xb5\x05\x51"sv},
    {"zstd after a skippable frame",
     "\x50\x2a\x4d\x18\x03\x00\x00\x00"
     "abc"
     "\x28\xb5\x2f\xfd\x04\x58\x59\x00\x00\x70\x6c\x61\x69\x6e\x20\x74\x65\x78\x74\x0a\xf5\xb5\x05\x51"sv}};

class Decompress : public testing::TestWithParam<Sample> {};

TEST_P(Decompress, GivesThePlainBytes) { EXPECT_EQ(all_of(GetParam().bytes), "plain text\n"); }

TEST_P(Decompress, CutShortIsAnError) {
  const std::string_view bytes = GetParam().bytes;
  EXPECT_THROW(all_of(bytes.substr(0, bytes.size() - 9)), Error);
}

TEST_P(Decompress, AFailingSourceFailsWithItsOwnWords) {
  const std::string_view bytes = GetParam().bytes;
  const auto broken = [given = std::size_t{0}, bytes](char* buffer, std::size_t size) mutable -> std::size_t {
    if (given == 8) throw Error("read the blob: the disk is on fire");
    size = std::min(size, 8 - given);
    bytes.copy(buffer, size, given);
    given += size;
    return size;
  };
  char buffer[64];
  try {
    const ByteSource source = decompressed(broken);
    while (source(buffer, sizeof buffer) > 0) continue;
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("the disk is on fire"));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Decompress, testing::ValuesIn(kSamples), [](const auto& each) {
  std::string name;
  for (const char c : std::string(each.param.format))
    if (c != ' ') name += c;
  return name;
});

TEST(Decompressed, AnythingElsePassesThrough) {
  EXPECT_EQ(all_of(""), "");
  EXPECT_EQ(all_of("BZ"), "BZ");
  EXPECT_EQ(all_of("plain text, longer than any head\n"), "plain text, longer than any head\n");
}

}  // namespace
}  // namespace devenv::store
