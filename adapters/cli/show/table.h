// Docker's tables: columns at least ten wide, three spaces apart, the last one not padded.
#pragma once

#include <string>
#include <vector>

namespace devenv::cli {

using Row = std::vector<std::string>;

/// The rows as lines. Widths count code points, as docker's do. Every row has as many cells as the first.
std::string format_table(const std::vector<Row>& rows);

}  // namespace devenv::cli
