#include "test_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

#include "runtime/base/check.h"

namespace devenv::registry::testing {
namespace {

/// Reads up to the end of the headers and of the body they announce; false for what is no HTTP.
bool read_request(int fd, TestRequest& request) {
  std::string text;
  const auto more = [&] {
    char buffer[65536];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  };
  std::size_t end;
  while ((end = text.find("\r\n\r\n")) == std::string::npos)
    if ((!text.empty() && text[0] == '\x16') || !more()) return false;  // 0x16: a TLS greeting
  std::string head = text.substr(0, end) + "\r\n";
  const std::size_t first = head.find(' '), second = head.find(' ', first + 1);
  request.method = head.substr(0, first);
  request.path = head.substr(first + 1, second - first - 1);
  head.erase(0, head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::string line = head.substr(0, head.find("\r\n"));
    head.erase(0, line.size() + 2);
    std::string name = line.substr(0, line.find(':'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = line.substr(std::min(line.find(':') + 2, line.size()));
  }
  const std::string length = request.header("content-length");
  const std::size_t wanted = end + 4 + (length.empty() ? 0 : std::stoul(length));
  while (text.size() < wanted)
    if (!more()) return false;
  request.body = text.substr(end + 4);
  return true;
}

}  // namespace

TestServer::TestServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = UniqueFd(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "make a socket"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  check(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
  check(::listen(listener_.get(), 64), "listen");
  socklen_t size = sizeof address;
  check(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

TestServer::~TestServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
  for (std::thread& connection : connections_) connection.join();
}

std::vector<TestRequest> TestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TestServer::serve() {
  for (;;) {
    UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    connections_.emplace_back([this, fd = std::move(connection)]() mutable { answer(std::move(fd)); });
  }
}

void TestServer::answer(UniqueFd connection) {
  TestRequest request;
  if (!read_request(connection.get(), request)) return;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  std::string_view left;
  const std::string reply = handler_(request);
  for (left = reply; !left.empty();) {
    const ssize_t n = ::send(connection.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  ::shutdown(connection.get(), SHUT_WR);
  char byte;
  while (::recv(connection.get(), &byte, 1, 0) > 0) continue;
}

std::string http_answer(const std::string& status, const std::string& body,
                        const std::vector<std::string>& headers) {
  std::string text = "HTTP/1.1 " + status +
                     "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  for (const std::string& header : headers) text += header + "\r\n";
  return text + "\r\n" + body;
}

}  // namespace devenv::registry::testing
