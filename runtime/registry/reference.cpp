#include "reference.h"

#include <algorithm>
#include <optional>

namespace devenv::registry {
namespace {

constexpr std::string_view default_domain = "docker.io";
constexpr std::string_view legacy_domain = "index.docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr std::size_t path_limit = 255;
constexpr std::size_t tag_limit = 128;

// Locale-free, as Go's regular expressions are.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_lower(c) || is_upper(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool has_upper(std::string_view text) { return std::any_of(text.begin(), text.end(), is_upper); }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// [a-z0-9]+ joined by one of: a dot, one or two underscores, any number of dashes.
bool is_path_component(std::string_view text) {
  const auto alphanumeric = [](char c) { return is_lower(c) || is_digit(c); };
  std::size_t at = 0;
  const auto word = [&] {
    const std::size_t start = at;
    while (at < text.size() && alphanumeric(text[at])) ++at;
    return at > start;
  };
  if (!word()) return false;
  while (at < text.size()) {
    const char separator = text[at];
    const std::size_t start = at;
    while (at < text.size() && text[at] == separator) ++at;
    const std::size_t length = at - start;
    const bool valid =
        (separator == '.' && length == 1) || (separator == '_' && length <= 2) || separator == '-';
    if (!valid || !word()) return false;
  }
  return true;
}

bool is_path(std::string_view text) {
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!is_path_component(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_domain_component(std::string_view text) {
  const auto alphanumeric = [](char c) { return is_letter(c) || is_digit(c); };
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         all(text, [&](char c) { return alphanumeric(c) || c == '-'; });
}

bool is_domain_name(std::string_view text) {
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!is_domain_component(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_port(std::string_view text) { return !text.empty() && all(text, is_digit); }

bool is_domain(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    if (!all(text.substr(1, close - 1), [](char c) { return is_hex(c) || c == ':'; })) return false;
    const std::string_view rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (!is_domain_name(text.substr(0, colon))) return false;
  return colon == std::string_view::npos || is_port(text.substr(colon + 1));
}

bool is_tag(std::string_view text) {
  const auto word = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
  return !text.empty() && text.size() <= tag_limit && word(text.front()) &&
         all(text, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

/// The digest's shape in a reference; whether its algorithm and length are right is is_digest()'s question.
bool has_digest_shape(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view hex = text.substr(colon + 1);
  if (hex.size() < 32 || !all(hex, is_hex)) return false;
  bool at_start = true;  // of a component, which begins with a letter
  for (const char c : text.substr(0, colon)) {
    if (at_start
            ? !is_letter(c)
            : !(is_letter(c) || is_digit(c) || std::string_view("-_+.").find(c) != std::string_view::npos))
      return false;
    at_start = !is_letter(c) && !is_digit(c);
  }
  return !at_start;
}

struct Split {
  std::string domain, rest;
};

Split split_domain(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return {std::string(default_domain), std::string(official_prefix) + std::string(text)};
  const std::string_view first = text.substr(0, slash), rest = text.substr(slash + 1);
  Split result;
  if (first == legacy_domain)
    result = {std::string(default_domain), std::string(rest)};
  else if (first == "localhost" || first.find_first_of(".:") != std::string_view::npos || has_upper(first))
    result = {std::string(first), std::string(rest)};
  else
    result = {std::string(default_domain), std::string(text)};
  if (result.domain == default_domain && result.rest.find('/') == std::string::npos)
    result.rest.insert(0, official_prefix);
  return result;
}

/// The grammar alone: [domain/]path[:tag][@digest].
std::optional<Reference> match(std::string_view text) {
  Reference result;
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    result.digest = text.substr(at + 1);
    if (!has_digest_shape(result.digest)) return std::nullopt;
    text = text.substr(0, at);
  }
  const std::size_t last_slash = text.rfind('/');
  const std::size_t colon = text.find(':', last_slash == std::string_view::npos ? 0 : last_slash);
  if (colon != std::string_view::npos) {
    result.tag = text.substr(colon + 1);
    if (!is_tag(result.tag)) return std::nullopt;
    text = text.substr(0, colon);
  }
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && is_domain(text.substr(0, slash)) &&
      is_path(text.substr(slash + 1))) {
    result.domain = text.substr(0, slash);
    result.path = text.substr(slash + 1);
    return result;
  }
  if (!is_path(text)) return std::nullopt;
  result.path = text;
  return result;
}

constexpr char kLooks[] =
    "references look like [host[:port]/]name[:tag][@digest], a digest is sha256: and 64 hexadecimal digits";

[[noreturn]] void refuse(std::string_view text, const std::string& reason, const std::string& hint = {}) {
  throw Error("parse image reference \"" + std::string(text) + "\": " + reason, hint);
}

std::size_t digest_length(std::string_view algorithm) {
  if (algorithm == "sha256") return 64;
  if (algorithm == "sha384") return 96;
  if (algorithm == "sha512") return 128;
  return 0;
}

[[noreturn]] void refuse_digest(std::string_view text, const std::string& digest) {
  const std::string algorithm = digest.substr(0, digest.find(':'));
  const std::size_t length = digest_length(algorithm);
  if (length == 0) refuse(text, "unsupported digest algorithm " + algorithm, "use sha256, sha384 or sha512");
  refuse(text, "invalid digest; " + algorithm + " has " + std::to_string(length) + " lower-case hex digits");
}

}  // namespace

std::string Reference::name() const { return domain.empty() ? path : domain + "/" + path; }

std::string Reference::full() const {
  return name() + (tag.empty() ? "" : ":" + tag) + (digest.empty() ? "" : "@" + digest);
}

std::string Reference::familiar() const {
  Reference shorter = *this;
  if (domain == default_domain) {
    shorter.domain.clear();
    const std::string_view rest =
        std::string_view(path).substr(std::min(official_prefix.size(), path.size()));
    if (path.starts_with(official_prefix) && rest.find('/') == std::string_view::npos) shorter.path = rest;
  }
  return shorter.full();
}

bool is_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view hex = text.substr(colon + 1);
  return hex.size() == digest_length(text.substr(0, colon)) && !hex.empty() && all(hex, is_lower_hex);
}

bool is_image_id(std::string_view text) {
  return (text.size() == 64 && all(text, is_lower_hex)) || is_digest(text);
}

Reference parse_reference(std::string_view text) {
  if (text.empty()) refuse(text, "it is empty");
  if (text.size() == 64 && all(text, is_lower_hex)) refuse(text, "64 hex digits are an image id, not a name");
  const Split split = split_domain(text);
  const std::string path = split.rest.substr(0, split.rest.find(':'));
  if (has_upper(path))
    refuse(text, "the repository name must be lower case",
           match(lower(split.domain + "/" + split.rest)) ? "try \"" + lower(text) + "\"" : kLooks);

  const std::string whole = split.domain + "/" + split.rest;
  std::optional<Reference> result = match(whole);
  if (!result && match(lower(whole))) refuse(text, "the repository name must be lower case");
  if (!result) refuse(text, "invalid format", kLooks);
  if (result->path.size() > path_limit)
    refuse(text, "the repository name is longer than " + std::to_string(path_limit) + " characters");
  if (!result->digest.empty() && !is_digest(result->digest)) refuse_digest(text, result->digest);
  return *result;
}

Reference parse_reference_or_latest(std::string_view text) {
  Reference result = parse_reference(text);
  if (result.tag.empty() && result.digest.empty()) result.tag = "latest";
  return result;
}

}  // namespace devenv::registry
