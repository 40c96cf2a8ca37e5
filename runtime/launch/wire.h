// The messages between client and holder, and between holder and a container's init: one flat struct per
// SOCK_SEQPACKET packet, descriptors beside it (SCM_RIGHTS). What does not fit travels in a sealed memfd,
// which is then the first descriptor. Sending and receiving allocate nothing: init uses them too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace devenv::launch {

constexpr std::uint32_t kWireMagic = 0x64766e76;  // "dvnv"
constexpr std::uint16_t kWireVersion = 4;         ///< raised with every change of what follows
constexpr std::size_t kMaxFds = 128;              // the kernel's limit is 253 (SCM_MAX_FD)

enum class MessageType : std::uint16_t {
  // client → holder; each is answered by ok or error with the same serial
  hello = 1,
  reserve_subnet,
  create_network,
  remove_network,
  list_networks,
  start,  ///< number: how many descriptors are listeners; the rest is kept open with the container
  exec,
  wait,
  wait_exec,
  signal,
  attach_input,
  remove,
  list,
  inspect,
  follow_log,  ///< fds: a pipe's write end, written to after every addition to the log, closed at its end
  begin,       ///< once, from who spawned a detached holder; text: why it has no scope of its own, or empty
  listening,   ///< number: port, flags: 0 TCP, 1 UDP; answered by value: 0 or 1
  // holder → client
  ok,
  error,
  // holder → init
  go = 64,       ///< the network is there: run the payload
  run,           ///< a further process; payload: process block; fds: memfd, then stdio by the bits of flags
  kill_process,  ///< number: process id as in `running`, value: signal
  // init → holder
  running = 96,  ///< number: 0 = main, else the exec's; value: pid inside; fds: terminal master
  failed,        ///< number as above; value: errno; step
  exited,        ///< number as above; value: wait status as of waitpid(2)
};

/// What kind of exception an error message becomes.
enum class ErrorKind : std::uint32_t { error, system, not_found, conflict, command };

struct Message {
  std::uint32_t magic = kWireMagic;
  std::uint16_t version = kWireVersion;
  MessageType type{};
  std::uint64_t serial = 0;
  std::uint64_t number = 0;
  std::int64_t time_ns = 0;
  std::int32_t value = 0;
  std::uint32_t step = 0;  ///< init: Step; error: ErrorKind
  std::uint32_t flags = 0;
  std::uint32_t payload_bytes = 0;  ///< nonzero: the first descriptor is a memfd with as many bytes
  char id[72] = {};
  char text[1024] = {};
};

/// One packet with up to kMaxFds descriptors. 0, or -errno. Never raises SIGPIPE.
int send_message(int socket, const Message& message, const int* fds = nullptr,
                 std::size_t fd_count = 0) noexcept;

struct Received {
  int fds[kMaxFds];
  std::size_t fd_count = 0;
};

/// 1: a message (its descriptors are CLOEXEC and the caller's), 0: the peer is gone, -errno otherwise
/// (-EAGAIN from a non-blocking socket, -EPROTO for what is not ours; descriptors are then closed).
int receive_message(int socket, Message& message, Received& received) noexcept;

/// Copies with truncation, always terminated.
void set_text(char* to, std::size_t capacity, const char* from) noexcept;

}  // namespace devenv::launch
