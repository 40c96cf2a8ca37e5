#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/probes/report.h"

namespace devenv::probe {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string link_of(const std::string& path) {
  char target[4096];
  const ssize_t n = readlink(path.c_str(), target, sizeof target);
  return n < 0 ? std::string() : std::string(target, static_cast<std::size_t>(n));
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

bool is_number(const std::string& text) { return text.find_first_not_of("0123456789") == std::string::npos; }

/// CapInh, CapPrm, …, NoNewPrivs, Seccomp and the ids, as /proc/self/status has them.
Json status() {
  Json fields = Json::object();
  std::istringstream lines(slurp("/proc/self/status"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    if (name.rfind("Cap", 0) == 0) fields[name] = line.substr(line.find_first_not_of(" \t", colon + 1));
    if (name == "NoNewPrivs" || name == "Seccomp" || name == "NSpid")
      fields[name] = std::stoi(line.substr(colon + 1));
  }
  return fields;
}

Json groups() {
  std::vector<gid_t> list(65536);
  const int count = getgroups(static_cast<int>(list.size()), list.data());
  list.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return list;
}

Json descriptors() {
  Json open = Json::object();
  for (const std::string& fd : names_in("/proc/self/fd")) {
    const std::string target = link_of("/proc/self/fd/" + fd);
    // The one that lists them is closed by now.
    if (fcntl(std::stoi(fd), F_GETFD) >= 0) open[fd] = target;
  }
  return open;
}

Json mounts() {
  Json list = Json::array();
  std::istringstream lines(slurp("/proc/self/mountinfo"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, point, options, word, type, source, super;
    words >> id >> parent >> device >> root >> point >> options;
    while (words >> word && word != "-") {
    }
    words >> type >> source >> super;
    list.push_back({{"root", root},
                    {"point", point},
                    {"options", options},
                    {"type", type},
                    {"source", source},
                    {"super_options", super}});
  }
  return list;
}

Json links() {
  Json names = Json::array();
  struct if_nameindex* all = if_nameindex();
  for (auto* link = all; link != nullptr && link->if_index != 0; ++link) names.push_back(link->if_name);
  if_freenameindex(all);
  return names;
}

Json devices() {
  Json found = Json::object();
  for (const std::string& name : names_in("/dev")) {
    const std::string path = "/dev/" + name;
    struct stat st;
    if (lstat(path.c_str(), &st) != 0) continue;
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", st.st_mode & 07777);
    Json entry = {{"mode", mode}};
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
      entry["type"] = S_ISCHR(st.st_mode) ? "char" : "block";
      entry["number"] = std::to_string(major(st.st_rdev)) + ":" + std::to_string(minor(st.st_rdev));
    } else if (S_ISLNK(st.st_mode)) {
      entry["type"] = "link";
      entry["target"] = link_of(path);
    } else {
      entry["type"] = S_ISDIR(st.st_mode) ? "directory" : "other";
    }
    found[name] = entry;
  }
  return found;
}

/// Keys in our session keyring; a refused keyctl tells nothing and shows as the errno.
Json keyring() {
  const long ring = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
  if (ring < 0) return {{"error", errno}, {"proc_keys", slurp("/proc/keys")}};
  int keys[256];
  const long bytes = syscall(SYS_keyctl, KEYCTL_READ, ring, keys, sizeof keys, 0);
  return {{"id", ring},
          {"keys", bytes < 0 ? -1 : bytes / static_cast<long>(sizeof(int))},
          {"proc_keys", slurp("/proc/keys")}};
}

Json processes() {
  Json list = Json::object();
  for (const std::string& pid : names_in("/proc"))
    if (is_number(pid)) {
      std::string name = slurp("/proc/" + pid + "/comm");
      if (!name.empty()) name.pop_back();
      list[pid] = name;
    }
  return list;
}

Json identity_of(const std::string& path) {
  struct stat st;
  Json entry = {{"link", link_of(path)}};
  if (stat(path.c_str(), &st) == 0) {
    entry["device"] = st.st_dev;
    entry["inode"] = st.st_ino;
  }
  return entry;
}

/// What there is to see at a path: nothing, an empty file or directory, or something; and whether its mount
/// is read-only.
Json sight_of(const std::string& path) {
  struct stat st;
  if (stat(path.c_str(), &st) != 0) return {{"kind", "absent"}};
  struct statvfs fs;
  Json entry = {{"read_only", statvfs(path.c_str(), &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0}};
  if (S_ISDIR(st.st_mode)) {
    entry["kind"] = "directory";
    entry["entries"] = names_in(path).size();
  } else {
    entry["kind"] = S_ISCHR(st.st_mode) ? "char" : "file";
    char byte;
    std::ifstream file(path, std::ios::binary);
    file.read(&byte, 1);
    entry["readable"] = file.gcount() > 0;
  }
  return entry;
}

/// Those that docker covers or makes read-only.
Json guarded_paths() {
  Json paths = Json::object();
  for (const char* path : {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                           "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                           "/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap", "/proc/bus",
                           "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"})
    paths[path] = sight_of(path);
  return paths;
}

/// Sockets of the abstract namespace, which belongs to the network namespace and no mount hides.
Json abstract_sockets() {
  Json names = Json::array();
  std::istringstream lines(slurp("/proc/net/unix"));
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t at = line.find(" @"); at != std::string::npos) names.push_back(line.substr(at + 1));
  return names;
}

Json environment() {
  Json list = Json::array();
  for (char** entry = environ; *entry != nullptr; ++entry) list.push_back(*entry);
  return list;
}

Json namespaces() {
  Json found = Json::object();
  for (const std::string& name : names_in("/proc/self/ns")) found[name] = link_of("/proc/self/ns/" + name);
  return found;
}

}  // namespace

Json what_is_seen() {
  char hostname[256] = "", cwd[4096] = "";
  gethostname(hostname, sizeof hostname - 1);
  if (syscall(SYS_getcwd, cwd, sizeof cwd) < 0) cwd[0] = '\0';
  const mode_t mask = umask(022);
  umask(mask);
  return {{"status", status()},
          {"uid", getuid()},
          {"euid", geteuid()},
          {"gid", getgid()},
          {"egid", getegid()},
          {"groups", groups()},
          {"pid", getpid()},
          {"ppid", getppid()},
          {"sid", getsid(0)},
          {"umask", mask},
          {"cwd", cwd},
          {"hostname", hostname},
          {"environment", environment()},
          {"descriptors", descriptors()},
          {"mounts", mounts()},
          {"links", links()},
          {"devices", devices()},
          {"keyring", keyring()},
          {"processes", processes()},
          {"namespaces", namespaces()},
          {"cgroup", slurp("/proc/self/cgroup")},
          {"guarded", guarded_paths()},
          {"abstract_sockets", abstract_sockets()},
          {"dumpable", prctl(PR_GET_DUMPABLE)},
          {"exe", identity_of("/proc/self/exe")},
          {"init_exe", identity_of("/proc/1/exe")}};
}

}  // namespace devenv::probe
