// Quantities as docker words them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace devenv::cli {

/// "Less than a second", "5 seconds", "About a minute", "3 weeks".
std::string human_duration(std::int64_t nanoseconds);

/// Units of 1000 and three digits: "117MB", "1.23GB".
std::string human_size(std::uint64_t bytes);

/// "2026-11-22 01:02:03 +0000 UTC".
std::string human_time(std::int64_t unix_s);

/// "2026-11-22T01:02:03.123456789Z".
std::string rfc3339_nano(std::int64_t unix_ns);

/// At most `most` code points, the last one an ellipsis when something was cut.
std::string ellipsis(const std::string& text, std::size_t most);

/// Go's strconv.Quote for printable text.
std::string quoted(const std::string& text);

/// The words joined by spaces, those with a space in '…'.
std::string join_command(const std::vector<std::string>& words);

/// "sha256:0123…" or an id → its first twelve digits.
std::string short_id(const std::string& id);

std::int64_t now_unix_ns();

}  // namespace devenv::cli
