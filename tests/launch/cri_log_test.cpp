#include "runtime/launch/cri_log.h"

#include <gtest/gtest.h>

namespace devenv::launch {
namespace {

constexpr std::int64_t kTime = 1763773323123456789;  // 2025-11-22T01:02:03.123456789Z

TEST(CriLog, LinesAndWhatFollowsThem) {
  std::string out;
  append_records(out, kTime, CriStream::out, "one\n\ntwo");
  EXPECT_EQ(out,
            "2025-11-22T01:02:03.123456789Z stdout F one\n"
            "2025-11-22T01:02:03.123456789Z stdout F \n"
            "2025-11-22T01:02:03.123456789Z stdout P two\n");
}

TEST(CriLog, ReadsWhatItWrote) {
  std::string out;
  append_records(out, kTime, CriStream::err, std::string("a\0b c", 5));
  const auto record = parse_record(std::string_view(out).substr(0, out.size() - 1));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->unix_ns, kTime);
  EXPECT_EQ(record->stream, CriStream::err);
  EXPECT_FALSE(record->complete);
  EXPECT_EQ(record->text, std::string_view("a\0b c", 5));
}

TEST(CriLog, LongLinesAreSplitAndExact) {
  const std::string line(40000, 'x');
  std::string out, text;
  append_records(out, kTime, CriStream::out, line + "\n");
  std::size_t records = 0;
  for (std::size_t at = 0, end; (end = out.find('\n', at)) != std::string::npos; at = end + 1, ++records) {
    const auto record = parse_record(std::string_view(out).substr(at, end - at));
    ASSERT_TRUE(record.has_value());
    text.append(record->text);
    if (record->complete) text += '\n';
  }
  EXPECT_EQ(text, line + "\n");
  EXPECT_GT(records, 1u);
}

TEST(CriLog, RejectsWhatIsNone) {
  for (const char* line :
       {"", "x", "2025-11-22T01:02:03.123456789Z", "2025-11-22T01:02:03.123456789Z stdlog F x",
        "2025-13-22T01:02:03.123456789Z stdout F x", "2025-11-22T01:02:03.123456789Z stdout Q x"})
    EXPECT_FALSE(parse_record(line).has_value()) << line;
}

TEST(CriLog, KnowsTheEnd) {
  std::string out;
  append_end(out, kTime);
  const auto record = parse_record(std::string_view(out).substr(0, out.size() - 1));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->stream, CriStream::end);
}

}  // namespace
}  // namespace devenv::launch
