#include "key_value.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "adapters/cli/usage_error.h"
#include "runtime/base/files.h"

namespace devenv::cli {
namespace {

constexpr std::size_t max_env_file_bytes = 16u << 20;

std::optional<Pair> name_and_value(const std::string& text, const Lookup& lookup) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos) return Pair{text.substr(0, equals), text.substr(equals + 1)};
  if (auto value = lookup(text)) return Pair{text, std::move(*value)};
  return std::nullopt;
}

}  // namespace

std::optional<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<Pair> parse_env(const std::string& text, const Lookup& lookup) {
  if (text.empty() || text[0] == '=')
    throw UsageError("read variable \"" + text + "\": it has no name",
                     "the form is NAME=VALUE, or NAME to pass on your own, as in -e DEBUG=1");
  return name_and_value(text, lookup);
}

std::optional<Pair> parse_build_arg(const std::string& text, const Lookup& lookup) {
  if (text.empty() || text[0] == '=')
    throw UsageError("read build argument \"" + text + "\": it has no name",
                     "the form is NAME=VALUE, or NAME to pass on your own");
  return name_and_value(text, lookup);
}

std::vector<Pair> parse_env_file(std::string_view text, const std::string& name, const Lookup& lookup) {
  std::vector<Pair> pairs;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos || line[start] == '#') continue;
    line.remove_prefix(start);
    const std::string_view key = line.substr(0, line.find('='));
    const std::string place = "read " + name + ":" + std::to_string(number) + ": ";
    if (key.empty()) throw UsageError(place + "a variable without a name", "each line is NAME=VALUE or NAME");
    if (key.find_first_of(" \t") != std::string_view::npos)
      throw UsageError(place + "the name \"" + std::string(key) + "\" holds a space",
                       "each line is NAME=VALUE or NAME");
    if (auto pair = name_and_value(std::string(line), lookup)) pairs.push_back(std::move(*pair));
  }
  return pairs;
}

std::vector<Pair> read_env_file(const std::string& path, const Lookup& lookup) {
  const std::string action = "read env file " + path;
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    throw UsageError(action + ": it is a directory", "each line of the file is NAME=VALUE or NAME");
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw SystemError(errno, action, "check the path given with --env-file");
  return parse_env_file(read_all(file.get(), path, max_env_file_bytes), path, lookup);
}

Pair parse_label(const std::string& text) {
  if (text.empty() || text[0] == '=')
    throw UsageError("read label \"" + text + "\": it has no name",
                     "the form is NAME=VALUE, as in -l tier=db");
  return *name_and_value(text, [](const std::string&) { return std::string(); });
}

Pair parse_extra_host(const std::string& text) {
  const UsageError bad("read host \"" + text + "\": not a name with an address",
                       "the form is NAME:ADDRESS, as in --add-host db:10.0.0.5");
  const std::size_t cut = text.find_first_of(":=");
  if (cut == std::string::npos || cut == 0) throw bad;
  std::string address = text.substr(cut + 1);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  unsigned char buffer[16];
  if (inet_pton(AF_INET, address.c_str(), buffer) != 1 && inet_pton(AF_INET6, address.c_str(), buffer) != 1)
    throw bad;
  return {text.substr(0, cut), address};
}

Pair parse_secret(const std::string& text) {
  Pair secret;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string field = text.substr(at, end - at);
    at = end + 1;
    if (field.starts_with("id="))
      secret.first = field.substr(3);
    else if (field.starts_with("src="))
      secret.second = field.substr(4);
    else if (field.starts_with("source="))
      secret.second = field.substr(7);
    else if (field != "type=file")
      secret.first.clear(), at = text.size() + 1;
  }
  if (secret.first.empty() || secret.second.empty())
    throw UsageError("read secret \"" + text + "\": an id and a source file are needed",
                     "the form is id=NAME,src=FILE");
  return secret;
}

}  // namespace devenv::cli
