#include "path_match.h"

#include <devenv/error.h>

#include <optional>

#include "text.h"

namespace devenv::build {
namespace {

struct BadPattern {};

// One rune of a class, unescaped.
char32_t take_class_rune(std::string_view& chunk) {
  if (chunk.empty() || chunk[0] == '-' || chunk[0] == ']') throw BadPattern{};
  if (chunk[0] == '\\') {
    chunk.remove_prefix(1);
    if (chunk.empty()) throw BadPattern{};
  }
  const Rune rune = decode_rune(chunk);
  if (rune.value == 0xFFFD && rune.width == 1) throw BadPattern{};
  chunk.remove_prefix(rune.width);
  if (chunk.empty()) throw BadPattern{};
  return rune.value;
}

// `chunk` is behind its '['; afterwards behind its ']'.
bool match_class(std::string_view& chunk, char32_t rune) {
  const bool negated = chunk.starts_with('^');
  if (negated) chunk.remove_prefix(1);
  bool found = false;
  for (int ranges = 0;; ++ranges) {
    if (chunk.starts_with(']') && ranges > 0) {
      chunk.remove_prefix(1);
      return found != negated;
    }
    const char32_t low = take_class_rune(chunk);
    char32_t high = low;
    if (chunk[0] == '-') {
      chunk.remove_prefix(1);
      high = take_class_rune(chunk);
    }
    if (low <= rune && rune <= high) found = true;
  }
}

// Matches a part without '*' at the start of `name`; the rest of the name, or nullopt. Reads the whole chunk
// even after a mismatch, to find malformed patterns.
std::optional<std::string_view> match_chunk(std::string_view chunk, std::string_view name) {
  bool failed = false;
  while (!chunk.empty()) {
    if (name.empty()) failed = true;
    switch (chunk[0]) {
      case '[': {
        char32_t rune = 0;
        if (!failed) {
          const Rune read = decode_rune(name);
          rune = read.value;
          name.remove_prefix(read.width);
        }
        chunk.remove_prefix(1);
        if (!match_class(chunk, rune)) failed = true;
        break;
      }
      case '?':
        if (!failed) {
          if (name[0] == '/') failed = true;
          name.remove_prefix(decode_rune(name).width);
        }
        chunk.remove_prefix(1);
        break;
      case '\\':
        chunk.remove_prefix(1);
        if (chunk.empty()) throw BadPattern{};
        [[fallthrough]];
      default:
        if (!failed) {
          if (chunk[0] != name[0]) failed = true;
          name.remove_prefix(1);
        }
        chunk.remove_prefix(1);
    }
  }
  if (failed) return {};
  return name;
}

// Splits off leading stars and the chunk up to the next star outside a class.
std::string_view take_chunk(std::string_view& pattern, bool& star) {
  star = false;
  while (pattern.starts_with('*')) {
    pattern.remove_prefix(1);
    star = true;
  }
  bool in_class = false;
  std::size_t i = 0;
  for (; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      if (i + 1 < pattern.size()) ++i;
    } else if (c == '[') {
      in_class = true;
    } else if (c == ']') {
      in_class = false;
    } else if (c == '*' && !in_class) {
      break;
    }
  }
  const std::string_view chunk = pattern.substr(0, i);
  pattern.remove_prefix(i);
  return chunk;
}

bool match_after_star(std::string_view chunk, std::string_view pattern, std::string_view& name) {
  for (std::size_t i = 0; i < name.size() && name[i] != '/'; ++i) {
    const auto rest = match_chunk(chunk, name.substr(i + 1));
    if (!rest) continue;
    if (pattern.empty() && !rest->empty()) continue;
    name = *rest;
    return true;
  }
  return false;
}

bool match(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    bool star = false;
    const std::string_view chunk = take_chunk(pattern, star);
    if (star && chunk.empty()) return name.find('/') == name.npos;
    const auto rest = match_chunk(chunk, name);
    if (rest && (rest->empty() || !pattern.empty())) {
      name = *rest;
      continue;
    }
    if (star && match_after_star(chunk, pattern, name)) continue;
    return false;  // filepath.Match looks no further, so a fault behind this stays unnoticed
  }
  return name.empty();
}

}  // namespace

bool path_match(std::string_view pattern, std::string_view name) {
  try {
    return match(pattern, name);
  } catch (const BadPattern&) {
    throw Error("match pattern " + quote(pattern) + ": syntax error in pattern",
                "close every [ and put nothing after a final \\");
  }
}

bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("*?[\\") != pattern.npos; }

}  // namespace devenv::build
