#include "mount.h"

#include <devenv/error.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "runtime/base/nearest.h"
#include "text.h"

namespace devenv::build {
namespace {

const std::map<std::string, Mount::Type>& types() {
  static const std::map<std::string, Mount::Type> all = {{"bind", Mount::Type::bind},
                                                         {"cache", Mount::Type::cache},
                                                         {"tmpfs", Mount::Type::tmpfs},
                                                         {"secret", Mount::Type::secret},
                                                         {"ssh", Mount::Type::ssh}};
  return all;
}

bool read_bool(const std::string& key, const std::string& value) {
  const std::string lower = to_lower(value);
  if (lower.empty() || lower == "true" || lower == "1" || lower == "t") return true;
  if (lower == "false" || lower == "0" || lower == "f") return false;
  throw Error("invalid value for " + key + ": " + value, "use true or false");
}

unsigned read_number(const std::string& key, const std::string& value, int base) {
  unsigned number = 0;
  const auto end = std::from_chars(value.data(), value.data() + value.size(), number, base);
  if (end.ec != std::errc{} || end.ptr != value.data() + value.size())
    throw Error("invalid value for " + key + ": " + value, base == 8 ? "use octal digits" : "use a number");
  return number;
}

void read_field(Mount& mount, const std::string& key, const std::string& value) {
  if (key == "source" || key == "src") {
    mount.source = value;
  } else if (key == "target" || key == "dst" || key == "destination") {
    mount.target = value;
    mount.has_target = true;
  } else if (key == "readonly" || key == "ro") {
    mount.read_only = read_bool(key, value);
  } else if (key == "readwrite" || key == "rw") {
    mount.read_only = !read_bool(key, value);
  } else if (key == "id") {
    mount.id = value;
  } else if (key == "sharing") {
    if (value != "shared" && value != "private" && value != "locked")
      throw Error("unsupported sharing value " + quote(value), "use shared, private or locked");
    mount.sharing = value;
  } else if (key == "size") {
    mount.size_bytes = parse_size(value);
  } else if (key == "mode") {
    mount.mode = read_number(key, value, 8);
  } else if (key == "uid") {
    mount.uid = read_number(key, value, 10);
  } else if (key == "gid") {
    mount.gid = read_number(key, value, 10);
  } else if (key == "required") {
    mount.required = read_bool(key, value);
  } else if (key == "env") {
    mount.env = value;
  } else {
    static const std::vector<std::string> keys = {"type",      "from", "source",   "target", "readonly",
                                                  "readwrite", "id",   "sharing",  "size",   "mode",
                                                  "uid",       "gid",  "required", "env"};
    const std::string nearest = nearest_name(key, keys);
    throw Error("unexpected key '" + key + "' in --mount",
                nearest.empty() ? "" : "did you mean " + nearest + "?");
  }
}

void check_id(const Mount& mount) {
  const std::string id = "/" + mount.id + "/";
  if (id.find("/../") != std::string::npos)
    throw Error("cache id " + quote(mount.id) + " leaves the cache", "use an id without ..");
}

void fill_target(Mount& mount, const std::string& workdir) {
  if (mount.type == Mount::Type::secret) {
    if (mount.id.empty() && mount.has_target) {
      const std::string clean = clean_path(mount.target);
      mount.id = clean.substr(clean.rfind('/') + 1);
    }
    if (mount.id.empty()) throw Error("--mount=type=secret needs an id or a target");
    if (mount.target.empty()) mount.target = "/run/secrets/" + mount.id;
  }
  if (mount.type == Mount::Type::ssh && mount.target.empty()) mount.target = "/run/buildkit/ssh_agent.0";
  if (mount.target.empty()) throw Error("--mount needs a target", "add target=/path");
  mount.target = clean_path(mount.target.starts_with('/') ? mount.target : workdir + "/" + mount.target);
  if (mount.target == "/") throw Error("--mount cannot have the target /", "name a directory below it");
  if (mount.type == Mount::Type::cache && mount.id.empty()) mount.id = mount.target;
}

}  // namespace

std::uint64_t parse_size(const std::string& text) {
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit = to_lower(
      trim(std::string_view(end.ptr, static_cast<std::size_t>(text.data() + text.size() - end.ptr))));
  static const std::string prefixes = "kmgtp";
  std::size_t power = 0;
  if (!unit.empty() && unit != "b") {
    power = prefixes.find(unit[0]) + 1;
    const std::string rest = unit.substr(1);
    if (power == 0 || (!rest.empty() && rest != "b" && rest != "ib")) power = std::string::npos;
  }
  if (end.ec != std::errc{} || number < 0 || power == std::string::npos)
    throw Error("invalid size " + quote(text), "write it as 64m or 1g");
  for (; power > 0; --power) number *= 1024;
  if (number > 9e18) throw Error("invalid size " + quote(text) + ": too large");
  return static_cast<std::uint64_t>(number);
}

std::string mount_from(const MountFields& fields) {
  std::string from;
  for (const auto& [key, value] : fields)
    if (key == "from") from = value;
  return from;
}

Mount read_mount(const MountFields& fields, const std::string& workdir,
                 const std::function<std::string(const std::string&)>& expand) {
  Mount mount;
  for (const auto& [key, value] : fields) {
    if (key != "type") continue;
    const auto type = types().find(to_lower(expand(value)));
    if (type == types().end())
      throw Error("unsupported mount type " + quote(value), "use bind, cache, tmpfs, secret or ssh");
    mount.type = type->second;
  }
  mount.read_only = mount.type == Mount::Type::bind;
  for (const auto& [key, value] : fields) {
    if (key == "type") continue;
    if (key != "from") {
      read_field(mount, key, expand(value));
    } else if (value.find('$') != std::string::npos) {
      throw Error("--mount from=" + value + ": variables are not expanded here",
                  "use FROM with the variable and AS name, then from=name");
    } else {
      mount.from = value;
    }
  }
  fill_target(mount, workdir);
  check_id(mount);
  return mount;
}

}  // namespace devenv::build
