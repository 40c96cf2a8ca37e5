#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <vector>

#include "runtime/base/unique_fd.h"
#include "tests/support/host_state.h"
#include "tests/support/temp_dir.h"

namespace devenv::test {
namespace {

constexpr const char* kMark = "DEVENV_TEST_MARK";

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = readdir(dir))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  closedir(dir);
  return names;
}

std::string link_of(const std::string& path) {
  char target[4096];
  const ssize_t n = readlink(path.c_str(), target, sizeof target);
  return n < 0 ? std::string() : std::string(target, static_cast<std::size_t>(n));
}

bool is_number(const std::string& text) { return text.find_first_not_of("0123456789") == std::string::npos; }

struct ProcessStat {
  std::string parent;
  unsigned long long start = 0;  ///< clock ticks since boot
};

/// Parent and start time, from the fields after the name, which may hold anything.
bool stat_of(const std::string& pid, ProcessStat& result) {
  const std::string stat = slurp("/proc/" + pid + "/stat");
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos) return false;
  char parent[16] = "";
  // Fields 3 (state), 4 (parent) … 22 (start time).
  if (sscanf(stat.c_str() + end + 1,
             " %*c %15s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", parent,
             &result.start) != 2)
    return false;
  result.parent = parent;
  return true;
}

bool is_marked(const std::string& pid, const std::string& mark) {
  const std::string environment = std::string(1, '\0') + slurp("/proc/" + pid + "/environ");
  return environment.find(std::string(1, '\0') + kMark + "=" + mark) != std::string::npos;
}

/// Inodes of the sockets a process holds.
void add_sockets(const std::string& pid, std::set<std::string>& inodes) {
  const std::string directory = "/proc/" + pid + "/fd";
  for (const std::string& fd : names_in(directory)) {
    const std::string target = link_of(directory + "/" + fd);
    if (target.rfind("socket:[", 0) == 0) inodes.insert(target.substr(8, target.size() - 9));
  }
}

}  // namespace

void mark_environment() {
  // A child test program keeps its parent's mark: what it leaves is the parent's business as well.
  if (getenv(kMark) == nullptr) setenv(kMark, std::to_string(getpid()).c_str(), 1);
}

std::vector<Helper> helpers() {
  std::vector<Helper> found;
  for (const std::string& pid : names_in("/proc")) {
    if (!is_number(pid)) continue;
    std::istringstream words(slurp("/proc/" + pid + "/cmdline"));
    std::vector<std::string> argv;
    for (std::string word; std::getline(words, word, '\0');) argv.push_back(word);
    if (argv.size() < 4 || argv[0] != "devenv-helper") continue;
    if (argv[1] == "reap") found.push_back({pid, argv[2], argv[3]});
    if (argv[1] == "hold" && argv.size() > 4) found.push_back({pid, argv[2], argv[4]});
  }
  return found;
}

Items our_processes() {
  const char* mark = getenv(kMark);
  std::map<std::string, std::string> parents;
  Items ours;
  const std::string self = std::to_string(getpid());
  ProcessStat own, stat;
  stat_of(self, own);
  for (const std::string& pid : names_in("/proc")) {
    if (!is_number(pid) || !stat_of(pid, stat)) continue;
    parents[pid] = stat.parent;
    // Whoever is older than this program is not its child, orphaned or not.
    const bool younger = stat.start >= own.start && pid != self;
    if (younger && mark != nullptr && is_marked(pid, mark)) ours.insert(pid);
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [pid, parent] : parents)
      if (pid != self && (parent == self || ours.contains(parent)) && ours.insert(pid).second) grown = true;
  }
  // A holder has no environment, and no parent once its owner was killed.
  for (const Helper& helper : helpers())
    if (helper.runtime_dir.starts_with(TempDir::prefix())) ours.insert(helper.pid);
  // Our own ancestors carry the mark when one of them set it.
  for (std::string pid = self; parents.contains(pid); pid = parents[pid]) ours.erase(pid);
  return ours;
}

Items process_names(const Items& processes) {
  Items names;
  for (const std::string& pid : processes) {
    std::string command = slurp("/proc/" + pid + "/cmdline");
    for (char& c : command)
      if (c == '\0') c = ' ';
    if (command.empty()) command = slurp("/proc/" + pid + "/comm");
    while (!command.empty() && (command.back() == ' ' || command.back() == '\n')) command.pop_back();
    if (access(("/proc/" + pid).c_str(), F_OK) == 0) names.insert(pid + " " + command);
  }
  return names;
}

Items network_namespaces(const Items& processes) {
  Items namespaces;
  const std::string own = link_of("/proc/self/ns/net");
  for (const std::string& pid : processes) {
    const std::string net = link_of("/proc/" + pid + "/ns/net");
    if (!net.empty() && net != own) namespaces.insert(net);
  }
  // Those that only a descriptor keeps.
  const auto add_held = [&](const std::string& pid) {
    const std::string directory = "/proc/" + pid + "/fd/";
    for (const std::string& fd : names_in(directory)) {
      const std::string target = link_of(directory + fd);
      if (target.rfind("net:[", 0) == 0 && target != own) namespaces.insert(target);
    }
  };
  add_held("self");
  for (const std::string& pid : processes) add_held(pid);
  return namespaces;
}

Items listening_ports(const Items& processes) {
  std::set<std::string> inodes;
  add_sockets("self", inodes);
  for (const std::string& pid : processes) add_sockets(pid, inodes);
  Items ports;
  if (inodes.empty()) return ports;  // the kernel takes tens of milliseconds to print these tables
  for (const char* table : {"tcp", "tcp6", "udp", "udp6"}) {
    std::istringstream lines(slurp(std::string("/proc/self/net/") + table));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream fields(line);
      std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
      fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
          inode;
      const bool listens = state == "0A" || (table[0] == 'u' && state == "07");
      if (!listens || !inodes.contains(inode)) continue;
      const std::size_t colon = local.rfind(':');
      ports.insert(std::string(table) + " " +
                   std::to_string(std::stoul(local.substr(colon + 1), nullptr, 16)));
    }
  }
  return ports;
}

Items descriptors() {
  Items open;
  for (const std::string& fd : names_in("/proc/self/fd")) {
    const std::string target = link_of("/proc/self/fd/" + fd);
    if (!target.empty()) open.insert(fd + " " + target);
  }
  return open;
}

}  // namespace devenv::test
