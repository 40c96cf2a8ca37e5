#include "wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace devenv::launch {

namespace {

struct ControlBuffer {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int) * kMaxFds)];
};

void take_fds(msghdr& header, Received& received) noexcept {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(received.fds, CMSG_DATA(control), count * sizeof(int));
    received.fd_count = count;
  }
}

}  // namespace

int send_message(int socket, const Message& message, const int* fds, std::size_t fd_count) noexcept {
  if (fd_count > kMaxFds) return -E2BIG;
  iovec part{const_cast<Message*>(&message), sizeof message};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ControlBuffer buffer;
  if (fd_count > 0) {
    header.msg_control = buffer.bytes;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
    std::memset(buffer.bytes, 0, header.msg_controllen);
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    std::memcpy(CMSG_DATA(control), fds, sizeof(int) * fd_count);
  }
  ssize_t sent;
  do sent = sendmsg(socket, &header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : 0;
}

int receive_message(int socket, Message& message, Received& received) noexcept {
  received.fd_count = 0;
  iovec part{&message, sizeof message};
  ControlBuffer buffer;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = buffer.bytes;
  header.msg_controllen = sizeof buffer.bytes;
  ssize_t got;
  // A peer that went without having read everything of ours is reported first, once; what it said last comes
  // after.
  do got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (got < 0 && (errno == EINTR || errno == ECONNRESET));
  if (got < 0) return -errno;
  if (got == 0) return 0;
  take_fds(header, received);
  const bool whole =
      static_cast<std::size_t>(got) == sizeof message && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  if (whole && message.magic == kWireMagic && message.version == kWireVersion) {
    message.id[sizeof message.id - 1] = '\0';
    message.text[sizeof message.text - 1] = '\0';
    return 1;
  }
  for (std::size_t i = 0; i < received.fd_count; ++i) close(received.fds[i]);
  received.fd_count = 0;
  return -EPROTO;
}

void set_text(char* to, std::size_t capacity, const char* from) noexcept {
  const std::size_t length = strnlen(from, capacity - 1);
  std::memcpy(to, from, length);
  to[length] = '\0';
}

}  // namespace devenv::launch
