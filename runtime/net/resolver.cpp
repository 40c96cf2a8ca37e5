#include "resolver.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/base/check.h"

namespace devenv::net {

namespace {

constexpr std::uint16_t kClassInternet = 1, kClassAny = 255;
constexpr std::size_t kLongestQuery = 4096;
constexpr int kDatagramsPerEvent = 32;
constexpr std::string_view kReverse = ".in-addr.arpa";

UniqueFd bind_to(const ResolverOptions& options, int type) {
  const auto what = [&] {
    return "bind the resolver to " + options.address.text() + ":" + std::to_string(options.port);
  };
  UniqueFd fd(check(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), what));
  const int on = 1;
  if (type == SOCK_STREAM) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = options.address.socket_address(options.port);
  check(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), what);
  if (type == SOCK_STREAM) check(listen(fd.get(), SOMAXCONN), what);
  return fd;
}

}  // namespace

Resolver::Resolver(EventLoop& loop, HostSockets& host, ResolverOptions options)
    : loop_(loop), host_(host), options_(std::move(options)), udp_(bind_to(options_, SOCK_DGRAM)) {
  std::vector<UniqueFd> listeners;
  listeners.push_back(bind_to(options_, SOCK_STREAM));
  acceptor_ = std::make_unique<Acceptor>(loop_, std::move(listeners),
                                         [this](UniqueFd connection) { accept(std::move(connection)); });
  loop_.add(udp_.get(), EPOLLIN, [this](std::uint32_t) { on_datagram(); });
}

Resolver::~Resolver() {
  loop_.remove(udp_.get());
  forwarded_.clear();
  clients_.clear();
}

void Resolver::on_datagram() {
  for (int count = 0; count < kDatagramsPerEvent; ++count) {
    char buffer[kLongestQuery];
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const ssize_t size =
        recvfrom(udp_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) return;
    answer({buffer, static_cast<std::size_t>(size)}, false, [this, from](const std::string& reply) {
      if (!reply.empty())
        sendto(udp_.get(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from),
               sizeof from);
    });
  }
}

void Resolver::answer(std::string_view packet, bool tcp, const Reply& reply) {
  const auto question = parse_dns_query(packet);
  if (!question) return reply({});
  if (auto local = answer_locally(*question)) return reply(std::move(*local));
  if (options_.internal) return reply(dns_answer(*question, DnsCode::no_name));
  if (forwarded_.size() >= options_.query_limit)
    return reply(dns_answer(*question, DnsCode::server_failure, {}, 0, false));
  forward(packet, *question, tcp, reply);
}

std::optional<std::string> Resolver::answer_locally(const DnsQuestion& question) {
  if (question.dns_class != kClassInternet && question.dns_class != kClassAny) return std::nullopt;
  if (names_.knows(question.name)) {
    // The name exists: what it has no record for (AAAA) is an empty answer, never "no such name", which some
    // clients take as final for A too.
    const bool address = question.type == DnsType::a || question.type == DnsType::any;
    return dns_answer(question, DnsCode::no_error,
                      address ? names_.lookup(question.name) : std::vector<Ipv4>{});
  }
  const auto pointed = question.name.ends_with(kReverse) ? dns_pointer_address(question.name) : std::nullopt;
  if (!pointed || !is_ours(*pointed)) return std::nullopt;
  const auto name = names_.name_of(*pointed);
  if (!name) return dns_answer(question, DnsCode::no_name);
  if (question.type != DnsType::ptr) return dns_answer(question, DnsCode::no_error);
  return dns_pointer_answer(question, *name);
}

void Resolver::forward(std::string_view packet, const DnsQuestion& question, bool tcp, const Reply& reply) {
  // Those of the host may have changed since, with the network it is on.
  if (options_.nameservers_now) options_.upstream.nameservers = options_.nameservers_now();
  const auto place = forwarded_.emplace(forwarded_.end());
  auto done = [this, place, question, reply](std::string answered) {
    const auto finished = std::move(*place);  // this very closure lives in it until the end of the call
    forwarded_.erase(place);
    reply(answered.empty() ? dns_answer(question, DnsCode::server_failure, {}, 0, false)
                           : std::move(answered));
  };
  *place = std::make_unique<DnsUpstream>(loop_, host_, options_.upstream, tcp, std::string(packet), question,
                                         std::move(done));
  (*place)->start();
}

void Resolver::accept(UniqueFd connection) {
  const auto place = clients_.emplace(clients_.end());
  *place = std::make_shared<DnsStream>(
      loop_, std::move(connection),
      [this](std::string_view query, DnsStream::Reply reply) { answer(query, true, reply); },
      [this, place] {
        const bool was_full = clients_.size() >= options_.connection_limit;
        clients_.erase(place);
        if (was_full) acceptor_->resume();
      });
  const auto client = *place;
  client->start();
  if (clients_.size() >= options_.connection_limit) acceptor_->pause();
}

}  // namespace devenv::net
