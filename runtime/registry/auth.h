// Answers a registry's 401: Bearer tokens and Basic (distribution's token authentication, RFC 7235).
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "credentials.h"
#include "http.h"

namespace devenv::registry {

struct Challenge {
  std::string scheme;                             ///< in lower case
  std::map<std::string, std::string> parameters;  ///< names in lower case
};

/// Reads a WWW-Authenticate header. Never throws; what it cannot read it leaves out.
std::vector<Challenge> parse_challenges(std::string_view header);

/// The URL to ask for a token. Throws Error when `realm` is no http(s) URL.
std::string token_url(const Challenge& challenge, const std::vector<std::string>& scopes,
                      const std::string& account);

/// Holds one registry's authorisation. Thread-safe.
class Authorizer {
 public:
  Authorizer(HttpClient& http, Credentials credentials, std::vector<std::string> scopes)
      : http_(http), credentials_(std::move(credentials)), scopes_(std::move(scopes)) {}

  /// "Authorization: …" for the next request, empty before the first challenge or once the token expired.
  std::string header();

  /// Takes up the challenge of a 401. False when there is nothing more to offer. `used` is the header that
  /// was refused: when another thread renewed it meanwhile, nothing is asked. Throws Error, Unreachable.
  bool answer(const HttpResponse& refused, const std::string& used, Deadline deadline);

 private:
  std::string fetch_token(const Challenge& challenge, Deadline deadline);
  HttpRequest token_request(const Challenge& challenge) const;

  HttpClient& http_;
  const Credentials credentials_;
  const std::vector<std::string> scopes_;
  std::mutex mutex_;
  std::string header_;
  std::chrono::steady_clock::time_point expires_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace devenv::registry
