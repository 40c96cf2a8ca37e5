#include <dirent.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <sstream>

#include "runtime/base/unique_fd.h"
#include "runtime/kernel/cgroup.h"
#include "runtime/kernel/cgroup_files.h"
#include "tests/support/host_state.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name, const std::string& fallback) {
  const char* value = getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

std::string runtime_dir() {
  const std::string user = environment("XDG_RUNTIME_DIR", "/tmp/devenv-" + std::to_string(getuid()));
  return environment("DEVENV_RUNTIME_DIR", getuid() == 0 ? "/run/devenv" : user + "/devenv");
}

std::string store_dir() {
  const std::string data = environment("XDG_DATA_HOME", environment("HOME", "") + "/.local/share");
  return environment("DEVENV_STORE", getuid() == 0 ? "/var/lib/devenv" : data + "/devenv");
}

/// A session is alive as long as someone holds the lock on its file.
bool session_alive(const fs::path& session) {
  const UniqueFd lock(open((session / "lock").c_str(), O_RDWR | O_CLOEXEC));
  return lock && flock(lock.get(), LOCK_EX | LOCK_NB) != 0;
}

/// Ours, or left alone: populated by somebody else's processes means it is in use there.
bool used_by_others(const std::string& group, const Items& processes) {
  bool others = false;
  for (const pid_t pid : kernel::processes_in(group)) {
    if (processes.contains(std::to_string(pid))) return false;
    others = true;
  }
  return others;
}

void add_groups(const std::string& directory, const Items& processes, Items& found) {
  for (const std::string& child : kernel::child_groups(directory)) {
    if (used_by_others(child, processes)) continue;
    found.insert(child);
    add_groups(child, processes, found);
  }
}

UniqueFd ask_for_tables() {
  UniqueFd socket_fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  struct {
    nlmsghdr header;
    nfgenmsg message;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  if (socket_fd && send(socket_fd.get(), &request, sizeof request, 0) < 0) socket_fd.reset();
  return socket_fd;
}

std::string table_of(const nlmsghdr* header) {
  const auto* message = static_cast<const nfgenmsg*>(NLMSG_DATA(header));
  const char* attribute = reinterpret_cast<const char*>(message) + NLMSG_ALIGN(sizeof *message);
  const char* end = reinterpret_cast<const char*>(header) + header->nlmsg_len;
  while (attribute + sizeof(nlattr) <= end) {
    nlattr head;
    std::memcpy(&head, attribute, sizeof head);
    if (head.nla_type == NFTA_TABLE_NAME)
      return std::to_string(message->nfgen_family) + " " + (attribute + NLA_HDRLEN);
    if (head.nla_len < sizeof head) break;
    attribute += NLA_ALIGN(head.nla_len);
  }
  return "?";
}

}  // namespace

Items mounts() {
  Items found;
  std::istringstream lines(slurp("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) found.insert(line);
  return found;
}

Items links() {
  Items found;
  struct if_nameindex* names = if_nameindex();
  for (auto* name = names; name != nullptr && name->if_index != 0; ++name) found.insert(name->if_name);
  if_freenameindex(names);
  return found;
}

Items nft_tables() {
  Items tables;
  const UniqueFd socket_fd = ask_for_tables();
  alignas(nlmsghdr) char buffer[32768];
  while (socket_fd) {
    ssize_t left = recv(socket_fd.get(), buffer, sizeof buffer, 0);
    if (left <= 0) break;
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, static_cast<unsigned>(left));
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return tables;
      tables.insert(table_of(header));
    }
  }
  return tables;
}

Items cgroups(const Items& processes) {
  Items found;
  const kernel::CgroupLayout layout = kernel::detect_cgroups();
  std::set<std::string> starts;
  if (!layout.v2.empty()) starts.insert(layout.v2);
  for (const auto& [controller, directory] : layout.v1) starts.insert(directory);
  // The "devenv" directory itself comes and goes with whoever uses it.
  for (const std::string& start : starts) add_groups(start + "/devenv", processes, found);
  return found;
}

Items session_files() {
  Items found;
  std::error_code none;
  std::set<std::string> alive;
  for (const fs::directory_entry& session : fs::directory_iterator(runtime_dir() + "/sessions", none)) {
    if (session_alive(session.path())) {
      alive.insert(session.path().filename());
      continue;
    }
    found.insert(session.path());
  }
  for (const fs::directory_entry& scratch : fs::directory_iterator(store_dir() + "/sessions", none))
    if (!alive.contains(scratch.path().filename())) found.insert(scratch.path());
  for (const fs::directory_entry& scratch : fs::directory_iterator(store_dir() + "/tmp", none))
    found.insert(scratch.path());
  return found;
}

}  // namespace devenv::test
