// One DNS client over TCP (RFC 1035 4.2.2: every message has a 16-bit length before it). Questions are
// answered one after the other; a client that is silent for ten seconds is let go. Single-threaded.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"

namespace devenv::net {

class DnsStream : public std::enable_shared_from_this<DnsStream> {
 public:
  using Reply = std::function<void(std::string)>;
  /// Gets a question; must call `reply` once, now or later (with nothing: the client is let go).
  using OnQuery = std::function<void(std::string_view query, Reply reply)>;

  DnsStream(EventLoop& loop, UniqueFd connection, OnQuery on_query, std::function<void()> on_end);
  DnsStream(const DnsStream&) = delete;
  DnsStream& operator=(const DnsStream&) = delete;
  ~DnsStream();
  void start();

 private:
  void on_event(std::uint32_t events);
  void read();
  void write();
  void next_query();
  void reply(std::string answer);
  void expect_within();
  void end();

  EventLoop& loop_;
  UniqueFd connection_;
  OnQuery on_query_;
  std::function<void()> on_end_;
  std::string in_, out_;
  bool waiting_ = false;  ///< for the reply to a question; nothing is read meanwhile
  EventLoop::TimerId timer_ = 0;
};

}  // namespace devenv::net
