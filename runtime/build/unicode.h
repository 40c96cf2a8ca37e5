// Unicode's properties as Go 1.21 and later have them (Unicode 15.0), on which BuildKit's rules and dumps
// rest. Tables of our own: the C library's depend on the locale and its version. Pure; thread-safe.
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
