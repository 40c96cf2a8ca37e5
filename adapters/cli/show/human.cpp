#include "human.h"

#include <time.h>

#include <array>
#include <cstdio>

namespace devenv::cli {
namespace {

tm utc(std::int64_t unix_s) {
  const time_t at = unix_s;
  tm parts{};
  gmtime_r(&at, &parts);
  return parts;
}

}  // namespace

std::string human_duration(std::int64_t nanoseconds) {
  const std::int64_t seconds = nanoseconds / 1'000'000'000;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return std::to_string(seconds) + " seconds";
  const std::int64_t minutes = seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return std::to_string(minutes) + " minutes";
  const std::int64_t hours = (seconds + 1800) / 3600;
  if (hours == 1) return "About an hour";
  if (hours < 48) return std::to_string(hours) + " hours";
  if (hours < 24 * 7 * 2) return std::to_string(hours / 24) + " days";
  if (hours < 24 * 30 * 2) return std::to_string(hours / 24 / 7) + " weeks";
  if (hours < 24 * 365 * 2) return std::to_string(hours / 24 / 30) + " months";
  return std::to_string(hours / 24 / 365) + " years";
}

std::string human_size(std::uint64_t bytes) {
  static constexpr std::array<const char*, 6> units{"B", "kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000.0 && unit + 1 < units.size(); ++unit) value /= 1000.0;
  char text[32];
  std::snprintf(text, sizeof text, "%.3g%s", value, units[unit]);
  return text;
}

std::string human_time(std::int64_t unix_s) {
  const tm parts = utc(unix_s);
  char text[64];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000 UTC", &parts);
  return text;
}

std::string rfc3339_nano(std::int64_t unix_ns) {
  const tm parts = utc(unix_ns / 1'000'000'000);
  char text[64];
  const std::size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%09dZ", static_cast<int>(unix_ns % 1'000'000'000));
  return text;
}

std::string ellipsis(const std::string& text, std::size_t most) {
  std::size_t points = 0, cut = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (points == most - 1) cut = i;
    if (++points > most) return text.substr(0, cut) + "\u2026";
  }
  return text;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (byte < 0x20 || byte == 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      out += hex;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string join_command(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += ' ';
    out += i > 0 && words[i].find(' ') != std::string::npos ? "'" + words[i] + "'" : words[i];
  }
  return out;
}

std::string short_id(const std::string& id) {
  return (id.starts_with("sha256:") ? id.substr(7) : id).substr(0, 12);
}

std::int64_t now_unix_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace devenv::cli
