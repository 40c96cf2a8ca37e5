#include "table.h"

#include <algorithm>

namespace devenv::cli {
namespace {

constexpr std::size_t kLeast = 10, kGap = 3;

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string format_table(const std::vector<Row>& rows) {
  std::string text;
  if (rows.empty()) return text;
  std::vector<std::size_t> widths(rows.front().size(), kLeast);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]) + kGap);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - width(row[i]), ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace devenv::cli
