#include "owner.h"

#include <devenv/error.h>
#include <fcntl.h>

#include <optional>
#include <vector>

#include "runtime/base/files.h"
#include "runtime/store/scan.h"
#include "runtime/store/tree.h"
#include "text.h"

namespace devenv::build {
namespace {

constexpr std::size_t max_database_bytes = 16u << 20;

std::optional<unsigned> as_number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return {};
  if (text.size() > 10 || std::stoull(text) > 0x7FFFFFFF)
    throw Error("user or group id " + text + " is out of range", "ids go up to 2147483647");
  return static_cast<unsigned>(std::stoul(text));
}

std::vector<std::string> split_colons(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == ':')
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

// Lines of /etc/passwd or /etc/group; none when there is no such regular file.
std::vector<std::vector<std::string>> read_database(int root_fd, const std::string& path) {
  std::string text;
  try {
    const UniqueFd file = store::open_beneath(root_fd, store::Tree(root_fd).resolve(path));
    struct stat st {};
    if (fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) return {};
    text = read_all(file.get(), "/" + path + " of the image", max_database_bytes);
  } catch (const SystemError&) {
    return {};
  }
  std::vector<std::vector<std::string>> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(split_colons(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

// Field `wanted` (a number) of the line whose field `key` is `value`.
std::optional<unsigned> look_up(int root_fd, const std::string& path, std::size_t key,
                                const std::string& value, std::size_t wanted) {
  for (const auto& fields : read_database(root_fd, path)) {
    if (fields.size() <= std::max(key, wanted) || fields[key] != value) continue;
    if (const auto number = as_number(fields[wanted])) return number;
  }
  return {};
}

unsigned find_group(int root_fd, const std::string& group) {
  if (const auto number = as_number(group)) return *number;
  if (const auto found = look_up(root_fd, "etc/group", 0, group, 2)) return *found;
  throw Error("group " + quote(group) + " is not in the image's /etc/group",
              "create it first, or give its number");
}

Owner resolve(int root_fd, const std::string& text, bool same_group) {
  const std::size_t colon = text.find(':');
  const std::string user = text.substr(0, colon);
  const std::string group = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (user.empty() || (colon != std::string::npos && group.empty()))
    throw Error("malformed owner " + quote(text), "write user, user:group or numbers");
  Owner owner;
  if (const auto number = as_number(user)) {
    owner.first = *number;
    owner.second = same_group ? *number : look_up(root_fd, "etc/passwd", 2, user, 3).value_or(0);
  } else {
    const auto uid = look_up(root_fd, "etc/passwd", 0, user, 2);
    if (!uid)
      throw Error("user " + quote(user) + " is not in the image's /etc/passwd",
                  "create it first, or give its number");
    owner.first = *uid;
    owner.second = look_up(root_fd, "etc/passwd", 0, user, 3).value_or(0);
  }
  if (!group.empty()) owner.second = find_group(root_fd, group);
  return owner;
}

}  // namespace

Owner resolve_owner(int root_fd, const std::string& text) { return resolve(root_fd, text, true); }

Owner resolve_user(int root_fd, const std::string& user) {
  return user.empty() ? Owner{0, 0} : resolve(root_fd, user, false);
}

}  // namespace devenv::build
