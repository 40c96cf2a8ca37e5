// Pairs on the command line: environment, labels, extra hosts. All throw UsageError naming the value and the
// right form.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devenv::cli {

using Pair = std::pair<std::string, std::string>;

/// Looks a name up in the caller's environment.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> from_environment(const std::string& name);

/// "K=V", or "K" taken from the environment: nullopt when it is not set there.
std::optional<Pair> parse_env(const std::string& text, const Lookup& lookup);

/// The lines of an --env-file: no quotes, no interpolation, '#' starts a comment line, a bare KEY imports.
/// `name` is for messages.
std::vector<Pair> parse_env_file(std::string_view text, const std::string& name, const Lookup& lookup);
/// The same of a file. Throws UsageError, SystemError.
std::vector<Pair> read_env_file(const std::string& path, const Lookup& lookup);

/// "K=V", or "K" with an empty value.
Pair parse_label(const std::string& text);

/// "K=V", or "K" whose value is looked up (--build-arg): nullopt when unset.
std::optional<Pair> parse_build_arg(const std::string& text, const Lookup& lookup);

/// "NAME:ADDRESS" or "NAME=ADDRESS", IPv6 in brackets or bare.
Pair parse_extra_host(const std::string& text);

/// "id=NAME,src=FILE" (or source=), as --secret takes it.
Pair parse_secret(const std::string& text);

}  // namespace devenv::cli
