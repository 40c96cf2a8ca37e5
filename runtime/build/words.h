// How the rest of an instruction's line becomes arguments, one function a way of splitting. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devenv::build {

struct SplitLine {
  std::string name;
  std::vector<std::string> flags;
  std::string rest;
};

/// Name, leading `--flags`, and what follows, blanks trimmed. `--` ends the flags.
SplitLine split_instruction(std::string_view line, char escape);

/// Words with their quotes and escapes kept.
std::vector<std::string> split_words(std::string_view rest, char escape);

/// Key, value and separator for each pair of ENV or LABEL. Throws Error without a place.
std::vector<std::string> split_pairs(std::string_view rest, char escape, const std::string& instruction);

}  // namespace devenv::build
