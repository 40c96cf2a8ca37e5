#include "ignore_expression.h"

#include <map>

#include "text.h"

namespace devenv::build {
namespace {

using State = IgnorePattern::State;
using Ranges = IgnorePattern::Ranges;

struct Broken {};

constexpr char32_t last_rune = 0x10FFFF;

bool is_alphanumeric(char32_t rune) {
  return (rune >= U'0' && rune <= U'9') || (rune >= U'a' && rune <= U'z') || (rune >= U'A' && rune <= U'Z');
}

Ranges inverted(const Ranges& sorted) {
  Ranges out;
  char32_t next = 0;
  for (const auto& [low, high] : sorted) {
    if (low > next) out.emplace_back(next, low - 1);
    next = high + 1;
  }
  out.emplace_back(next, last_rune);
  return out;
}

const Ranges* perl_class(char32_t letter) {
  static const Ranges digits = {{U'0', U'9'}};
  static const Ranges blanks = {{U'\t', U'\n'}, {U'\f', U'\r'}, {U' ', U' '}};
  static const Ranges word = {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}};
  static const std::map<char32_t, Ranges> classes = {{U'd', digits}, {U'D', inverted(digits)},
                                                     {U's', blanks}, {U'S', inverted(blanks)},
                                                     {U'w', word},   {U'W', inverted(word)}};
  const auto found = classes.find(letter);
  return found == classes.end() ? nullptr : &found->second;
}

const Ranges& posix_class(const std::u32string& name) {
  static const std::map<std::u32string, Ranges> classes = {
      {U"alnum", {{U'0', U'9'}, {U'A', U'Z'}, {U'a', U'z'}}},
      {U"alpha", {{U'A', U'Z'}, {U'a', U'z'}}},
      {U"ascii", {{0, 0x7F}}},
      {U"blank", {{U'\t', U'\t'}, {U' ', U' '}}},
      {U"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
      {U"digit", {{U'0', U'9'}}},
      {U"graph", {{U'!', U'~'}}},
      {U"lower", {{U'a', U'z'}}},
      {U"print", {{U' ', U'~'}}},
      {U"punct", {{U'!', U'/'}, {U':', U'@'}, {U'[', U'`'}, {U'{', U'~'}}},
      {U"space", {{U'\t', U'\r'}, {U' ', U' '}}},
      {U"upper", {{U'A', U'Z'}}},
      {U"word", {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}}},
      {U"xdigit", {{U'0', U'9'}, {U'A', U'F'}, {U'a', U'f'}}}};
  const auto found = classes.find(name);
  if (found == classes.end()) throw Broken{};
  return found->second;
}

class Parser {
 public:
  explicit Parser(std::string_view expression) : runes_(to_runes(expression)) {}

  std::vector<State> run() {
    while (!rest().empty()) read();
    return std::move(states_);
  }

 private:
  std::u32string_view rest() const { return std::u32string_view(runes_).substr(position_); }
  bool accept(std::u32string_view text) {
    if (!rest().starts_with(text)) return false;
    position_ += text.size();
    return true;
  }
  char32_t take() {
    if (rest().empty()) throw Broken{};
    return runes_[position_++];
  }

  State& add(State::Type type, Ranges ranges = {}, bool negated = false) {
    states_.push_back({type, std::move(ranges), negated, false});
    return states_.back();
  }

  void read() {
    if (accept(U"(.*/)?")) {
      add(State::Type::directories);
      add(State::Type::take, {{U'\n', U'\n'}}, true).repeated = true;
      add(State::Type::take, {{U'/', U'/'}});
      return;
    }
    if (accept(U"(?s).*")) {
      add(State::Type::take, {}, true).repeated = true;
      return;
    }
    const char32_t rune = take();
    if (rune == U'^')
      add(State::Type::text_begin);
    else if (rune == U'.')
      add(State::Type::take, {{U'\n', U'\n'}}, true);
    else if (rune == U'[')
      read_class();
    else if (rune == U'\\')
      read_escape();
    else
      add(State::Type::take, {{rune, rune}});
    if (accept(U"*")) states_.back().repeated = true;
  }

  void read_escape() {
    const char32_t letter = take();
    static const std::map<char32_t, State::Type> assertions = {{U'A', State::Type::text_begin},
                                                               {U'z', State::Type::text_end},
                                                               {U'b', State::Type::word_boundary},
                                                               {U'B', State::Type::no_word_boundary}};
    if (const auto found = assertions.find(letter); found != assertions.end()) {
      add(found->second);
    } else if (const Ranges* ranges = perl_class(letter)) {
      add(State::Type::take, *ranges);
    } else {
      --position_;
      const char32_t rune = escaped_rune();
      add(State::Type::take, {{rune, rune}});
    }
  }

  // Behind the backslash.
  char32_t escaped_rune() {
    const char32_t letter = take();
    if (letter < 0x80 && !is_alphanumeric(letter)) return letter;
    if (letter >= U'0' && letter <= U'7') return octal(letter);
    if (letter == U'x') return hexadecimal();
    static constexpr std::u32string_view names = U"afnrtv", values = U"\a\f\n\r\t\v";
    const std::size_t found = names.find(letter);
    if (found == names.npos) throw Broken{};
    return values[found];
  }

  char32_t octal(char32_t first) {
    const auto is_octal = [&] { return !rest().empty() && rest()[0] >= U'0' && rest()[0] <= U'7'; };
    if (first != U'0' && !is_octal()) throw Broken{};  // a back reference
    char32_t value = first - U'0';
    for (int i = 1; i < 3 && is_octal(); ++i) value = value * 8 + (take() - U'0');
    return value;
  }

  char32_t hexadecimal() {
    const auto digit = [&](char32_t rune) {
      const std::u32string_view digits = U"0123456789abcdef0123456789ABCDEF";
      const std::size_t found = digits.find(rune);
      if (found == digits.npos) throw Broken{};
      return static_cast<char32_t>(found % 16);
    };
    char32_t value = 0;
    if (!accept(U"{")) {
      value = digit(take());
      return value * 16 + digit(take());
    }
    if (accept(U"}")) throw Broken{};
    while (!accept(U"}")) {
      value = value * 16 + digit(take());
      if (value > last_rune) throw Broken{};
    }
    return value;
  }

  char32_t class_rune() {
    const char32_t rune = take();
    return rune == U'\\' ? escaped_rune() : rune;
  }

  void add_named_class(std::size_t end, Ranges& ranges) {
    std::u32string name(rest().substr(2, end - 2));
    position_ += end + 2;
    const bool negated = name.starts_with(U'^');
    const Ranges& found = posix_class(negated ? name.substr(1) : name);
    const Ranges added = negated ? inverted(found) : found;
    ranges.insert(ranges.end(), added.begin(), added.end());
  }

  void read_class() {
    const bool negated = accept(U"^");
    Ranges ranges;
    for (bool first = true; first || !rest().starts_with(U']'); first = false) {
      if (const std::size_t end = rest().find(U":]");
          rest().starts_with(U"[:") && end != rest().npos && end >= 2) {
        add_named_class(end, ranges);
        continue;
      }
      const Ranges* perl = rest().starts_with(U'\\') && rest().size() > 1 ? perl_class(rest()[1]) : nullptr;
      if (perl) {
        position_ += 2;
        ranges.insert(ranges.end(), perl->begin(), perl->end());
        continue;
      }
      const char32_t low = class_rune();
      char32_t high = low;
      if (rest().size() >= 2 && rest()[0] == U'-' && rest()[1] != U']') {
        take();
        high = class_rune();
        if (high < low) throw Broken{};
      }
      ranges.emplace_back(low, high);
    }
    take();
    add(State::Type::take, std::move(ranges), negated);
  }

  std::u32string runes_;
  std::size_t position_ = 0;
  std::vector<State> states_;
};

}  // namespace

std::optional<std::vector<IgnorePattern::State>> parse_ignore_expression(std::string_view expression) {
  try {
    return Parser(expression).run();
  } catch (const Broken&) {
    return {};
  }
}

}  // namespace devenv::build
