#include "cri_log.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace devenv::launch {

namespace {

constexpr std::int64_t kSecond = 1000000000;
constexpr std::size_t kTimeLength = 30;      // 2026-11-22T01:02:03.123456789Z
constexpr std::size_t kLongestText = 16384;  // as container runtimes split lines

const char* name_of(CriStream stream) {
  return stream == CriStream::out ? "stdout" : stream == CriStream::err ? "stderr" : "end";
}

std::string format_time(std::int64_t unix_ns) {
  const std::time_t seconds = unix_ns / kSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(unix_ns % kSecond));
  return text;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  const char* first = text.data() + at;
  const auto result = std::from_chars(first, first + count, value);
  if (result.ec != std::errc() || result.ptr != first + count || value < 0) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  if (text.size() != kTimeLength || text[10] != 'T' || text[19] != '.' || text[29] != 'Z')
    return std::nullopt;
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const auto fraction = digits(text, 20, 9);
  if (!year || !month || !day || !hour || !minute || !second || !fraction) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + *hour) * 60 + *minute) * 60 + *second) * kSecond + *fraction;
}

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return word;
}

}  // namespace

void append_records(std::string& out, std::int64_t unix_ns, CriStream stream, std::string_view data) {
  const std::string prefix = format_time(unix_ns) + ' ' + name_of(stream) + ' ';
  while (!data.empty()) {
    const std::string_view head = data.substr(0, kLongestText);
    const std::size_t newline = head.find('\n');
    const bool complete = newline != std::string_view::npos;
    const std::string_view text = complete ? head.substr(0, newline) : head;
    out.append(prefix).append(complete ? "F " : "P ").append(text).push_back('\n');
    data.remove_prefix(text.size() + (complete ? 1 : 0));
  }
}

void append_end(std::string& out, std::int64_t unix_ns) { out += format_time(unix_ns) + " end F \n"; }

std::optional<CriRecord> parse_record(std::string_view line) {
  CriRecord record;
  const auto time = parse_time(take_word(line));
  if (!time) return std::nullopt;
  record.unix_ns = *time;
  const std::string_view stream = take_word(line);
  if (stream == "stdout")
    record.stream = CriStream::out;
  else if (stream == "stderr")
    record.stream = CriStream::err;
  else if (stream == "end")
    record.stream = CriStream::end;
  else
    return std::nullopt;
  const std::string_view tag = take_word(line);
  if (tag != "F" && tag != "P") return std::nullopt;
  record.complete = tag == "F";
  record.text = line;
  return record;
}

std::int64_t unix_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace devenv::launch
