#include "id_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "devenv/error.h"
#include "runtime/base/files.h"

namespace devenv::kernel {
namespace {

std::string lines_of(const std::vector<IdRange>& ranges) {
  std::string lines;
  for (const IdRange& range : ranges)
    lines += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " +
             std::to_string(range.count) + "\n";
  return lines;
}

unsigned outside(const std::vector<IdRange>& ranges, unsigned inside, const char* what) {
  if (ranges.empty()) return inside;
  for (const IdRange& range : ranges)
    if (inside >= range.inside && inside - range.inside < range.count)
      return range.outside + (inside - range.inside);
  throw Error(
      "map " + std::string(what) + " " + std::to_string(inside) + ": it is outside the container's range",
      "add a subordinate range for this user to /etc/sub" + std::string(what));
}

void write_once(const std::string& path, const std::string& text) {
  // The kernel takes a map in a single write only.
  const UniqueFd fd = open_file(path, O_WRONLY);
  write_all(fd.get(), text, path);
}

}  // namespace

IdMap choose_id_map() {
  if (geteuid() == 0) return {};
  return {.uids = {{0, geteuid(), 1}}, .gids = {{0, getegid(), 1}}, .deny_setgroups = true};
}

uid_t outside_uid(const IdMap& map, uid_t inside) { return outside(map.uids, inside, "uid"); }
gid_t outside_gid(const IdMap& map, gid_t inside) { return outside(map.gids, inside, "gid"); }

void write_id_map(pid_t child, const IdMap& map) {
  if (map.identity()) return;
  const std::string process = "/proc/" + std::to_string(child);
  if (map.deny_setgroups) write_once(process + "/setgroups", "deny");
  write_once(process + "/gid_map", lines_of(map.gids));
  write_once(process + "/uid_map", lines_of(map.uids));
}

}  // namespace devenv::kernel
