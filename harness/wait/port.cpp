// Waits for sockets: seen inside the network namespace, or reached from this machine.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "function_strategy.h"
#include "runtime/base/unique_fd.h"

namespace devenv {
namespace {

std::string port_text(std::uint16_t port, Protocol protocol) {
  return std::to_string(port) + (protocol == Protocol::tcp ? "/tcp" : "/udp");
}

/// Empty when connected, else why not. A connection that is closed within a moment does not count: that is
/// how a forwarder tells that nobody listens behind it.
std::string connect_failure(std::uint16_t host_port, Deadline deadline) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(host_port);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
      errno != EINPROGRESS)
    return std::strerror(errno);
  pollfd item{fd.get(), POLLOUT, 0};
  if (poll(&item, 1, deadline.poll_timeout_ms()) == 0) return "no answer to the connection";
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return std::strerror(error);
  item = {fd.get(), POLLIN | POLLRDHUP, 0};
  if (poll(&item, 1, 10) > 0 && (item.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
    return "closed at once";
  return {};
}

}  // namespace

namespace wait {

Wait port(std::uint16_t container_port, Protocol protocol) {
  const std::string text = port_text(container_port, protocol);
  return make_wait("port " + text + " to be listened on", [=](const WaitTarget& target, Deadline) {
    if (target.engine.listening(target.container.id, container_port, protocol)) return WaitAnswer::ready();
    return WaitAnswer::not_yet("nothing listens on " + text + " on an address others can reach");
  });
}

Wait ports(const std::vector<std::uint16_t>& container_ports) {
  std::vector<Wait> each;
  for (const std::uint16_t container_port : container_ports) each.push_back(port(container_port));
  return all_of(std::move(each));
}

Wait connection(std::uint16_t container_port) {
  const std::string text = port_text(container_port, Protocol::tcp);
  return make_wait(
      "a connection to published port " + text, [=](const WaitTarget& target, Deadline deadline) {
        const std::uint16_t host_port = target.host_port(container_port);
        const std::string failure = connect_failure(host_port, deadline);
        if (failure.empty()) return WaitAnswer::ready();
        return WaitAnswer::not_yet("connect to 127.0.0.1:" + std::to_string(host_port) + ": " + failure);
      });
}

}  // namespace wait
}  // namespace devenv
