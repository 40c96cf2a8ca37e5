#include "quantity.h"

#include <time.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "adapters/cli/usage_error.h"
#include "runtime/base/signals.h"

namespace devenv::cli {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// A decimal number at the start of `text`, which is cut off it.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  // from_chars also reads "-1", "inf" and "nan".
  if (text.empty() || (text[0] != '.' && (text[0] < '0' || text[0] > '9'))) return std::nullopt;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (failure != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> duration_unit_ns(std::string_view& text) {
  static constexpr std::array<std::pair<std::string_view, double>, 7> units{
      {{"ns", 1}, {"us", 1e3}, {"\u00b5s", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  for (const auto& [name, factor] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return factor;
  }
  return std::nullopt;
}

std::optional<std::int64_t> rfc3339(const std::string& text) {
  tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) {
    parts = {};
    rest = strptime(text.c_str(), "%Y-%m-%d", &parts);
  }
  if (rest == nullptr) return std::nullopt;
  std::string_view tail = rest;
  double fraction = 0;
  if (tail.starts_with('.')) {
    const auto value = take_number(tail);
    if (!value) return std::nullopt;
    fraction = *value;
  }
  std::int64_t offset_s = 0;
  int hours = 0, minutes = 0;
  if (tail.size() == 6 && (tail[0] == '+' || tail[0] == '-')) {
    const auto read = [&](std::size_t at, int& out) {
      return std::from_chars(tail.data() + at, tail.data() + at + 2, out).ptr == tail.data() + at + 2;
    };
    if (!read(1, hours) || tail[3] != ':' || !read(4, minutes)) return std::nullopt;
    offset_s = (tail[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  } else if (!tail.empty() && tail != "Z") {
    return std::nullopt;
  }
  return (timegm(&parts) - offset_s) * 1'000'000'000 + static_cast<std::int64_t>(fraction * 1e9);
}

}  // namespace

std::uint64_t parse_size(const std::string& text) {
  const UsageError bad("read size \"" + text + "\": not a number of bytes", "as in 512m, 1.5g or 1048576");
  std::string_view rest = text;
  const auto value = take_number(rest);
  if (!value) throw bad;
  std::string unit = lower(std::string(rest.starts_with(' ') ? rest.substr(1) : rest));
  if (unit.ends_with('b')) unit.pop_back();
  if (unit.ends_with('i')) unit.pop_back();
  const std::string_view units = "kmgtp";
  const std::size_t power = unit.empty() ? 0 : units.find(unit[0]) + 1;
  if (unit.size() > 1 || (!unit.empty() && power == 0)) throw bad;
  const double bytes = *value * std::pow(1024.0, static_cast<double>(power));
  if (bytes > 9.2e18) throw bad;
  return static_cast<std::uint64_t>(bytes);
}

std::chrono::nanoseconds parse_duration(const std::string& text) {
  const UsageError bad("read duration \"" + text + "\": not a length of time", "as in 10s, 1m30s or 500ms");
  std::string_view rest = text;
  double total = 0;
  if (rest.empty()) throw bad;
  while (!rest.empty()) {
    const auto value = take_number(rest);
    if (!value) throw bad;
    if (rest.empty() && total == 0) {
      total = *value * 1e9;
      break;
    }
    const auto unit = duration_unit_ns(rest);
    if (!unit) throw bad;
    total += *value * *unit;
  }
  if (total > 9.2e18) throw bad;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::int64_t parse_moment(const std::string& text, std::int64_t now_ns) {
  if (const auto at = rfc3339(text)) return *at;
  std::string_view rest = text;
  const auto seconds = take_number(rest);
  if (seconds && rest.empty()) {
    const double whole = std::floor(*seconds);
    return static_cast<std::int64_t>(whole) * 1'000'000'000 +
           static_cast<std::int64_t>((*seconds - whole) * 1e9);
  }
  try {
    return now_ns - parse_duration(text).count();
  } catch (const UsageError&) {
    throw UsageError("read time \"" + text + "\": neither a moment nor a length of time",
                     "as in 2026-01-02T15:04:05Z, 1767366245 or 10m");
  }
}

int parse_signal(const std::string& text) {
  if (const auto number = signal_number(text)) return *number;
  throw UsageError("read signal \"" + text + "\": no such signal", "as in SIGTERM, HUP or 9");
}

}  // namespace devenv::cli
