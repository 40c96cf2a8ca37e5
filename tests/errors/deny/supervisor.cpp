#include "supervisor.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "answers.h"
#include "filter.h"
#include "runtime/base/check.h"

namespace devenv::deny {
namespace {

// Kernels may know longer structs than this program does.
struct Room {
  alignas(8) char bytes[1024] = {};
};

/// False when nobody is left who could ask.
bool await_question(int listener) {
  pollfd watched{listener, POLLIN, 0};
  while (poll(&watched, 1, -1) < 0 && errno == EINTR) continue;
  return (watched.revents & POLLIN) != 0;
}

void answer_questions(int listener, Kernel kernel) {
  Answers answers(kernel);
  while (await_question(listener)) {
    Room question_room, reply_room;
    auto* question = reinterpret_cast<seccomp_notif*>(question_room.bytes);
    auto* reply = reinterpret_cast<seccomp_notif_resp*>(reply_room.bytes);
    // ENOENT: the caller was interrupted, and asks again.
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, question) != 0) continue;
    Answer answer;
    try {
      answer = answers.to(*question);
    } catch (const std::exception&) {
      // It died meanwhile.
    }
    reply->id = question->id;
    if (answer)
      reply->error = -*answer;
    else
      reply->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, reply);
  }
}

void send_descriptor(int socket, int fd) {
  char byte = 0;
  iovec content{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  *header = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  check(sendmsg(socket, &message, 0), "hand over the listener");
}

UniqueFd receive_descriptor(int socket) {
  char byte;
  iovec content{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0) return {};
  int fd = -1;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

[[noreturn]] void supervise(int socket, Kernel kernel) {
  setsid();
  prctl(PR_SET_NAME, "deny-supervisor");
  const UniqueFd listener = receive_descriptor(socket);
  if (!listener) _exit(1);
  // Nothing of whoever started us stays open: pipes would never end.
  const auto kept = static_cast<unsigned>(listener.get());
  if (kept > 0) close_range(0, kept - 1, 0);
  close_range(kept + 1, ~0u, 0);
  answer_questions(listener.get(), kernel);
  _exit(0);
}

}  // namespace

void play(Kernel kernel) {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "make a socket");
  const UniqueFd ours(ends[0]), theirs(ends[1]);
  const pid_t between = check(fork(), "fork");
  if (between == 0) {
    if (fork() == 0) {
      close(ends[0]);
      supervise(ends[1], kernel);
    }
    _exit(0);
  }
  waitpid(between, nullptr, 0);
  send_descriptor(ours.get(), install_filter(rules_for(kernel)).get());
}

}  // namespace devenv::deny
