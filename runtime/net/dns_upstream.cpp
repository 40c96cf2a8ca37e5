#include "dns_upstream.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "devenv/error.h"

namespace devenv::net {

namespace {

constexpr std::size_t kLongestMessage = 65535;

struct ServerAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;  ///< 0: not an address
  int family() const { return storage.ss_family; }
};

ServerAddress server_address(const std::string& text, std::uint16_t port) {
  ServerAddress result;
  if (const auto v4 = Ipv4::parse(text)) {
    const sockaddr_in address = v4->socket_address(port);
    std::memcpy(&result.storage, &address, sizeof address);
    result.size = sizeof address;
    return result;
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  if (inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), &address.sin6_addr) != 1) return result;
  std::memcpy(&result.storage, &address, sizeof address);
  result.size = sizeof address;
  return result;
}

/// fe80::1%eth0: the link is one of the host, whose namespace the socket knows.
void set_scope(int socket, ServerAddress& server, const std::string& text) {
  const auto percent = text.find('%');
  if (percent == std::string::npos || server.family() != AF_INET6) return;
  ifreq request{};
  const std::string link = text.substr(percent + 1);
  if (link.size() >= sizeof request.ifr_name) return;
  std::memcpy(request.ifr_name, link.c_str(), link.size() + 1);
  if (ioctl(socket, SIOCGIFINDEX, &request) != 0) return;
  reinterpret_cast<sockaddr_in6&>(server.storage).sin6_scope_id =
      static_cast<std::uint32_t>(request.ifr_ifindex);
}

std::uint16_t random16() {
  std::uint16_t value = 0;
  return getrandom(&value, sizeof value, 0) == sizeof value ? value : std::uint16_t{0x5a5a};
}

}  // namespace

DnsUpstream::DnsUpstream(EventLoop& loop, HostSockets& host, const Options& options, bool tcp,
                         std::string query, DnsQuestion question, std::function<void(std::string)> done)
    : loop_(loop),
      host_(host),
      options_(options),
      tcp_(tcp),
      query_(std::move(query)),
      question_(std::move(question)),
      done_(std::move(done)) {}

DnsUpstream::~DnsUpstream() { close_socket(); }

void DnsUpstream::start() { next_server(); }

void DnsUpstream::next_server() {
  close_socket();
  while (try_ < options_.nameservers.size() * options_.rounds)
    if (open_next()) return;
  finish({});
}

bool DnsUpstream::open_next() {
  const std::string& text = options_.nameservers[try_++ % options_.nameservers.size()];
  ServerAddress server = server_address(text, options_.port);
  if (server.size == 0) return false;
  try {
    socket_ = host_.open(server.family(), tcp_ ? SOCK_STREAM : SOCK_DGRAM);
  } catch (const Error&) {
    return false;
  }
  set_scope(socket_.get(), server, text);
  id_ = random16();
  const std::string message = with_dns_id(query_, id_);
  const bool connected =
      connect(socket_.get(), reinterpret_cast<const sockaddr*>(&server.storage), server.size) == 0 ||
      errno == EINPROGRESS;
  if (!connected || (!tcp_ && send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0)) {
    socket_.reset();
    return false;
  }
  in_.clear();
  if (tcp_) {
    out_ = {static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
    out_ += message;
    loop_.add(socket_.get(), EPOLLOUT, [this](std::uint32_t events) { on_stream(events); });
  } else {
    loop_.add(socket_.get(), EPOLLIN, [this](std::uint32_t) { on_datagram(); });
  }
  timer_ = loop_.at(Deadline::after(options_.try_timeout), [this] {
    timer_ = 0;
    next_server();
  });
  return true;
}

void DnsUpstream::on_datagram() {
  char buffer[kLongestMessage];
  const ssize_t size = recv(socket_.get(), buffer, sizeof buffer, 0);
  if (size < 0) {
    if (errno != EAGAIN && errno != EINTR) next_server();  // ECONNREFUSED: nobody listens there
    return;
  }
  const std::string_view answer(buffer, static_cast<std::size_t>(size));
  if (is_dns_response_to(answer, id_, question_)) finish(std::string(answer));
}

void DnsUpstream::on_stream(std::uint32_t events) {
  if (!out_.empty()) {
    const ssize_t sent = send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) next_server();
      return;
    }
    out_.erase(0, static_cast<std::size_t>(sent));
    if (out_.empty()) loop_.modify(socket_.get(), EPOLLIN);
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  char buffer[16384];
  const ssize_t size = recv(socket_.get(), buffer, sizeof buffer, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return next_server();
  in_.append(buffer, static_cast<std::size_t>(size));
  if (in_.size() < 2) return;
  const std::size_t length = dns_id(in_);  // the length prefix has the same form
  if (in_.size() < length + 2) return;
  std::string answer = in_.substr(2, length);
  if (!is_dns_response_to(answer, id_, question_)) return next_server();
  finish(std::move(answer));
}

void DnsUpstream::close_socket() {
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  if (!socket_) return;
  loop_.remove(socket_.get());
  socket_.reset();
}

void DnsUpstream::finish(std::string answer) {
  close_socket();
  if (!answer.empty()) answer = with_dns_id(answer, question_.id);
  std::exchange(done_, {})(std::move(answer));  // may delete this object
}

}  // namespace devenv::net
