#include "json_form.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "text.h"

namespace devenv::build {
namespace {

// Go refuses to nest deeper; ours is smaller than its 10000 to spare the stack.
constexpr int max_depth = 1000;

struct Broken {
  std::size_t offset;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  JsonForm read_array() {
    JsonForm form{JsonForm::Kind::strings, {}, 0};
    expect('[');
    skip_blanks();
    if (!accept(']')) {
      do {
        skip_blanks();
        if (peek() == '"') {
          form.elements.push_back(read_string());
        } else {
          form.kind = JsonForm::Kind::not_strings;
          skip_value(1);
        }
        skip_blanks();
      } while (accept(','));
      expect(']');
    }
    skip_blanks();
    if (position_ != text_.size()) throw Broken{position_};
    if (overflow_at_) return {JsonForm::Kind::broken, {}, *overflow_at_};
    return form;
  }

 private:
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  bool accept(char c) {
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) throw Broken{position_};
  }
  void skip_blanks() {
    while (position_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos)
      ++position_;
  }

  unsigned read_hex() {
    unsigned value = 0;
    for (int i = 0; i < 4; ++i) {
      const std::string_view digits = "0123456789abcdef";
      const auto digit = digits.find(to_lower(std::string_view(text_).substr(position_, 1)));
      if (position_ >= text_.size() || digit == digits.npos) throw Broken{position_};
      value = value << 4 | static_cast<unsigned>(digit);
      ++position_;
    }
    return value;
  }

  // A surrogate without its other half becomes U+FFFD, as in Go.
  char32_t read_unicode_escape() {
    const unsigned first = read_hex();
    if (first < 0xD800 || first > 0xDFFF) return first;
    const std::size_t back = position_;
    if (first < 0xDC00 && text_.substr(position_, 2) == "\\u") {
      position_ += 2;
      const unsigned second = read_hex();
      if (second >= 0xDC00 && second <= 0xDFFF) return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
      position_ = back;
    }
    return 0xFFFD;
  }

  void read_escape(std::string& out) {
    static constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    if (accept('u')) return append_rune(out, read_unicode_escape());
    const auto found = position_ < text_.size() ? names.find(text_[position_]) : names.npos;
    if (found == names.npos) throw Broken{position_};
    out += values[found];
    ++position_;
  }

  std::string read_string() {
    std::string out;
    expect('"');
    while (!accept('"')) {
      if (position_ >= text_.size() || static_cast<unsigned char>(text_[position_]) < 0x20)
        throw Broken{position_};
      if (accept('\\')) {
        read_escape(out);
        continue;
      }
      const Rune rune = decode_rune(text_.substr(position_));
      append_rune(out, rune.value);
      position_ += rune.width;
    }
    return out;
  }

  void skip_digits() {
    const std::size_t start = position_;
    while (peek() >= '0' && peek() <= '9') ++position_;
    if (position_ == start) throw Broken{position_};
  }

  void skip_number() {
    const std::size_t start = position_;
    accept('-');
    if (!accept('0')) skip_digits();
    if (accept('.')) skip_digits();
    if (accept('e') || accept('E')) {
      if (!accept('+')) accept('-');
      skip_digits();
    }
    // Go cannot store it in a float64, which is another error than "no string": the shell form.
    double value = 0;
    if (std::sscanf(std::string(text_.substr(start, position_ - start)).c_str(), "%lf", &value) == 1 &&
        (value > 1.7976931348623157e308 || value < -1.7976931348623157e308) && !overflow_at_)
      overflow_at_ = start;
  }

  void skip_members(char close, bool object, int depth) {
    ++position_;
    skip_blanks();
    if (accept(close)) return;
    do {
      skip_blanks();
      if (object) {
        read_string();
        skip_blanks();
        expect(':');
      }
      skip_value(depth + 1);
      skip_blanks();
    } while (accept(','));
    expect(close);
  }

  void skip_value(int depth) {
    if (depth > max_depth) throw Broken{position_};
    skip_blanks();
    switch (peek()) {
      case '"':
        read_string();
        return;
      case '[':
        return skip_members(']', false, depth);
      case '{':
        return skip_members('}', true, depth);
      default:
        break;
    }
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(position_, word.size()) != word) continue;
      position_ += word.size();
      return;
    }
    skip_number();
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::optional<std::size_t> overflow_at_;
};

}  // namespace

JsonForm read_json_form(std::string_view text) {
  const std::string_view rest = trim_left(text);
  const std::size_t skipped = text.size() - rest.size();
  if (!rest.starts_with('[')) return {};
  try {
    JsonForm form = Reader(rest).read_array();
    form.offset += skipped;
    return form;
  } catch (const Broken& broken) {
    return {JsonForm::Kind::broken, {}, broken.offset + skipped};
  }
}

std::string explain_broken_json(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "it ends too early";
  const Rune rune = decode_rune(text.substr(offset));
  const std::size_t character = to_runes(text.substr(0, offset)).size() + 1;
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), "U+%04X", static_cast<unsigned>(rune.value));
  std::string shown;
  append_rune(shown, rune.value);
  std::string out = "character " + std::to_string(character) + " is '" + shown + "' (" + code.data() + ")";
  static constexpr std::u32string_view curly =
      U"\u2018\u2019\u201A\u201C\u201D\u201E\u00AB\u00BB\u2032\u2033`";
  if (curly.find(rune.value) != curly.npos || rune.value == '\'')
    out += ", JSON strings need the straight \"";
  return out;
}

}  // namespace devenv::build
