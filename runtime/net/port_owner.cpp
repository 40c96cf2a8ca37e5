#include "port_owner.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <set>

#include "devenv/error.h"
#include "listening.h"
#include "runtime/base/files.h"

namespace devenv::net {

namespace {

namespace fs = std::filesystem;

/// The targets of /proc/<pid>/fd links of the sockets on the port: "socket:[12345]".
std::set<std::string> sockets_on(std::uint16_t port, bool udp) {
  std::set<std::string> result;
  for (const char* version : {"", "6"}) {
    try {
      const std::string text = read_file(std::string("/proc/self/net/") + (udp ? "udp" : "tcp") + version);
      for (const SocketLine& line : parse_proc_net(text, udp))
        if (line.port == port && line.listening && line.inode != 0)
          result.insert("socket:[" + std::to_string(line.inode) + "]");
    } catch (const SystemError&) {
      // No IPv6.
    }
  }
  return result;
}

bool holds_one(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code ignored;
  for (fs::directory_iterator fd(process / "fd", ignored), end; !ignored && fd != end;
       fd.increment(ignored)) {
    const fs::path target = fs::read_symlink(fd->path(), ignored);
    if (!ignored && sockets.count(target.string()) != 0) return true;
    ignored.clear();
  }
  return false;
}

std::string program_name(const fs::path& process) {
  try {
    std::string name = read_file((process / "comm").string());
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
  } catch (const Error&) {
    return "?";
  }
}

}  // namespace

std::string port_owner(std::uint16_t port, bool udp) {
  const std::set<std::string> sockets = sockets_on(port, udp);
  if (sockets.empty()) return {};
  std::error_code ignored;
  for (fs::directory_iterator entry("/proc", ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (holds_one(entry->path(), sockets))
      return "process " + name + " (" + program_name(entry->path()) + ")";
  }
  return {};
}

}  // namespace devenv::net
