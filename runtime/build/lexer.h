// Cuts a Dockerfile into logical lines: directives read, comments dropped, continuations joined, heredoc
// bodies on request. Holds views into the text given, which must outlive it. Pure; one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/build/warning.h"

namespace devenv::build {

/// `# name=value` at the very top: syntax, escape or check.
struct Directive {
  std::string name;
  std::string value;
  int line = 0;
};

struct LogicalLine {
  std::string text;                   ///< joined, without comments; leading blanks of continuation lines stay
  int first = 0;                      ///< 1-based
  std::vector<std::string> comments;  ///< the comment lines right before it
};

struct Heredoc {
  std::string name;
  std::string content;
  bool expand = true;  ///< nothing in the marker was quoted
  bool chomp = false;  ///< <<-: leading tabs go
  unsigned fd = 0;
};

class Lexer {
 public:
  /// Drops a BOM. `file` is for messages.
  Lexer(std::string_view text, std::string file, char escape = '\\');

  /// The next instruction's line; nullopt at the end. Throws Error "<file>:<line>: …".
  std::optional<LogicalLine> next();
  /// Reads the body that follows the current line. Throws Error when it is not terminated.
  void read_body(Heredoc& heredoc, int first_line);

  int line() const { return line_; }
  char escape() const { return escape_; }
  const std::vector<Directive>& directives() const { return directives_; }
  std::vector<Warning>& warnings() { return warnings_; }

 private:
  std::optional<std::string_view> read_line();
  bool read_directive(std::string_view line);
  bool strip_continuation(std::string_view& line) const;
  void join(LogicalLine& line);

  std::string_view rest_;
  std::string file_;
  int line_ = 0;
  char escape_ = '\\';
  bool directives_done_ = false;
  std::vector<Directive> directives_;
  std::vector<Warning> warnings_;
};

/// The error every module of the builder throws about a place in a Dockerfile.
[[noreturn]] void fail_at(const std::string& file, int line, const std::string& message,
                          const std::string& hint = {});

/// The markers `<<EOF` among the words of an instruction's line, in order, without their bodies.
std::vector<Heredoc> find_heredocs(std::string_view line);
/// One word as a marker; nullopt when it is none. Throws Error on an unmatched quote in it.
std::optional<Heredoc> read_heredoc_marker(std::string_view word);
/// `content` without the tabs at the start of its lines.
std::string chomp_tabs(std::string_view content);

}  // namespace devenv::build
