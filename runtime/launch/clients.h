// The connections of a holder: receives requests, sends replies without ever blocking, notices who left.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "outbox.h"
#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"
#include "wire.h"

namespace devenv::launch {

/// Whom to answer. The client may be gone by then.
struct ReplyTo {
  std::uint64_t client = 0;
  std::uint64_t serial = 0;
};

struct Request {
  ReplyTo from;
  Message message;
  std::string payload;
  std::vector<UniqueFd> fds;  ///< without the payload's
};

class Clients {
 public:
  using Handler = std::function<void(Request& request)>;
  using Gone = std::function<void(std::uint64_t client)>;

  Clients(EventLoop& loop, Handler handler, Gone gone)
      : loop_(loop), handler_(std::move(handler)), gone_(std::move(gone)) {}
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients();

  /// Accepts on `path` (mode 0600). Only processes of our own user are served.
  void listen(const std::string& path);
  void stop_listening();
  std::uint64_t add(UniqueFd socket);
  bool connected(std::uint64_t client) const { return clients_.count(client) != 0; }
  std::size_t count() const { return clients_.size(); }

  void reply(const ReplyTo& to, Message message, std::string_view payload = {},
             std::vector<UniqueFd> fds = {});
  void reply_error(const ReplyTo& to, ErrorKind kind, const std::string& text, int code = 0);

 private:
  struct Client {
    UniqueFd socket;
    Outbox outbox;
  };

  void accept_one();
  void on_event(std::uint64_t id, std::uint32_t events);
  void receive(std::uint64_t id);
  void drop(std::uint64_t id);

  EventLoop& loop_;
  Handler handler_;
  Gone gone_;
  UniqueFd listener_;
  std::map<std::uint64_t, Client> clients_;
  std::uint64_t next_ = 1;
};

}  // namespace devenv::launch
