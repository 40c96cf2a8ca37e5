// Variable expansion and quote removal in Dockerfile words, as BuildKit's shell lexer does them.
// Pure; an Expander may be shared by threads.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::build {

using Variables = std::map<std::string, std::string, std::less<>>;

struct Expansion {
  std::string text;                ///< quotes removed, variables replaced
  std::vector<std::string> words;  ///< the same, split at blanks that were neither quoted nor escaped
  std::set<std::string> used;      ///< variables found
  std::set<std::string> unset;     ///< variables asked for and not found
};

struct ExpandOptions {
  char escape = '\\';
  bool raw_quotes = false;   ///< keep quotes
  bool raw_escapes = false;  ///< keep escape characters
  bool skip_quotes = false;  ///< quotes are ordinary characters
  bool keep_unset = false;   ///< leave $v as it is when v is not set
};

/// Throws Error `process "<word>": <reason>`: unmatched quote, bad ${}, or `${v?message}` of an unset v.
Expansion expand(std::string_view word, const Variables& variables, const ExpandOptions& options = {});

/// expand(...).text: blanks stay.
std::string process_word(std::string_view word, const Variables& variables, char escape = '\\');
/// expand(...).words: variables are expanded before splitting.
std::vector<std::string> process_words(std::string_view word, const Variables& variables, char escape = '\\');

}  // namespace devenv::build
