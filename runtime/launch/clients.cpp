#include "clients.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "codec.h"
#include "control_address.h"
#include "runtime/base/check.h"

namespace devenv::launch {

Clients::~Clients() {
  stop_listening();
  for (const auto& [id, client] : clients_) loop_.remove(client.socket.get());
}

void Clients::listen(const std::string& path) {
  listener_ = UniqueFd(
      check(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "create a control socket"));
  const ControlAddress address(path);
  check(bind(listener_.get(), address.get(), address.size()), [&] { return "bind " + path; });
  check(chmod(path.c_str(), 0600), [&] { return "chmod " + path; });
  check(::listen(listener_.get(), 64), [&] { return "listen on " + path; });
  loop_.add(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_one(); });
}

void Clients::stop_listening() {
  if (!listener_) return;
  loop_.remove(listener_.get());
  listener_.reset();
}

void Clients::accept_one() {
  UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (peer.uid != geteuid() && peer.uid != 0) return;
  add(std::move(socket));
}

std::uint64_t Clients::add(UniqueFd socket) {
  const int fd = socket.get();
  check(fcntl(fd, F_SETFL, O_NONBLOCK), "make a client's socket non-blocking");
  const std::uint64_t id = next_++;
  loop_.add(fd, EPOLLIN, [this, id](std::uint32_t events) { on_event(id, events); });
  clients_.emplace(id, Client{std::move(socket), Outbox(loop_, fd)});
  return id;
}

void Clients::on_event(std::uint64_t id, std::uint32_t events) {
  const auto client = clients_.find(id);
  if (client == clients_.end()) return;
  if ((events & EPOLLOUT) != 0) client->second.outbox.flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(id);
}

void Clients::receive(std::uint64_t id) {
  const auto client = clients_.find(id);
  if (client == clients_.end()) return;
  Request request;
  Received received;
  const int got = receive_message(client->second.socket.get(), request.message, received);
  if (got == -EAGAIN) return;
  if (got != 1) return drop(id);  // gone, or not speaking our language
  for (std::size_t i = 0; i < received.fd_count; ++i) request.fds.emplace_back(received.fds[i]);
  request.from = {id, request.message.serial};
  try {
    if (request.message.payload_bytes > 0 && !request.fds.empty()) {
      request.payload = from_memfd(request.fds[0].get(), request.message.payload_bytes);
      request.fds.erase(request.fds.begin());
    }
    handler_(request);
  } catch (const NotFound& error) {
    reply_error(request.from, ErrorKind::not_found, error.what());
  } catch (const Conflict& error) {
    reply_error(request.from, ErrorKind::conflict, error.what());
  } catch (const std::exception& error) {
    reply_error(request.from, ErrorKind::error, error.what());
  }
}

void Clients::drop(std::uint64_t id) {
  const auto client = clients_.find(id);
  if (client == clients_.end()) return;
  loop_.remove(client->second.socket.get());
  clients_.erase(client);
  gone_(id);
}

void Clients::reply(const ReplyTo& to, Message message, std::string_view payload, std::vector<UniqueFd> fds) {
  const auto client = clients_.find(to.client);
  if (client == clients_.end()) return;
  message.serial = to.serial;
  if (!payload.empty()) {
    message.payload_bytes = static_cast<std::uint32_t>(payload.size());
    fds.insert(fds.begin(), to_memfd(payload));
  }
  client->second.outbox.push(message, std::move(fds));
}

void Clients::reply_error(const ReplyTo& to, ErrorKind kind, const std::string& text, int code) {
  Message message;
  message.type = MessageType::error;
  message.step = static_cast<std::uint32_t>(kind);
  message.value = code;
  set_text(message.text, sizeof message.text, text.c_str());
  reply(to, message);
}

}  // namespace devenv::launch
