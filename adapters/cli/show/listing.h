// One way to show a list: docker's table, JSON Lines, or a template of {{.Field}} per line.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "adapters/cli/console.h"

namespace devenv::cli {

/// One item by field names, in docker's spelling ("ID", "Names").
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Listing {
  /// The default table: header and field of each column.
  std::vector<std::pair<std::string, std::string>> columns;
  std::vector<Fields> items;
};

/// `format`: empty or "table" for the default table, "json" for JSON Lines, "table TEMPLATE" for a table with
/// the template's columns (split at \t), else a template per line. Knows {{.Field}} and {{json .}} and {{json
/// .Field}}. Throws UsageError for an unknown field, naming the nearest.
void show(const Console& console, const Listing& listing, const std::string& format);

}  // namespace devenv::cli
