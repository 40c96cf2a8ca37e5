#include "lexer.h"

#include <devenv/error.h>

#include <algorithm>

#include "expand.h"
#include "text.h"

namespace devenv::build {
namespace {

// BuildKit's, so that what builds here builds there: without the newline.
constexpr std::size_t max_line = 64 * 1024 - 1;

std::string_view trim_newline(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

bool is_comment(std::string_view line) { return trim_left(line).starts_with('#'); }

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Blanks as Go's regexp \s has them: no vertical tab.
std::string_view trim_regexp_blanks(std::string_view text) {
  static constexpr std::string_view blanks = "\t\n\f\r ";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<Directive> match_directive(std::string_view line) {
  if (!line.starts_with('#')) return {};
  line = trim_left(line.substr(1));
  const std::size_t name_end =
      static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_alphanumeric) - line.begin());
  const std::string_view name = line.substr(0, name_end);
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return {};
  const std::size_t equals = line.find_first_not_of("\t\n\f\r ", name_end);
  if (equals == line.npos || line[equals] != '=') return {};
  std::string_view value = line.substr(equals + 1);
  if (value.empty()) return {};
  const std::string_view trimmed = trim_regexp_blanks(value);
  // Of blanks alone Go's (.+?) takes the last.
  value = trimmed.empty() ? value.substr(value.size() - 1) : trimmed;
  Directive directive{to_lower(name), std::string(value), 0};
  if (directive.name != "syntax" && directive.name != "escape" && directive.name != "check") return {};
  return directive;
}

}  // namespace

void fail_at(const std::string& file, int line, const std::string& message, const std::string& hint) {
  throw Error(file + ":" + std::to_string(line) + ": " + message, hint);
}

Lexer::Lexer(std::string_view text, std::string file, char escape)
    : rest_(text), file_(std::move(file)), escape_(escape) {
  if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
}

std::optional<std::string_view> Lexer::read_line() {
  if (rest_.empty()) return {};
  const std::size_t end = std::min(rest_.find('\n'), rest_.size() - 1) + 1;
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end);
  ++line_;
  if (line.size() > max_line + line.ends_with('\n'))
    fail_at(file_, line_, "dockerfile line greater than max allowed size of " + std::to_string(max_line),
            "Docker refuses it too; break the line with " + std::string(1, escape_));
  return line;
}

bool Lexer::read_directive(std::string_view line) {
  if (directives_done_) return false;
  std::optional<Directive> directive = match_directive(line);
  if (!directive) {
    directives_done_ = true;
    return false;
  }
  for (const Directive& seen : directives_)
    if (seen.name == directive->name)
      fail_at(file_, line_, "only one " + seen.name + " parser directive can be used",
              "the first is on line " + std::to_string(seen.line));
  if (directive->name == "escape") {
    if (directive->value != "\\" && directive->value != "`")
      fail_at(file_, line_, "invalid escape token '" + directive->value + "'", "use ` or \\");
    escape_ = directive->value[0];
  }
  directive->line = line_;
  directives_.push_back(std::move(*directive));
  return true;
}

// The escape character joins lines when it is the last one but for blanks, unless it is itself escaped.
bool Lexer::strip_continuation(std::string_view& line) const {
  const std::size_t last = line.find_last_not_of(" \t");
  if (last == line.npos || line[last] != escape_) return false;
  if (last > 0 && line[last - 1] == escape_) return false;
  line = line.substr(0, last);
  return true;
}

void Lexer::join(LogicalLine& line) {
  bool empty_line = false;
  for (bool more = true; more;) {
    const auto read = read_line();
    if (!read) break;
    std::string_view text = trim_newline(*read);
    if (is_comment(text)) continue;
    if (trim_left(text).empty()) {
      empty_line = true;
      continue;
    }
    more = strip_continuation(text);
    line.text += text;
  }
  if (empty_line)
    warnings_.push_back({"NoEmptyContinuation", "Empty continuation line found in: " + line.text, line_});
}

std::optional<LogicalLine> Lexer::next() {
  LogicalLine line;
  while (const auto read = read_line()) {
    std::string_view text = trim_left(trim_newline(*read));
    if (read_directive(text)) continue;
    if (text.starts_with('#')) {
      const std::string_view comment = trim(text.substr(1));
      if (comment.empty())
        line.comments.clear();
      else
        line.comments.emplace_back(comment);
      continue;
    }
    const bool more = strip_continuation(text);
    if (!more && text.empty()) continue;
    line.first = line_;
    line.text = text;
    if (more) join(line);
    return line;
  }
  return {};
}

void Lexer::read_body(Heredoc& heredoc, int first_line) {
  while (const auto line = read_line()) {
    std::string_view end = trim_newline(*line);
    if (heredoc.chomp) end.remove_prefix(std::min(end.size(), end.find_first_not_of('\t')));
    if (end == heredoc.name) return;
    heredoc.content += *line;
  }
  fail_at(file_, first_line, "unterminated heredoc <<" + heredoc.name,
          "end it with a line that holds only " + heredoc.name);
}

std::optional<Heredoc> read_heredoc_marker(std::string_view word) {
  const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  std::string_view rest = word.substr(digits);
  if (!rest.starts_with("<<")) return {};
  rest.remove_prefix(2);
  Heredoc heredoc;
  heredoc.chomp = rest.starts_with('-');
  if (heredoc.chomp) rest.remove_prefix(1);
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of("\t\n\f\r ")));
  if (rest.empty() || rest.find('<') != rest.npos) return {};
  for (const char digit : word.substr(0, std::min<std::size_t>(digits, 9)))
    heredoc.fd = heredoc.fd * 10 + static_cast<unsigned>(digit - '0');

  const auto plain = expand(rest, {}, {.keep_unset = true}).words;
  if (plain.size() != 1) return {};
  const auto raw = expand(rest, {}, {.raw_quotes = true, .keep_unset = true}).words;
  if (raw.size() != 1) throw Error("read heredoc marker " + quote(word) + ": quotes do not match");
  const auto quotes = [](const std::string& text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return c == '\'' || c == '"'; });
  };
  heredoc.name = plain[0];
  heredoc.expand = quotes(plain[0]) == quotes(raw[0]);
  return heredoc;
}

std::vector<Heredoc> find_heredocs(std::string_view line) {
  std::vector<std::string> words;
  try {
    words = expand(line, {}, {.raw_quotes = true, .raw_escapes = true, .keep_unset = true}).words;
  } catch (const Error&) {
    return {};  // an unmatched quote is the shell's business: no heredoc here
  }
  std::vector<Heredoc> found;
  for (const std::string& word : words)
    if (auto heredoc = read_heredoc_marker(word)) found.push_back(std::move(*heredoc));
  return found;
}

std::string chomp_tabs(std::string_view content) {
  std::string out;
  bool line_start = true;
  for (const char c : content) {
    if (line_start && c == '\t') continue;
    out += c;
    line_start = c == '\n';
  }
  return out;
}

}  // namespace devenv::build
