#include "listening.h"

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <optional>

#include "devenv/error.h"
#include "runtime/base/fields.h"
#include "runtime/base/files.h"

namespace devenv::net {

namespace {

// linux/net/tcp_states.h: TCP_LISTEN, and TCP_CLOSE for a UDP socket that is not connected.
constexpr std::string_view kListen = "0A", kUnconnected = "07";

template <class T>
std::optional<T> number(std::string_view text, int base) {
  T value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Addresses are printed as 32-bit words in host order: on the little-endian machines devenv runs on, the
/// first byte of the address is the last pair of digits of a word.
bool is_loopback(std::string_view hex) {
  const std::string_view last_word = hex.substr(hex.size() - 8);
  if (hex.size() == 8) return last_word.ends_with("7F");
  const std::string_view front = hex.substr(0, 24);
  if (front == "0000000000000000FFFF0000") return last_word.ends_with("7F");
  return front == "000000000000000000000000" && last_word == "01000000";
}

std::optional<SocketLine> parse_line(std::string_view line, bool udp) {
  // "slot local remote state queues timers retransmits uid timeout inode …"
  const auto words = fields(line);
  if (words.size() < 10) return std::nullopt;
  const std::string_view local = words[1], state = words[3], inode = words[9];
  const auto colon = local.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  const auto port = number<std::uint16_t>(local.substr(colon + 1), 16);
  const auto id = number<std::uint64_t>(inode, 10);
  if (!port || !id) return std::nullopt;
  const std::string_view address = local.substr(0, colon);
  SocketLine result;
  result.port = *port;
  result.loopback = is_loopback(address);
  result.any = address.find_first_not_of('0') == std::string_view::npos;
  result.listening = state == (udp ? kUnconnected : kListen);
  result.inode = *id;
  return result;
}

/// 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104, in network order.
bool is_loopback_address(std::string_view address) {
  constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (address.size() == 4) return address[0] == 127;
  if (address.starts_with(mapped)) return address[12] == 127;
  return address == std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

}  // namespace

std::vector<SocketLine> parse_proc_net(std::string_view text, bool udp) {
  std::vector<SocketLine> result;
  for (const std::string_view line : lines(text))
    if (const auto parsed = parse_line(line, udp)) result.push_back(*parsed);
  return result;
}

bool listens_on(std::string_view text, std::uint16_t port, bool udp) {
  for (const SocketLine& line : parse_proc_net(text, udp))
    if (line.listening && line.port == port && !line.loopback) return true;
  return false;
}

bool process_listens_on(pid_t pid, std::uint16_t port, bool udp) {
  const std::string path = "/proc/" + std::to_string(pid) + "/net/" + (udp ? "udp" : "tcp");
  for (const char* version : {"", "6"}) {
    try {
      if (listens_on(read_file(path + version), port, udp)) return true;
    } catch (const SystemError&) {
      // The process is gone, or the kernel has no IPv6.
    }
  }
  return false;
}

bool ListenProbe::listens_on(std::uint16_t port, bool udp) {
  if (udp || !has_diag_) return process_listens_on(pid_, port, udp);
  try {
    for (const int family : {AF_INET, AF_INET6})
      for (const std::string& address : diag_.tcp_listeners(family, port))
        if (!is_loopback_address(address)) return true;
    return false;
  } catch (const SystemError& error) {
    if (error.code() != ENOENT) throw;
    has_diag_ = false;
    return listens_on(port, udp);
  }
}

}  // namespace devenv::net
