// Unicode's properties as Go has them, on which BuildKit's rules and dumps rest: by libutf8proc, not the C
// library, whose answers depend on the locale. Go 1.21 and later and utf8proc 2.8 both know Unicode 15.0 and
// agree on every code point. A later utf8proc knows more letters: a name may then hold one of those which
// BuildKit refuses, nothing else. Thread-safe.
#pragma once

namespace devenv::build {

/// Go's strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
bool is_printable(char32_t rune);
/// Category L.
bool is_letter(char32_t rune);
/// Category Nd.
bool is_digit(char32_t rune);
/// The simple mapping; a rune without one is itself.
char32_t to_lower(char32_t rune);

}  // namespace devenv::build
