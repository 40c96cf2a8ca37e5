#include "resolv_conf.h"

#include "runtime/base/fields.h"

namespace devenv::net {

namespace {

constexpr std::size_t kMostNameservers = 8;
constexpr std::size_t kMostWords = 32;

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (const std::string_view word : fields(line, " \t\r\v\f")) {
    // A comment may also follow on the line, glibc and musl agree on both characters.
    if (words.size() > kMostWords || word.front() == '#' || word.front() == ';') break;
    words.emplace_back(word);
  }
  return words;
}

std::string joined(const char* keyword, const std::vector<std::string>& words) {
  std::string line = keyword;
  for (const auto& word : words) line += " " + word;
  return words.empty() ? "" : line + "\n";
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf conf;
  for (const std::string_view line : lines(text)) {
    std::vector<std::string> words = words_of(line);
    if (words.size() < 2) continue;
    const std::string keyword = std::move(words.front());
    words.erase(words.begin());
    if (keyword == "nameserver" && conf.nameservers.size() < kMostNameservers)
      conf.nameservers.push_back(words.front());
    else if (keyword == "search" || keyword == "domain")
      conf.search = std::move(words);  // the last one counts
    else if (keyword == "options")
      conf.options.insert(conf.options.end(), words.begin(), words.end());
  }
  if (conf.nameservers.empty()) conf.nameservers.emplace_back("127.0.0.1");
  return conf;
}

std::string container_resolv_conf(Subnet subnet, const ResolvConf& host, bool internal) {
  const std::string own = "nameserver " + subnet.gateway().text() + "\n";
  return internal ? own : own + joined("search", host.search) + joined("options", host.options);
}

}  // namespace devenv::net
