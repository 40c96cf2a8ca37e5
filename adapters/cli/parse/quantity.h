// Sizes, durations, points in time and signals as people write them. All throw UsageError naming the value
// and the right form.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace devenv::cli {

/// Bytes: "512", "64m", "1.5g", "1GiB"; units of 1024.
std::uint64_t parse_size(const std::string& text);

/// "1h30m", "1.5s", "300ms"; a bare number is seconds.
std::chrono::nanoseconds parse_duration(const std::string& text);

/// A moment as nanoseconds since 1970: RFC 3339 ("2026-01-02T03:04:05Z", date alone too), seconds since 1970
/// ("1767323045.5"), or a duration before `now_ns` ("10m").
std::int64_t parse_moment(const std::string& text, std::int64_t now_ns);

/// "SIGTERM", "term", "15", "RTMIN+3".
int parse_signal(const std::string& text);

}  // namespace devenv::cli
