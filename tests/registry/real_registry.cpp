#include "real_registry.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "devenv/deadline.h"
#include "runtime/base/check.h"
#include "runtime/registry/http.h"

extern char** environ;

namespace devenv::registry::testing {
namespace {

unsigned free_port() {
  const UniqueFd socket(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "make a socket"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  check(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
  socklen_t size = sizeof address;
  check(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  return ntohs(address.sin_port);
}

pid_t spawn_quietly(const std::vector<std::string>& argv) {
  std::vector<char*> pointers;
  for (const std::string& argument : argv) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int failure = posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw SystemError(failure, "run " + argv[0]);
  return pid;
}

}  // namespace

RealRegistry::RealRegistry() : host_("127.0.0.1:" + std::to_string(free_port())) {
  const std::string config = dir_.write(
      "config.yml", "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: " +
                        (dir_ / "data") + "\nhttp:\n  addr: " + host_ + "\n");
  pid_ = spawn_quietly({"setpriv", "--pdeathsig", "KILL", "docker-registry", "serve", config});
  const Deadline deadline = Deadline::after(std::chrono::seconds(30));
  while (!answers()) {
    if (deadline.passed()) throw Error("start docker-registry: it does not answer; is it installed?");
    ::poll(nullptr, 0, 5);
  }
}

RealRegistry::~RealRegistry() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool RealRegistry::answers() const {
  try {
    HttpClient client({.attempts = 1});
    HttpRequest request;
    request.url = "http://" + host_ + "/v2/";
    return client.send(request).ok();
  } catch (const Unreachable&) {
    return false;
  }
}

std::string RealRegistry::blob_file(const std::string& digest) const {
  const std::string hex = digest.substr(7);
  return dir_ / ("data/docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) + "/" + hex + "/data");
}

}  // namespace devenv::registry::testing
