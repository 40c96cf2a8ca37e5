#include "auth.h"

#include <algorithm>

#include "runtime/base/json.h"

namespace devenv::registry {
namespace {

constexpr std::chrono::seconds default_life{60};  // distribution's token specification
constexpr std::chrono::seconds renew_early{5};

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

std::string percent_encoded(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~:/,").find(c) != std::string_view::npos;
    if (plain)
      result += c;
    else
      (result += '%', result += digits[byte >> 4], result += digits[byte & 15]);
  }
  return result;
}

/// Walks a header field, character by character.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool done() const { return at_ >= text_.size(); }
  void skip(std::string_view characters) {
    while (!done() && characters.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string token() {
    const std::size_t start = at_;
    while (!done() && is_token_char(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  std::string value() {
    if (!take('"')) return token();
    std::string result;
    while (!done() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      result += text_[at_++];
    }
    take('"');
    return result;
  }
  void advance() { ++at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool same_or_safer(const std::string& from, const std::string& to) {
  return to.starts_with("https://") || from.starts_with("http://");
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Cursor cursor(header);
  while (!cursor.done()) {
    cursor.skip(", \t");
    const std::string name = cursor.token();
    if (name.empty()) {
      cursor.advance();
      continue;
    }
    cursor.skip(" \t");
    if (!cursor.take('=')) {
      challenges.push_back({lower(name), {}});
      continue;
    }
    cursor.skip(" \t");
    const std::string value = cursor.value();
    if (!challenges.empty()) challenges.back().parameters[lower(name)] = value;
  }
  return challenges;
}

std::string token_url(const Challenge& challenge, const std::vector<std::string>& scopes,
                      const std::string& account) {
  const auto parameter = [&](const char* name) {
    const auto found = challenge.parameters.find(name);
    return found == challenge.parameters.end() ? std::string() : found->second;
  };
  std::string url = parameter("realm");
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    throw Error("authenticate: the registry names no usable token server (realm \"" + url + "\")");
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  const auto add = [&](const char* name, const std::string& value) {
    url += separator + std::string(name) + "=" + percent_encoded(value);
    separator = '&';
  };
  if (const auto service = parameter("service"); !service.empty()) add("service", service);
  std::vector<std::string> wanted = scopes;
  if (const auto scope = parameter("scope");
      !scope.empty() && std::find(wanted.begin(), wanted.end(), scope) == wanted.end())
    wanted.push_back(scope);
  for (const std::string& scope : wanted) add("scope", scope);
  if (!account.empty()) add("account", account);
  return url;
}

std::string Authorizer::header() {
  const std::lock_guard lock(mutex_);
  if (std::chrono::steady_clock::now() >= expires_) header_.clear();
  return header_;
}

bool Authorizer::answer(const HttpResponse& refused, const std::string& used, Deadline deadline) {
  const std::lock_guard lock(mutex_);
  if (!header_.empty() && header_ != used) return true;
  const std::string* field = refused.header("www-authenticate");
  if (field == nullptr) return false;
  for (const Challenge& challenge : parse_challenges(*field)) {
    std::string offer;
    if (challenge.scheme == "bearer") {
      const auto realm = challenge.parameters.find("realm");
      if (!credentials_.empty() && realm != challenge.parameters.end() &&
          !same_or_safer(refused.url, realm->second))
        throw Error("authenticate: the token server " + realm->second +
                    " would get the password over plain http, so it was not asked");
      offer = "Authorization: Bearer " + fetch_token(challenge, deadline);
    } else if (challenge.scheme == "basic" && !credentials_.username.empty()) {
      offer = "Authorization: Basic " + base64_encode(credentials_.username + ":" + credentials_.password);
      expires_ = std::chrono::steady_clock::time_point::max();
    }
    if (offer.empty() || offer == used) continue;
    header_ = offer;
    return true;
  }
  return false;
}

HttpRequest Authorizer::token_request(const Challenge& challenge) const {
  HttpRequest request;
  if (!credentials_.identity_token.empty()) {
    const auto realm = challenge.parameters.find("realm");
    const auto service = challenge.parameters.find("service");
    request.method = "POST";
    request.url = realm == challenge.parameters.end() ? "" : realm->second;
    request.headers = {"Content-Type: application/x-www-form-urlencoded"};
    std::string scope;
    for (const std::string& each : scopes_) scope += (scope.empty() ? "" : " ") + each;
    request.body = "grant_type=refresh_token&client_id=devenv&service=" +
                   percent_encoded(service == challenge.parameters.end() ? "" : service->second) +
                   "&scope=" + percent_encoded(scope) +
                   "&refresh_token=" + percent_encoded(credentials_.identity_token);
    return request;
  }
  request.url = token_url(challenge, scopes_, credentials_.username);
  if (!credentials_.username.empty())
    request.headers = {"Authorization: Basic " +
                       base64_encode(credentials_.username + ":" + credentials_.password)};
  return request;
}

std::string Authorizer::fetch_token(const Challenge& challenge, Deadline deadline) {
  HttpRequest request = token_request(challenge);
  request.deadline = deadline;
  const HttpResponse response = http_.send(request);
  const std::string server = request.url.substr(0, request.url.find('?'));
  if (!response.ok())
    throw Error("authenticate at " + server + ": the server answered " + std::to_string(response.status),
                credentials_.empty() ? "" : "check the saved login");
  const std::string name = "token of " + server;
  const Json answer = parse_json(response.body, name);
  std::string token = json_value<std::string>(answer, "token", "", name);
  if (token.empty()) token = json_value<std::string>(answer, "access_token", "", name);
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos)
    throw Error("authenticate at " + server + ": it sent no token");
  const auto life = std::chrono::seconds(json_value<int>(answer, "expires_in", default_life.count(), name));
  expires_ = std::chrono::steady_clock::now() + std::max(life, default_life) - renew_early;
  return token;
}

}  // namespace devenv::registry
