// A small HTTP server for tests: a thread per connection, one request each, the answer exactly as given.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::registry::testing {

struct TestRequest {
  std::string method, path;                    ///< path with its query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class TestServer {
 public:
  /// Returns the whole answer, status line and all; the connection is closed after it.
  using Handler = std::function<std::string(const TestRequest&)>;

  explicit TestServer(Handler handler);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  unsigned port() const { return port_; }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  /// What was asked so far. TLS greetings are none.
  std::vector<TestRequest> requests() const;

 private:
  void serve();
  void answer(UniqueFd connection);

  Handler handler_;
  UniqueFd listener_;
  unsigned port_ = 0;
  mutable std::mutex mutex_;
  std::vector<TestRequest> requests_;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

/// "HTTP/1.1 <status>" with headers ("Name: value") and a body of the right length.
std::string http_answer(const std::string& status, const std::string& body = {},
                        const std::vector<std::string>& headers = {});

}  // namespace devenv::registry::testing
