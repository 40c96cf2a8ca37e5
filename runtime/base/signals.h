// Signals by name, as people and Dockerfiles write them. Pure.
#pragma once

#include <optional>
#include <string>

namespace devenv {

/// "SIGTERM", "term", "15", "SIGRTMIN+3" → its number; nullopt for anything else.
std::optional<int> signal_number(const std::string& text);

/// "SIGKILL"; "signal 40" for one without a name.
std::string signal_name(int number);

}  // namespace devenv
