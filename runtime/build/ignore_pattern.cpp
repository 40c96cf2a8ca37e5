#include "ignore_pattern.h"

#include <devenv/error.h>

#include <algorithm>

#include "ignore_expression.h"
#include "text.h"

namespace devenv::build {
namespace {

using State = IgnorePattern::State;

bool is_word(char32_t rune) {
  return rune == U'_' || (rune >= U'0' && rune <= U'9') || (rune >= U'a' && rune <= U'z') ||
         (rune >= U'A' && rune <= U'Z');
}

bool takes(const State& state, char32_t rune) {
  const bool found = std::any_of(state.ranges.begin(), state.ranges.end(), [&](const auto& range) {
    return range.first <= rune && rune <= range.second;
  });
  return found != state.negated;
}

// Marks `index` and every state reachable from it without taking a rune.
void mark(const std::vector<State>& states, std::u32string_view path, std::size_t position, std::size_t index,
          std::vector<bool>& marked) {
  for (; !marked[index]; ++index) {
    marked[index] = true;
    if (index == states.size()) return;
    const State& state = states[index];
    const bool before = position > 0 && is_word(path[position - 1]);
    const bool after = position < path.size() && is_word(path[position]);
    bool passes = state.repeated;
    switch (state.type) {
      case State::Type::take:
        break;
      case State::Type::text_begin:
        passes = position == 0;
        break;
      case State::Type::text_end:
        passes = position == path.size();
        break;
      case State::Type::word_boundary:
        passes = before != after;
        break;
      case State::Type::no_word_boundary:
        passes = before == after;
        break;
      case State::Type::directories:
        mark(states, path, position, index + 3, marked);
        passes = true;
        break;
    }
    if (!passes) return;
  }
}

}  // namespace

IgnorePattern::IgnorePattern(std::string text, bool exclusion)
    : text_(std::move(text)), exclusion_(exclusion) {
  const std::string expression = translate();
  if (kind_ != Kind::expression) return;
  auto states = parse_ignore_expression(expression);
  if (states)
    states_ = std::move(*states);
  else
    kind_ = Kind::broken;
}

// The translation is moby's, quirks included: wildcards inside a class are translated as well.
std::string IgnorePattern::translate() {
  const std::u32string runes = to_runes(text_);
  std::string out;
  const auto peek = [&](std::size_t i) { return i < runes.size() ? runes[i] : U'\0'; };
  for (std::size_t i = 0; i < runes.size(); ++i) {
    const char32_t rune = runes[i];
    if (rune == U'*' && peek(i + 1) == U'*') {
      const bool leading = i == 0;
      ++i;
      if (peek(i + 1) == U'/') ++i;
      if (i + 1 == runes.size()) {
        out += ".*";
        kind_ = kind_ == Kind::exact ? Kind::prefix : Kind::expression;
      } else {
        out += "(.*/)?";
        kind_ = Kind::expression;
      }
      if (leading) kind_ = Kind::suffix;
    } else if (rune == U'*' || rune == U'?') {
      out += rune == U'*' ? "[^/]*" : "[^/]";
      kind_ = Kind::expression;
    } else if (std::u32string_view(U".+()|{}$").find(rune) != std::u32string_view::npos) {
      out += '\\';
      append_rune(out, rune);
    } else if (rune == U'\\') {
      if (i + 1 == runes.size()) {
        out += "\\$(?s).*";  // moby's final escape makes a dollar sign of the end of its expression
        break;
      }
      out += '\\';
      append_rune(out, runes[++i]);
      kind_ = Kind::expression;
    } else {
      if (rune == U'[' || rune == U']') kind_ = Kind::expression;
      append_rune(out, rune);
    }
  }
  return out;
}

bool IgnorePattern::matches(std::string_view path) const {
  const std::string_view text = text_;
  switch (kind_) {
    case Kind::exact:
      return path == text;
    case Kind::prefix:
      return path.starts_with(text.substr(0, text.size() - 2));
    case Kind::suffix: {
      const std::string_view suffix = text.substr(2);
      return path.ends_with(suffix) || (suffix.starts_with('/') && path == suffix.substr(1));
    }
    case Kind::expression:
      return run(to_runes(path));
    case Kind::broken:
      break;
  }
  throw Error("match pattern " + quote(text_) + ": syntax error in pattern");
}

bool IgnorePattern::run(std::u32string_view path) const {
  std::vector<bool> now(states_.size() + 1), after(states_.size() + 1);
  mark(states_, path, 0, 0, now);
  for (std::size_t position = 0; position < path.size(); ++position) {
    const char32_t rune = path[position];
    std::fill(after.begin(), after.end(), false);
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (!now[i]) continue;
      const State& state = states_[i];
      if (state.type == State::Type::take && takes(state, rune))
        mark(states_, path, position + 1, state.repeated ? i : i + 1, after);
    }
    now.swap(after);
  }
  return now[states_.size()];
}

}  // namespace devenv::build
