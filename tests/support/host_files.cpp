#include <fcntl.h>
#include <glob.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>

#include "runtime/base/unique_fd.h"
#include "runtime/kernel/cgroup.h"
#include "runtime/kernel/cgroup_files.h"
#include "runtime/launch/journal.h"
#include "runtime/launch/session.h"
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

/// Inodes that somebody holds a flock(2) on. To try the lock would tell as well, and get in the way of those
/// who take it without waiting.
std::set<ino_t> flocked_inodes() {
  std::set<ino_t> inodes;
  std::istringstream lines(slurp("/proc/locks"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, kind, mode, access, pid, file;
    words >> number >> kind >> mode >> access >> pid >> file;
    if (kind == "FLOCK") inodes.insert(std::stoull(file.substr(file.rfind(':') + 1)));
  }
  return inodes;
}

bool is_flocked(const fs::path& path, const std::set<ino_t>& flocked) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && flocked.contains(status.st_ino);
}

/// Locks of other PID namespaces are not in /proc/locks: there, trying is all that tells.
bool is_locked(const fs::path& path, const std::set<ino_t>& flocked) {
  if (is_flocked(path, flocked)) return true;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd && flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

void add_named_by(const fs::path& session, Items& paths) {
  for (const auto& entry : launch::parse_journal(slurp(launch::journal_path(session))))
    paths.insert(entry.path);
}

/// What the sessions of others own, from their journals: those that run, and those that the next start will
/// sweep, as far as we know where test programs keep them. A journal goes after what it names.
Items directories_of_others(const Items& processes) {
  Items paths;
  for (const Helper& helper : helpers())
    if (!processes.contains(helper.pid))
      add_named_by(launch::session_dir(helper.runtime_dir, helper.session), paths);
  for (const char* pattern : {"/tmp/devenv-test-*/run*/sessions/*", "/var/tmp/devenv-*/run*/sessions/*",
                              "/run/devenv*/sessions/*"}) {
    glob_t found{};
    glob(pattern, GLOB_NOSORT, nullptr, &found);
    for (std::size_t i = 0; i < found.gl_pathc; ++i)
      if (!std::string(found.gl_pathv[i]).starts_with(TempDir::prefix()))
        add_named_by(found.gl_pathv[i], paths);
    globfree(&found);
  }
  return paths;
}

/// Groups that test programs make without a session are called "<word>-<pid>".
bool named_by_others(const std::string& group) {
  const std::string name = fs::path(group).filename();
  const std::size_t dash = name.find('-');
  const std::string pid = dash == std::string::npos ? "" : name.substr(dash + 1);
  return !pid.empty() && pid.find_first_not_of("0123456789") == std::string::npos &&
         (name.starts_with("test-") || name.starts_with("leak-")) && pid != std::to_string(getpid());
}

void add_groups(const std::string& directory, const Items& others, Items& found) {
  for (const std::string& child : kernel::child_groups(directory)) {
    if (others.contains(child) || named_by_others(child)) continue;
    found.insert(child);
    add_groups(child, others, found);
  }
}

/// A line of mountinfo whose mount point is where test programs have their directories, but not this one.
bool is_in_others_directory(const std::string& line) {
  std::istringstream words(line);
  std::string number, parent, device, root, point;
  words >> number >> parent >> device >> root >> point;
  return (point.starts_with("/tmp/devenv-") || point.starts_with("/var/tmp/devenv-")) &&
         !point.starts_with(TempDir::prefix());
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
  for (std::string line; std::getline(lines, line);)
    if (!is_in_others_directory(line)) found.insert(line);
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

/// A session that begins between the two looks appears as a group of ours: the next snapshot knows better.
Items cgroups(const Items& processes) {
  Items found;
  const kernel::CgroupLayout layout = kernel::detect_cgroups();
  std::set<std::string> starts;
  if (!layout.v2.empty()) starts.insert(layout.v2);
  for (const auto& [controller, directory] : layout.v1) starts.insert(directory);
  const Items others = directories_of_others(processes);
  // The "devenv" directory itself comes and goes with whoever uses it.
  for (const std::string& start : starts) add_groups(start + "/devenv", others, found);
  return found;
}

Items session_files() {
  Items found;
  std::error_code none;
  const std::set<ino_t> flocked = flocked_inodes();
  Items alive;
  for (const fs::directory_entry& session : fs::directory_iterator(runtime_dir() + "/sessions", none)) {
    if (session.path().filename().string().starts_with('.')) continue;  // locks
    if (!is_flocked(session.path() / "lock", flocked)) {
      found.insert(session.path());
      continue;
    }
    add_named_by(session.path(), alive);
  }
  for (const fs::directory_entry& scratch : fs::directory_iterator(store_dir() + "/sessions", none))
    if (!alive.contains(scratch.path()) && !is_locked(scratch.path(), flocked)) found.insert(scratch.path());
  for (const fs::directory_entry& scratch : fs::directory_iterator(store_dir() + "/tmp", none))
    if (!is_locked(scratch.path(), flocked)) found.insert(scratch.path());
  return found;
}

}  // namespace devenv::test
