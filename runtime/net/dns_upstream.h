// One question asked of the host's nameservers in turn, over UDP or TCP, from the host's network namespace.
// Every try has its own socket (a random port) and a random id; the first answer that matches counts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dns_message.h"
#include "host_sockets.h"
#include "runtime/base/event_loop.h"

namespace devenv::net {

class DnsUpstream {
 public:
  struct Options {
    std::vector<std::string> nameservers;
    std::uint16_t port = 53;
    std::chrono::milliseconds try_timeout{2000};
    unsigned rounds = 2;  ///< times every server is asked
  };

  /// `done` is called once, with the answer carrying the query's own id, or empty when nobody answered; it
  /// may delete this object. Nothing is sent before start().
  DnsUpstream(EventLoop& loop, HostSockets& host, const Options& options, bool tcp, std::string query,
              DnsQuestion question, std::function<void(std::string)> done);
  DnsUpstream(const DnsUpstream&) = delete;
  DnsUpstream& operator=(const DnsUpstream&) = delete;
  ~DnsUpstream();
  void start();

 private:
  bool open_next();
  void next_server();
  void on_datagram();
  void on_stream(std::uint32_t events);
  void close_socket();
  void finish(std::string answer);

  EventLoop& loop_;
  HostSockets& host_;
  const Options& options_;
  bool tcp_;
  std::string query_;
  DnsQuestion question_;
  std::function<void(std::string)> done_;
  UniqueFd socket_;
  std::uint16_t id_ = 0;
  std::size_t try_ = 0;
  std::string out_, in_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace devenv::net
