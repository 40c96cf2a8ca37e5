#include "cgroup_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>

#include "devenv/error.h"
#include "runtime/base/fields.h"
#include "runtime/base/files.h"

namespace devenv::kernel {
namespace {

/// 0 for what is none.
template <class Number>
Number number_of(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void collect_processes(const std::string& directory, std::vector<pid_t>& found) {
  const std::string text = read_control(directory, "cgroup.procs");
  for (const std::string_view pid : lines(text)) found.push_back(number_of<pid_t>(pid));
  for (const std::string& child : child_groups(directory)) collect_processes(child, found);
}

/// A frozen process of the v1 freezer does not even die of SIGKILL.
void thaw(const std::string& directory) {
  if (has_control(directory, "freezer.state")) write_control(directory, "freezer.state", "THAWED");
  for (const std::string& child : child_groups(directory)) thaw(child);
}

void kill_one_by_one(const std::string& directory) {
  // Again until nobody new shows up: a process may fork between the reading and its end.
  std::vector<pid_t> before;
  for (;;) {
    std::vector<pid_t> found;
    collect_processes(directory, found);
    std::sort(found.begin(), found.end());
    if (std::includes(before.begin(), before.end(), found.begin(), found.end())) break;
    for (const pid_t pid : found)
      if (pid > 0) kill(pid, SIGKILL);
    before = std::move(found);
  }
  thaw(directory);
}

/// Blocks until something may have changed: the kernel tells on v2; on v1 there is nothing but asking again.
void wait_for_change(const std::string& directory, Deadline deadline) {
  const int fd = open((directory + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC);
  const UniqueFd events(fd);
  if (!events) {
    poll(nullptr, 0, 1);
    return;
  }
  char text[256];
  const ssize_t n = read(events.get(), text, sizeof text);
  const std::string_view now(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  if (now.find("populated 0") != std::string_view::npos) {
    poll(nullptr, 0, 1);  // empty, yet busy: a process is on its last instructions
    return;
  }
  pollfd watch{events.get(), POLLPRI, 0};
  poll(&watch, 1, std::min(deadline.poll_timeout_ms() < 0 ? 100 : deadline.poll_timeout_ms(), 100));
}

std::string survivors(const std::string& directory) {
  std::string names;
  for (const pid_t pid : processes_in(directory)) {
    if (names.size() > 200) return names + " …";
    std::string name = read_control("/proc/" + std::to_string(pid), "comm");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    names += (names.empty() ? "" : ", ") + std::to_string(pid) + " (" + name + ")";
  }
  return names.empty() ? "a process" : names;
}

}  // namespace

int write_control(const std::string& directory, const char* file, const std::string& value) {
  const UniqueFd fd(open((directory + "/" + file).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  ssize_t written;
  do {
    written = write(fd.get(), value.data(), value.size());
  } while (written < 0 && errno == EINTR);
  return written < 0 ? errno : 0;
}

bool has_control(const std::string& directory, const char* file) {
  return access((directory + "/" + file).c_str(), F_OK) == 0;
}

std::string read_control(const std::string& directory, const char* file) {
  try {
    return read_file(directory + "/" + file);
  } catch (const Error&) {
    return {};
  }
}

std::uint64_t control_number(const std::string& directory, const char* file, const std::string& key) {
  const std::string text = read_control(directory, file);
  const auto words = fields(text);
  if (key.empty()) return words.empty() ? 0 : number_of<std::uint64_t>(words[0]);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2)
    if (words[i] == key) return number_of<std::uint64_t>(words[i + 1]);
  return 0;
}

std::string own_group(const std::string& root, const std::string& controller) {
  // "id:controllers:path"
  const std::string text = read_control(root + "/proc/self", "cgroup");
  for (const std::string_view view : lines(text)) {
    const std::string line(view);
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controller.empty() ? controllers == ",,"
                           : controllers.find("," + controller + ",") != std::string::npos)
      return line.substr(second + 1);
  }
  return "/";
}

std::vector<std::string> child_groups(const std::string& directory) {
  std::vector<std::string> children;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (!dir) return children;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..")
      children.push_back(directory + "/" + entry->d_name);
  }
  return children;
}

std::vector<pid_t> processes_in(const std::string& directory) {
  std::vector<pid_t> found;
  collect_processes(directory, found);
  return found;
}

bool group_empty(const std::string& directory) {
  if (has_control(directory, "cgroup.events"))
    return control_number(directory, "cgroup.events", "populated") == 0;
  return processes_in(directory).empty();
}

void kill_group(const std::string& directory) {
  if (write_control(directory, "cgroup.kill", "1") == 0) return;
  kill_one_by_one(directory);
}

bool try_remove_group(const std::string& directory) {
  if (rmdir(directory.c_str()) == 0 || errno == ENOENT) return true;
  for (const std::string& child : child_groups(directory)) try_remove_group(child);
  return rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

void remove_group(const std::string& directory, Deadline deadline) {
  while (!try_remove_group(directory)) {
    const int code = errno;
    if (code != EBUSY && code != ENOTEMPTY) throw SystemError(code, "remove cgroup " + directory);
    if (deadline.passed())
      throw Timeout("remove cgroup " + directory + ": still running after SIGKILL: " + survivors(directory));
    kill_group(directory);
    wait_for_change(directory, deadline);
  }
}

void make_group(const std::string& base, const std::string& name) {
  for (int tries = 0;; ++tries) {
    int code = 0;
    for (std::size_t end = 0; end != std::string::npos && code == 0;) {
      end = name.find('/', end + 1);
      const std::string part = base + "/" + name.substr(0, end);
      if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) code = errno;
    }
    if (code == 0) return;
    if (code != ENOENT || tries == 100) throw SystemError(code, "make cgroup " + base + "/" + name);
  }
}

void remove_empty_parents(const std::string& base, const std::string& name) {
  for (std::size_t end = name.rfind('/'); end != std::string::npos && end > 0; end = name.rfind('/', end - 1))
    if (rmdir((base + "/" + name.substr(0, end)).c_str()) != 0 && errno != ENOENT) return;
}

}  // namespace devenv::kernel
