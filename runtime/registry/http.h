// HTTP(S) transfers over libcurl: streamed, resumed, retried, redirected without giving credentials away.
// HttpClient is thread-safe; connections are kept for reuse.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <devenv/deadline.h>
#include <devenv/error.h>

namespace devenv::registry {

/// The server could not be asked at all: name not known, refused, no TLS. what() is one short clause.
class Unreachable : public Error {
 public:
  using Error::Error;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};                   ///< http or https only
  std::vector<std::string> headers = {};  ///< "Name: value"
  std::string body = {};                  ///< of PUT, POST, PATCH
  int body_fd = -1;                       ///< instead of body: a regular file, read from its start
  std::uint64_t body_size = 0;            ///< of body_fd
  /// Receives the body of a 2xx answer to GET, each byte once and in order, also when a broken transfer is
  /// resumed. An exception ends the transfer and is passed on. Without a sink the body is in the response.
  std::function<void(std::string_view)> sink = {};
  std::string ca_pem = {};       ///< certificates trusted besides the system's
  std::string client_cert = {};  ///< file, with client_key
  std::string client_key = {};
  bool insecure_tls = false;
  Deadline deadline = Deadline::never();
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case, of the last answer
  std::string body;                            ///< of errors too, its first 4 MiB
  std::string url;                             ///< after redirects

  const std::string* header(const std::string& lower_name) const {
    const auto found = headers.find(lower_name);
    return found == headers.end() ? nullptr : &found->second;
  }
  bool ok() const { return status >= 200 && status < 300; }
};

struct RetryPolicy {
  int attempts = 5;
  std::chrono::milliseconds first_delay{500};
  std::chrono::milliseconds longest_delay{20000};  ///< caps Retry-After too
};

class HttpClient {
 public:
  explicit HttpClient(RetryPolicy retry = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Blocks. Retries 408, 429, 5xx and broken transfers; other answers are returned as they are, and so is
  /// the last refusal when the attempts are used up. Redirects are followed; the Authorization header stays
  /// behind when the host changes, and https is never left for http. Throws Unreachable, Error, Timeout.
  HttpResponse send(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devenv::registry
