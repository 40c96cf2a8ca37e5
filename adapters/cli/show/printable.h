// Text fit for a terminal. Pure.
#pragma once

#include <string>
#include <string_view>

namespace devenv::cli {

/// `text` with every byte that is not printable UTF-8 written as \xNN; newlines and tabs stay. Names out of
/// broken files must not move a terminal's cursor.
std::string printable(std::string_view text);

}  // namespace devenv::cli
