// A published TCP port: accepts on the host's listening sockets, connects to the container from the holder's
// network namespace (so the container sees the gateway, never 127.0.0.1: CVE-2021-20199) and joins the two.
// While nothing listens in the container, clients are reset. Single-threaded, never blocks.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "acceptor.h"
#include "ipv4.h"
#include "splice_pair.h"

namespace devenv::net {

/// Connections being forwarded, up to a limit. Shared shape of forwarder and egress.
class PairSet {
 public:
  PairSet(EventLoop& loop, PipePool& pipes, std::size_t limit) : loop_(loop), pipes_(pipes), limit_(limit) {}

  /// `on_room` is called when a full set gets room again.
  void add(UniqueFd first, UniqueFd second, Deadline connect_by, const std::function<void()>& on_room);
  bool full() const { return pairs_.size() >= limit_; }
  std::size_t size() const { return pairs_.size(); }

 private:
  EventLoop& loop_;
  PipePool& pipes_;
  std::size_t limit_;
  std::list<std::unique_ptr<SplicePair>> pairs_;
};

class TcpForwarder {
 public:
  /// `listeners`: bound and listening in the host's namespace (ports.h). Destruction closes them and resets
  /// every connection. `pipes` must outlive it.
  TcpForwarder(EventLoop& loop, PipePool& pipes, std::vector<UniqueFd> listeners, Ipv4 target,
               std::uint16_t port);
  std::size_t connections() const { return pairs_.size(); }

 private:
  void connect_for(UniqueFd client);

  Ipv4 target_;
  std::uint16_t port_;
  PairSet pairs_;
  Acceptor acceptor_;
};

}  // namespace devenv::net
