#include "words.h"

#include <devenv/error.h>

#include "text.h"

namespace devenv::build {
namespace {

// Flags go byte by byte, as in BuildKit.
bool is_byte_space(char c) { return is_space(static_cast<unsigned char>(c)); }

// Each byte becomes a rune of its own, so what is not ASCII is written as Latin-1.
void append_byte(std::string& word, char c) { append_rune(word, static_cast<unsigned char>(c)); }

class FlagReader {
 public:
  FlagReader(std::string_view line, char escape) : line_(line), escape_(escape) {}

  std::vector<std::string> flags;

  /// Returns what follows the flags.
  std::string_view run() {
    for (;;) {
      while (position_ < line_.size() && is_byte_space(line_[position_])) ++position_;
      if (!line_.substr(position_).starts_with("--")) return line_.substr(position_);
      const std::string word = read_word();
      if (word == "--") return line_.substr(position_);
      if (quoted_ || !word.empty()) flags.push_back(word);
    }
  }

 private:
  std::string read_word() {
    std::string word;
    char quote = '\0';
    quoted_ = false;
    for (; position_ < line_.size(); ++position_) {
      char c = line_[position_];
      if (quote == '\0' && is_byte_space(c)) break;
      if (quote == '\0' && (c == '\'' || c == '"')) {
        quote = c;
        quoted_ = true;
      } else if (quote != '\0' && c == quote) {
        quote = '\0';
      } else if (c == escape_) {
        if (position_ + 1 == line_.size()) continue;
        append_byte(word, line_[++position_]);
      } else {
        append_byte(word, c);
      }
    }
    return word;
  }

  std::string_view line_;
  char escape_;
  std::size_t position_ = 0;
  bool quoted_ = false;
};

class WordReader {
 public:
  WordReader(std::string_view rest, char escape) : rest_(rest), escape_(static_cast<unsigned char>(escape)) {}

  std::vector<std::string> run() {
    std::vector<std::string> words;
    for (;;) {
      rest_ = trim_left(rest_);
      if (rest_.empty()) return words;
      bool quoted = false;
      std::string word = read_word(quoted);
      if (quoted || !word.empty()) words.push_back(std::move(word));
    }
  }

 private:
  char32_t take() {
    const Rune rune = decode_rune(rest_);
    rest_.remove_prefix(rune.width);
    return rune.value;
  }

  std::string read_word(bool& quoted) {
    std::string word;
    char32_t quote = 0;
    while (!rest_.empty()) {
      if (quote == 0 && is_space(decode_rune(rest_).value)) break;
      const char32_t rune = take();
      if (quote == 0 && (rune == U'\'' || rune == U'"')) {
        quote = rune;
        quoted = true;
      } else if (quote != 0 && rune == quote) {
        quote = 0;
      } else if (rune == escape_ && quote != U'\'') {
        if (rest_.empty()) break;  // a lone escape at the end vanishes
        append_rune(word, rune);
        append_rune(word, take());
        continue;
      }
      append_rune(word, rune);
    }
    return word;
  }

  std::string_view rest_;
  char32_t escape_;
};

}  // namespace

SplitLine split_instruction(std::string_view line, char escape) {
  const std::vector<std::string> parts = split_fields(trim(line), 2);
  SplitLine split{parts[0], {}, {}};
  if (parts.size() < 2) return split;
  FlagReader reader(parts[1], escape);
  split.rest = trim(reader.run());
  split.flags = std::move(reader.flags);
  return split;
}

std::vector<std::string> split_words(std::string_view rest, char escape) {
  return WordReader(rest, escape).run();
}

std::vector<std::string> split_pairs(std::string_view rest, char escape, const std::string& instruction) {
  const std::vector<std::string> words = split_words(rest, escape);
  if (words.empty()) return {};
  if (words[0].find('=') == std::string::npos) {
    const std::vector<std::string> parts = split_fields(rest, 2);
    if (parts.size() < 2)
      throw Error(instruction + " must have two arguments",
                  "write " + instruction + " " + parts[0] + "=value");
    return {parts[0], parts[1], ""};
  }
  std::vector<std::string> pairs;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw Error("Syntax error - can't find = in " + quote(word) + ". Must be of the form: name=value",
                  "quote a value that holds blanks");
    pairs.insert(pairs.end(), {word.substr(0, equals), word.substr(equals + 1), "="});
  }
  return pairs;
}

}  // namespace devenv::build
