#include "signals.h"

#include <signal.h>

#include <cctype>
#include <charconv>
#include <cstring>
#include <string_view>

namespace devenv {
namespace {

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<int> in_range(std::optional<int> number) {
  return number && *number >= 1 && *number <= SIGRTMAX ? number : std::nullopt;
}

}  // namespace

std::optional<int> signal_number(const std::string& text) {
  if (const auto number = whole_number(text)) return in_range(number);
  std::string name = text;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int number = 1; number < NSIG; ++number) {
    const char* abbreviation = sigabbrev_np(number);
    if (abbreviation != nullptr && name == abbreviation) return number;
  }
  if (name == "RTMIN") return SIGRTMIN;
  if (name == "RTMAX") return SIGRTMAX;
  if (!name.starts_with("RTMIN+") && !name.starts_with("RTMAX-")) return std::nullopt;
  const auto offset = whole_number(std::string_view(name).substr(6));
  if (!offset || *offset > SIGRTMAX - SIGRTMIN) return std::nullopt;
  return name[5] == '+' ? SIGRTMIN + *offset : SIGRTMAX - *offset;
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace devenv
