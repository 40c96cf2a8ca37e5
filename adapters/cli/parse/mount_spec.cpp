#include "mount_spec.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <vector>

#include "adapters/cli/usage_error.h"
#include "quantity.h"
#include "runtime/base/random_id.h"

namespace devenv::cli {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

/// RFC 4180 fields of one line.
std::vector<std::string> csv_fields(const std::string& text) {
  std::vector<std::string> fields{""};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

UsageError bad_volume(const std::string& text, const std::string& reason) {
  return UsageError(
      "read volume \"" + text + "\": " + reason,
      "the form is [/HOST/PATH|NAME:]/CONTAINER/PATH[:ro], as in -v /src:/app or -v data:/var/lib/db:ro");
}

UsageError bad_mount(const std::string& text, const std::string& reason) {
  return UsageError("read mount \"" + text + "\": " + reason,
                    "the form is type=bind|volume|tmpfs,source=SOURCE,target=/PATH[,readonly]");
}

UsageError bad_tmpfs(const std::string& text, const std::string& reason) {
  return UsageError("read tmpfs \"" + text + "\": " + reason,
                    "the form is /PATH[:OPTION,...], as in --tmpfs /run:size=64m,mode=1777");
}

bool is_volume_name(const std::string& name) {
  const auto first = [](unsigned char c) { return std::isalnum(c) != 0; };
  const auto later = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; };
  return name.size() >= 2 && first(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), later);
}

unsigned octal_mode(const std::string& value) {
  unsigned mode = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), mode, 8);
  if (failure != std::errc() || end != value.data() + value.size() || mode > 07777)
    throw UsageError("read mode \"" + value + "\": not an octal mode", "as in 1777 or 0755");
  return mode;
}

bool boolean(const std::string& text, const std::string& value) {
  if (value.empty() || value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  throw bad_mount(text, "\"" + value + "\" is neither true nor false");
}

/// One key=value of --mount.
void apply_field(MountSpec& mount, const std::string& text, const std::string& field) {
  const std::size_t equals = field.find('=');
  const std::string key = field.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : field.substr(equals + 1);
  if (key == "type") {
    if (value == "bind")
      mount.type = MountSpec::Type::bind;
    else if (value == "volume")
      mount.type = MountSpec::Type::volume;
    else if (value == "tmpfs")
      mount.type = MountSpec::Type::tmpfs;
    else
      throw bad_mount(text, "type \"" + value + "\" is none of bind, volume and tmpfs");
  } else if (key == "source" || key == "src") {
    mount.source = value;
  } else if (key == "target" || key == "dst" || key == "destination") {
    mount.target = value;
  } else if (key == "readonly" || key == "ro") {
    mount.read_only = boolean(text, value);
  } else if (key == "tmpfs-size") {
    mount.tmpfs_size_bytes = parse_size(value);
  } else if (key == "tmpfs-mode") {
    mount.tmpfs_mode = octal_mode(value);
  } else {
    throw bad_mount(text, "the key \"" + key + "\" is not known");
  }
}

void check_mount(const MountSpec& mount, const std::string& text) {
  if (mount.target.empty()) throw bad_mount(text, "it has no target");
  if (mount.target[0] != '/') throw bad_mount(text, "the target \"" + mount.target + "\" is not absolute");
  if (mount.type == MountSpec::Type::bind && (mount.source.empty() || mount.source[0] != '/'))
    throw bad_mount(text, mount.source.empty() ? "a bind needs a source"
                                               : "the source \"" + mount.source + "\" is not absolute");
  if (mount.type == MountSpec::Type::volume && !is_volume_name(mount.source))
    throw bad_mount(text, "\"" + mount.source + "\" is no volume name");
  if (mount.type == MountSpec::Type::tmpfs && !mount.source.empty())
    throw bad_mount(text, "a tmpfs has no source");
}

void apply_volume_options(MountSpec& mount, const std::string& text, const std::string& options) {
  for (const auto& option : split(options, ',')) {
    if (option == "ro")
      mount.read_only = true;
    else if (option == "rw")
      mount.read_only = false;
    else if (option != "z" && option != "Z" && option != "cached" && option != "consistent" &&
             option != "delegated")
      throw bad_volume(text, "the option \"" + option + "\" is not known");
  }
}

}  // namespace

MountSpec parse_volume_spec(const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() > 3) throw bad_volume(text, "it has more than three parts");
  MountSpec mount{.type = MountSpec::Type::volume};
  mount.target = parts.size() == 1 ? parts[0] : parts[1];
  if (mount.target.empty()) throw bad_volume(text, "the path in the container is empty");
  if (mount.target[0] != '/')
    throw bad_volume(text, "the path in the container, \"" + mount.target + "\", is not absolute");
  if (parts.size() == 3) apply_volume_options(mount, text, parts[2]);
  if (parts.size() == 1) {
    mount.source = random_id();
    return mount;
  }
  mount.source =
      parts[0] == "." || parts[0] == ".." || parts[0].starts_with("./") || parts[0].starts_with("../")
          ? std::filesystem::absolute(parts[0]).lexically_normal().string()
          : parts[0];
  if (mount.source.starts_with('/'))
    mount.type = MountSpec::Type::bind;
  else if (!is_volume_name(mount.source))
    throw bad_volume(
        text, "\"" + mount.source + "\" is neither a path (which begins with / or ./) nor a volume name");
  return mount;
}

MountSpec parse_mount_spec(const std::string& text) {
  MountSpec mount{.type = MountSpec::Type::volume};
  for (const auto& field : csv_fields(text)) apply_field(mount, text, field);
  if (mount.type == MountSpec::Type::volume && mount.source.empty()) mount.source = random_id();
  check_mount(mount, text);
  return mount;
}

MountSpec parse_tmpfs_spec(const std::string& text) {
  const std::size_t colon = text.find(':');
  MountSpec mount{.type = MountSpec::Type::tmpfs, .source = "", .target = text.substr(0, colon)};
  if (!mount.target.starts_with('/')) throw bad_tmpfs(text, "the path is not absolute");
  if (colon == std::string::npos) return mount;
  for (const auto& option : split(text.substr(colon + 1), ',')) {
    if (option.starts_with("size="))
      mount.tmpfs_size_bytes = parse_size(option.substr(5));
    else if (option.starts_with("mode="))
      mount.tmpfs_mode = octal_mode(option.substr(5));
    else if (option == "ro")
      mount.read_only = true;
    else if (option == "rw")
      mount.read_only = false;
    else if (option != "noexec" && option != "nosuid" && option != "nodev")
      throw bad_tmpfs(text, "the option \"" + option + "\" is not known");
  }
  return mount;
}

bool is_anonymous_volume(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace devenv::cli
