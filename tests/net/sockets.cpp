#include "tests/net/sockets.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

#include "devenv/error.h"
#include "runtime/base/check.h"

namespace devenv::net::testing {

namespace {

UniqueFd open_socket(int type) {
  UniqueFd fd(check(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket"));
  const timeval limit{10, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return fd;
}

void bind_to(const UniqueFd& fd, Ipv4 address, std::uint16_t port) {
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in name = address.socket_address(port);
  check(bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), "bind");
}

}  // namespace

UniqueFd tcp_listener(Ipv4 address, std::uint16_t port) {
  UniqueFd fd = open_socket(SOCK_STREAM);
  bind_to(fd, address, port);
  check(listen(fd.get(), SOMAXCONN), "listen");
  return fd;
}

UniqueFd accept_one(const UniqueFd& listener) {
  UniqueFd fd(check(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
  const timeval limit{10, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return fd;
}

Connected tcp_connect(Ipv4 address, std::uint16_t port) {
  Connected result{open_socket(SOCK_STREAM), 0};
  const sockaddr_in name = address.socket_address(port);
  if (connect(result.fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
    result.code = errno;
  return result;
}

UniqueFd udp_socket(Ipv4 address, std::uint16_t port) {
  UniqueFd fd = open_socket(SOCK_DGRAM);
  bind_to(fd, address, port);
  return fd;
}

void send_to(const UniqueFd& fd, const std::string& data, Ipv4 address, std::uint16_t port) {
  const sockaddr_in name = address.socket_address(port);
  check(sendto(fd.get(), data.data(), data.size(), 0, reinterpret_cast<const sockaddr*>(&name), sizeof name),
        "sendto");
}

Datagram receive(const UniqueFd& fd) {
  char buffer[65536];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t count = check(
      recvfrom(fd.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size), "recvfrom");
  return {std::string(buffer, static_cast<std::size_t>(count)),
          {ntohl(from.sin_addr.s_addr)},
          ntohs(from.sin_port)};
}

void send_text(const UniqueFd& fd, const std::string& data) {
  std::size_t at = 0;
  while (at < data.size())
    at += static_cast<std::size_t>(
        check(send(fd.get(), data.data() + at, data.size() - at, MSG_NOSIGNAL), "send"));
}

std::string receive_text(const UniqueFd& fd, std::size_t size) {
  std::string result(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const auto count = check(recv(fd.get(), result.data() + at, size - at, 0), "recv");
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  result.resize(at);
  return result;
}

int read_to_end(const UniqueFd& fd) {
  char buffer[65536];
  for (;;) {
    const ssize_t count = recv(fd.get(), buffer, sizeof buffer, 0);
    if (count < 0) return errno;
    if (count == 0) return 0;
  }
}

bool refuses(const Connected& connection) {
  return connection.code != 0 || read_to_end(connection.fd) == ECONNRESET;
}

bool resets(const Connected& connection) {
  return (connection.code == 0 ? read_to_end(connection.fd) : connection.code) == ECONNRESET;
}

Ipv4 peer_of(const UniqueFd& fd) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  check(getpeername(fd.get(), reinterpret_cast<sockaddr*>(&name), &size), "getpeername");
  return {ntohl(name.sin_addr.s_addr)};
}

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  check(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size), "getsockname");
  return ntohs(name.sin_port);
}

bool readable(const UniqueFd& fd, int milliseconds) {
  pollfd watch{fd.get(), POLLIN, 0};
  return poll(&watch, 1, milliseconds) == 1;
}

}  // namespace devenv::net::testing
