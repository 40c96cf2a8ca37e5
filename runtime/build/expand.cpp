#include "expand.h"

#include <devenv/error.h>

#include <utility>

#include "shell_pattern.h"
#include "text.h"

namespace devenv::build {
namespace {

constexpr char32_t end_of_text = 0xFFFFFFFF;

// Nesting of ${…${…}} and of the recursion it means.
constexpr int max_depth = 200;

class Words {
 public:
  void add(char32_t rune) {
    if (!is_space(rune)) return add_raw(rune);
    if (!in_word_ || word_.empty()) return;
    finish();
  }
  void add(const std::u32string& text) {
    for (const char32_t rune : text) add(rune < raw_byte ? rune : replacement_rune);
  }
  void add_raw(char32_t rune) {
    append_rune(word_, rune);
    in_word_ = true;
  }
  void add_raw(const std::u32string& text) {
    word_ += to_utf8(text);
    in_word_ = true;
  }
  std::vector<std::string> take() && {
    if (!word_.empty()) finish();
    return std::move(words_);
  }

 private:
  void finish() {
    words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }
  std::string word_;
  std::vector<std::string> words_;
  bool in_word_ = false;
};

struct Piece {
  std::u32string text;
  std::vector<std::string> words;
};

class ShellLexer {
 public:
  ShellLexer(std::string_view word, const Variables& variables, const ExpandOptions& options)
      : runes_(to_runes(word)),
        variables_(variables),
        options_(options),
        escape_(static_cast<unsigned char>(options.escape)),
        raw_escapes_(options.raw_escapes) {
    if (peek() == U'\uFEFF') ++position_;
  }

  Piece run_to_end() { return run(end_of_text, {.raw_escapes = raw_escapes_}); }

  std::set<std::string> used, unset;

 private:
  char32_t peek() const { return position_ < runes_.size() ? runes_[position_] : end_of_text; }
  char32_t next() {
    const char32_t rune = peek();
    if (rune != end_of_text) ++position_;
    return rune;
  }

  /// How the text up to a stop is taken: escapes kept, and inside quotes doubled, where it is a pattern in
  /// which they will be read once more.
  struct Mode {
    bool raw_escapes = false;
    bool pattern = false;
  };

  Piece run(char32_t stop, Mode mode);
  void read_ordinary(std::u32string& text, Words& words);
  std::u32string read_special(bool pattern);
  std::u32string read_single_quotes(bool pattern);
  std::u32string read_double_quotes(bool pattern);
  std::u32string read_heredoc_marker();
  std::u32string read_dollar();
  std::u32string read_braces();
  std::u32string read_modified(const std::string& name, char32_t modifier);
  std::u32string read_replacement(const std::string& name);
  std::u32string apply(const std::string& name, char32_t modifier, bool null_is_unset,
                       const std::u32string& word);
  std::u32string operand(char32_t stop, Mode mode, const char* missing);
  std::string read_name();
  const std::string* find(const std::string& name);

  std::u32string runes_;
  std::size_t position_ = 0;
  const Variables& variables_;
  const ExpandOptions& options_;
  char32_t escape_;
  bool raw_escapes_;
  int depth_ = 0;
};

std::u32string value_of(const std::string* value) { return value ? to_raw_runes(*value) : std::u32string{}; }

Piece ShellLexer::run(char32_t stop, Mode mode) {
  if (++depth_ > max_depth) throw Error("syntax error: nested too deeply");
  const bool outer_raw = std::exchange(raw_escapes_, mode.raw_escapes);
  std::u32string text;
  Words words;
  while (peek() != end_of_text) {
    const char32_t rune = peek();
    if (rune == stop) {
      next();
      raw_escapes_ = outer_raw;
      --depth_;
      return {text, std::move(words).take()};
    }
    const bool quotes = (rune == U'\'' || rune == U'"') && !options_.skip_quotes;
    if (rune != U'$' && rune != U'<' && !quotes) {
      read_ordinary(text, words);
      continue;
    }
    const std::u32string read = read_special(mode.pattern);
    text += read;
    if (rune == U'$')
      words.add(read);
    else
      words.add_raw(read);
  }
  raw_escapes_ = outer_raw;
  if (stop != end_of_text)
    throw Error("unexpected end of statement while looking for matching " + to_utf8(std::u32string(1, stop)));
  --depth_;
  return {text, std::move(words).take()};
}

void ShellLexer::read_ordinary(std::u32string& text, Words& words) {
  char32_t rune = next();
  if (rune != escape_) {
    words.add(rune);
    text += rune;
    return;
  }
  if (raw_escapes_) {
    words.add_raw(rune);
    text += rune;
  }
  rune = next();
  if (rune == end_of_text) return;
  words.add_raw(rune);
  text += rune;
}

std::u32string ShellLexer::read_special(bool pattern) {
  switch (peek()) {
    case U'$':
      return read_dollar();
    case U'<':
      return read_heredoc_marker();
    case U'"':
      return read_double_quotes(pattern);
    default:
      return read_single_quotes(pattern);
  }
}

std::u32string ShellLexer::read_single_quotes(bool pattern) {
  std::u32string text;
  const char32_t quote = next();
  if (options_.raw_quotes) text += quote;
  for (;;) {
    const char32_t rune = next();
    if (rune == end_of_text)
      throw Error("unexpected end of statement while looking for matching single-quote");
    if (rune == quote) {
      if (options_.raw_quotes) text += quote;
      return text;
    }
    if (pattern && rune == escape_) text += rune;
    text += rune;
  }
}

std::u32string ShellLexer::read_double_quotes(bool pattern) {
  std::u32string text;
  const char32_t quote = next();
  if (options_.raw_quotes) text += quote;
  for (;;) {
    if (peek() == end_of_text)
      throw Error("unexpected end of statement while looking for matching double-quote");
    if (peek() == quote) {
      next();
      if (options_.raw_quotes) text += quote;
      return text;
    }
    if (peek() == U'$') {
      text += read_dollar();
      continue;
    }
    char32_t rune = next();
    if (rune == escape_) {
      if (peek() == end_of_text) continue;
      // Only these can be escaped in double quotes; before others the escape stays.
      const bool escapes = peek() == quote || peek() == U'$' || peek() == escape_;
      if (raw_escapes_ && (escapes || !options_.raw_quotes || pattern)) text += rune;
      if (escapes) rune = next();
    }
    text += rune;
  }
}

// Blanks between << and its word belong to the word, so that `<< EOF` is one.
std::u32string ShellLexer::read_heredoc_marker() {
  next();
  if (peek() != U'<') return U"<";
  next();
  std::u32string text = U"<<";
  while (peek() == U' ' || peek() == U'\t' || peek() == U'\r') text += next();
  return text;
}

std::u32string ShellLexer::read_dollar() {
  next();
  if (peek() == U'{') return read_braces();
  const std::string name = read_name();
  if (name.empty()) return U"$";
  const std::string* value = find(name);
  if (!value && options_.keep_unset) return U"$" + to_runes(name);
  return value_of(value);
}

std::u32string ShellLexer::read_braces() {
  next();
  switch (peek()) {
    case end_of_text:
      throw Error("syntax error: missing '}'");
    case U'{':
    case U'}':
    case U':':
      throw Error("syntax error: bad substitution");
    default:
      break;
  }
  const std::string name = read_name();
  const char32_t modifier = next();
  switch (modifier) {
    case U'}': {
      const std::string* value = find(name);
      if (!value && options_.keep_unset) return U"${" + to_runes(name) + U"}";
      return value_of(value);
    }
    case U':':
    case U'+':
    case U'-':
    case U'?':
    case U'#':
    case U'%':
      return read_modified(name, modifier);
    case U'/':
      return read_replacement(name);
    case end_of_text:
      throw Error("syntax error: missing '}'");
    default:
      throw Error("unsupported modifier (" + to_utf8(std::u32string(1, modifier)) + ") in substitution");
  }
}

std::u32string ShellLexer::operand(char32_t stop, Mode mode, const char* missing) {
  try {
    return run(stop, mode).text;
  } catch (const Error&) {
    if (peek() == end_of_text) throw Error(missing);
    throw;
  }
}

std::u32string ShellLexer::read_modified(const std::string& name, char32_t modifier) {
  std::u32string shown(1, modifier);
  const bool null_is_unset = modifier == U':';
  if (null_is_unset) {
    modifier = next();
    if (modifier != end_of_text) shown += modifier;
  }
  const bool strips = modifier == U'#' || modifier == U'%';
  const std::u32string word = operand(U'}', {strips, strips}, "syntax error: missing '}'");
  if ((strips && null_is_unset) || std::u32string_view(U"+-?#%").find(modifier) == std::u32string_view::npos)
    throw Error("unsupported modifier (" + to_utf8(shown) + ") in substitution");
  if (!find(name) && options_.keep_unset) return U"${" + to_runes(name) + shown + word + U"}";
  return apply(name, modifier, null_is_unset, word);
}

std::u32string ShellLexer::apply(const std::string& name, char32_t modifier, bool null_is_unset,
                                 const std::u32string& word) {
  const std::string* value = find(name);
  const bool missing = !value || (null_is_unset && value->empty());
  switch (modifier) {
    case U'-':
      return missing ? word : value_of(value);
    case U'+':
      return missing ? std::u32string{} : word;
    case U'?':
      if (!missing) return value_of(value);
      if (!word.empty()) throw Error(name + ": " + to_utf8(word));
      throw Error(name + ": is not allowed to be " + (value ? "empty" : "unset"));
    default:
      break;
  }
  const bool greedy = word.starts_with(modifier);
  const std::u32string pattern = word.substr(greedy);
  return modifier == U'#' ? strip_prefix(pattern, value_of(value), greedy)
                          : strip_suffix(pattern, value_of(value), greedy);
}

std::u32string ShellLexer::read_replacement(const std::string& name) {
  const bool all = peek() == U'/';
  if (all) next();
  const std::u32string pattern = operand(U'/', {true, true}, "syntax error: missing '/' in ${}");
  const std::u32string replacement = operand(U'}', {true, false}, "syntax error: missing '}'");
  const std::string* value = find(name);
  if (!value && options_.keep_unset)
    return U"${" + to_runes(name) + U"/" + pattern + U"/" + replacement + U"}";
  return all ? replace_all(pattern, value_of(value), replacement)
             : replace_first(pattern, value_of(value), replacement);
}

std::string ShellLexer::read_name() {
  std::string name;
  if (is_digit(peek())) {
    while (is_digit(peek())) append_rune(name, next());
    return name;
  }
  // Special parameters are one character long; they are never set.
  if (peek() != end_of_text && std::u32string_view(U"@*#?-$!0").find(peek()) != std::u32string_view::npos)
    return to_utf8(std::u32string(1, next()));
  while (is_letter(peek()) || is_digit(peek()) || peek() == U'_') append_rune(name, next());
  return name;
}

const std::string* ShellLexer::find(const std::string& name) {
  const auto found = variables_.find(name);
  (found == variables_.end() ? unset : used).insert(name);
  return found == variables_.end() ? nullptr : &found->second;
}

}  // namespace

Expansion expand(std::string_view word, const Variables& variables, const ExpandOptions& options) {
  ShellLexer lexer(word, variables, options);
  try {
    Piece piece = lexer.run_to_end();
    return {to_utf8(piece.text), std::move(piece.words), std::move(lexer.used), std::move(lexer.unset)};
  } catch (const Error& error) {
    throw Error("process " + quote(word) + ": " + error.what());
  }
}

std::string process_word(std::string_view word, const Variables& variables, char escape) {
  return expand(word, variables, {.escape = escape}).text;
}

std::vector<std::string> process_words(std::string_view word, const Variables& variables, char escape) {
  return expand(word, variables, {.escape = escape}).words;
}

}  // namespace devenv::build
