#include "shell_pattern.h"

#include <devenv/error.h>

#include <algorithm>

#include "text.h"

namespace devenv::build {
namespace {

[[noreturn]] void fail(const std::u32string& pattern, char32_t escaped) {
  throw Error("invalid pattern (" + to_utf8(pattern) + ") in substitution: invalid escape '\\" +
              to_utf8(std::u32string(1, escaped)) + "'");
}

// Reversing lets a suffix be found as a prefix; an escape stays before what it escapes.
std::u32string reverse_pattern(const std::u32string& pattern) {
  std::u32string out(pattern.size(), U'\0');
  for (std::size_t i = 0; i < pattern.size();) {
    const std::size_t mirrored = pattern.size() - 1 - i;
    if (pattern[i] == U'\\' && mirrored > 0) {
      out[mirrored - 1] = pattern[i];
      out[mirrored] = pattern[i + 1];
      i += 2;
    } else {
      out[mirrored] = pattern[i++];
    }
  }
  return out;
}

std::u32string reversed(std::u32string text) {
  std::reverse(text.begin(), text.end());
  return text;
}

bool is_name(char32_t rune) { return rune == U'_' || is_letter(rune) || is_digit(rune); }

std::u32string fill_template(const std::u32string& text, const std::u32string& match) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != U'$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == U'$') {
      out += text[++i];
      continue;
    }
    const bool braces = text[i + 1] == U'{';
    const std::size_t begin = i + 1 + braces;
    std::size_t end = begin;
    while (end < text.size() && is_name(text[end])) ++end;
    const bool valid = end > begin && (!braces || (end < text.size() && text[end] == U'}'));
    if (!valid) {
      out += text[i];
      continue;
    }
    const std::u32string name = text.substr(begin, end - begin);
    if (name.find_first_not_of(U'0') == name.npos && (name.size() == 1)) out += match;
    i = end - 1 + braces;
  }
  return out;
}

}  // namespace

ShellPattern::ShellPattern(const std::u32string& pattern, bool greedy) : greedy_(greedy) {
  const bool marked = pattern.starts_with(U'\uFEFF');  // Go's scanner takes a BOM off
  for (std::size_t i = marked; i < pattern.size(); ++i) {
    const char32_t rune = pattern[i];
    if (rune == U'*') {
      elements_.push_back({Element::Kind::star, 0});
    } else if (rune == U'?') {
      elements_.push_back({Element::Kind::any, 0});
    } else if (rune == U'\\') {
      const char32_t next = i + 1 < pattern.size() ? pattern[i + 1] : U'\uFFFD';
      // The escape of a closing brace or slash is for the ${} around, not for the pattern.
      if (next == U'}' || next == U'/') continue;
      if (next != U'*' && next != U'?' && next != U'\\') fail(pattern, next);
      elements_.push_back({Element::Kind::rune, next});
      ++i;
    } else {
      elements_.push_back({Element::Kind::rune, rune});
    }
  }
}

std::optional<std::size_t> ShellPattern::match_at(const std::u32string& text, std::size_t start) const {
  // ends[i]: where elements i.. can end when they begin at a given position, in the order backtracking
  // would find it; filled from the last element backwards, so the work is elements × positions.
  using End = std::optional<std::size_t>;
  const std::size_t positions = text.size() - start + 1;
  std::vector<End> ends(positions);
  for (std::size_t p = 0; p < positions; ++p) ends[p] = start + p;
  for (auto element = elements_.rbegin(); element != elements_.rend(); ++element) {
    std::vector<End> before(positions);
    for (std::size_t p = positions; p-- > 0;) {
      const bool has_rune = p + 1 < positions;
      const char32_t rune = has_rune ? std::min(text[start + p], raw_byte) : 0;
      if (element->kind == Element::Kind::star) {
        const End longer = has_rune && rune != U'\n' ? before[p + 1] : End{};
        before[p] = greedy_ ? (longer ? longer : ends[p]) : (ends[p] ? ends[p] : longer);
      } else if (has_rune && (element->kind == Element::Kind::any
                                  ? rune != U'\n'
                                  : (rune == raw_byte ? replacement_rune : rune) == element->rune)) {
        before[p] = ends[p + 1];
      }
    }
    ends.swap(before);
  }
  return ends[0];
}

std::optional<std::pair<std::size_t, std::size_t>> ShellPattern::find(const std::u32string& text,
                                                                      std::size_t start) const {
  for (; start <= text.size(); ++start)
    if (const auto end = match_at(text, start)) return std::pair{start, *end};
  return {};
}

std::u32string strip_prefix(const std::u32string& pattern, const std::u32string& value, bool greedy) {
  const auto end = ShellPattern(pattern, greedy).match_at(value, 0);
  return end ? value.substr(*end) : value;
}

std::u32string strip_suffix(const std::u32string& pattern, const std::u32string& value, bool greedy) {
  // Go reverses runes, so what is no UTF-8 does not survive this, even where nothing matches.
  std::u32string runes = reversed(value);
  for (char32_t& rune : runes)
    if (rune >= raw_byte) rune = replacement_rune;
  return reversed(strip_prefix(reverse_pattern(pattern), runes, greedy));
}

std::u32string replace_first(const std::u32string& pattern, std::u32string value,
                             const std::u32string& replacement) {
  if (const auto found = ShellPattern(pattern, true).find(value, 0))
    value.replace(found->first, found->second - found->first, replacement);
  return value;
}

std::u32string replace_all(const std::u32string& pattern, const std::u32string& value,
                           const std::u32string& replacement) {
  const ShellPattern compiled(pattern, true);
  std::u32string out;
  std::size_t copied = 0, search = 0;
  while (search <= value.size()) {
    const auto found = compiled.find(value, search);
    if (!found) break;
    const auto [begin, end] = *found;
    out += value.substr(copied, begin - copied);
    // No empty match right after a match.
    if (end > copied || begin == 0) out += fill_template(replacement, value.substr(begin, end - begin));
    copied = end;
    search = std::max(search + 1, end);
  }
  return out + value.substr(std::min(copied, value.size()));
}

}  // namespace devenv::build
