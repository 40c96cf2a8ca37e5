// The log file format of Kubernetes' CRI: "<RFC 3339 time> stdout|stderr F|P <text>\n". F ends a line of the
// output, P does not, so the exact bytes can be restored. A last record "<time> end F " says that no more
// comes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace devenv::launch {

/// The mode of a log file of which something is missing since the disk was full; 0600 else.
constexpr unsigned kCutLogMode = 0400;

enum class CriStream { out, err, end };

struct CriRecord {
  std::int64_t unix_ns = 0;
  CriStream stream = CriStream::out;
  bool complete = true;
  std::string_view text;
};

/// Appends `data` as records: one per line, and a P record for what follows the last newline.
void append_records(std::string& out, std::int64_t unix_ns, CriStream stream, std::string_view data);
void append_end(std::string& out, std::int64_t unix_ns);

/// One line without its newline; nullopt when it is not a record.
std::optional<CriRecord> parse_record(std::string_view line);

std::int64_t unix_now_ns();

}  // namespace devenv::launch
