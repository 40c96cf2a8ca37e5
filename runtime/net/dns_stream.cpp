#include "dns_stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace devenv::net {

namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr std::size_t kPrefix = 2;

std::size_t prefixed_length(std::string_view bytes) {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
         static_cast<unsigned char>(bytes[1]);
}

}  // namespace

DnsStream::DnsStream(EventLoop& loop, UniqueFd connection, OnQuery on_query, std::function<void()> on_end)
    : loop_(loop),
      connection_(std::move(connection)),
      on_query_(std::move(on_query)),
      on_end_(std::move(on_end)) {}

DnsStream::~DnsStream() {
  if (timer_ != 0) loop_.cancel(timer_);
  if (connection_) loop_.remove(connection_.get());
}

void DnsStream::start() {
  loop_.add(connection_.get(), EPOLLIN, [this](std::uint32_t events) {
    const auto alive = shared_from_this();
    on_event(events);
  });
  expect_within();
}

void DnsStream::expect_within() {
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = loop_.at(Deadline::after(kPatience), [this] {
    timer_ = 0;
    end();
  });
}

void DnsStream::on_event(std::uint32_t events) {
  // While its question is out nothing is watched but hang-ups, which epoll reports regardless.
  if (waiting_) return end();
  if ((events & EPOLLOUT) != 0) return write();
  read();
}

void DnsStream::read() {
  char buffer[4096];
  const ssize_t size = recv(connection_.get(), buffer, sizeof buffer, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return end();
  in_.append(buffer, static_cast<std::size_t>(size));
  next_query();
}

void DnsStream::next_query() {
  if (in_.size() < kPrefix || in_.size() < kPrefix + prefixed_length(in_)) return;
  const std::string query = in_.substr(kPrefix, prefixed_length(in_));
  in_.erase(0, kPrefix + query.size());
  waiting_ = true;
  loop_.modify(connection_.get(), 0);
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  on_query_(query, [weak = weak_from_this()](std::string answer) {
    if (const auto self = weak.lock(); self && self->waiting_) self->reply(std::move(answer));
  });
}

void DnsStream::reply(std::string answer) {
  waiting_ = false;
  if (answer.empty() || answer.size() > 0xffff) return end();
  out_ = {static_cast<char>(answer.size() >> 8), static_cast<char>(answer.size())};
  out_ += answer;
  expect_within();
  write();
}

void DnsStream::write() {
  const ssize_t sent = send(connection_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return end();
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
  loop_.modify(connection_.get(), out_.empty() ? EPOLLIN : EPOLLOUT);
  if (out_.empty()) next_query();
}

void DnsStream::end() {
  if (!connection_) return;
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  loop_.remove(connection_.get());
  connection_.reset();
  waiting_ = false;
  std::exchange(on_end_, {})();
}

}  // namespace devenv::net
