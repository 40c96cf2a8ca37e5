#include "images.h"

#include <sys/mount.h>

#include <algorithm>
#include <ctime>

#include "runtime/base/nearest.h"
#include "runtime/base/sha256.h"
#include "runtime/kernel/mounts.h"
#include "runtime/registry/bootstrap.h"
#include "runtime/registry/pull.h"
#include "runtime/registry/reference.h"

namespace devenv::engine {
namespace {

std::int64_t unix_seconds(const std::string& rfc3339) {
  std::tm tm{};
  if (!strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &tm)) return 0;
  return static_cast<std::int64_t>(timegm(&tm));
}

/// Shorter ones are more likely a name: "db" and "cafe" are hexadecimal numbers too.
constexpr std::size_t shortest_id = 4;

bool may_be_id(const std::string& text) {
  return text.starts_with("sha256:") ||
         (text.size() >= shortest_id && text.find_first_not_of("0123456789abcdef") == std::string::npos);
}

std::string as_typed(registry::Reference reference) {
  if (reference.tag == "latest") reference.tag.clear();
  return reference.familiar();
}

std::string way_out(const registry::Reference& reference, const std::vector<store::StoredImage>& present) {
  if (registry::can_bootstrap(reference))
    return "make it from Debian's archive with: devenv image bootstrap " + reference.familiar();
  const std::vector<std::string> made_here = registry::known_bootstraps();
  std::vector<std::string> known = made_here;
  for (const store::StoredImage& image : present)
    for (const std::string& name : image.references)
      known.push_back(as_typed(registry::parse_reference(name)));
  const std::string near = nearest_name(as_typed(reference), known);
  if (!near.empty()) {
    const bool absent = std::count(known.begin(), known.end(), near) == 1 &&
                        std::find(made_here.begin(), made_here.end(), near) != made_here.end();
    return "did you mean " + near + (absent ? ", which devenv image bootstrap makes?" : "?");
  }
  return "see `devenv images`; one that is to be built here: devenv build -t " + reference.familiar() +
         " DIR; base images that need no registry: devenv image bootstrap";
}

}  // namespace

UniqueFd mount_layers(const std::vector<std::string>& lower_dirs, const std::string& upper,
                      const std::string& work) {
  if (lower_dirs.empty()) return kernel::detached_overlay({.lower = {upper}});
  return kernel::detached_overlay(
      {.lower = lower_dirs, .upper = upper, .work = work, .volatile_upper = true});
}

UniqueFd mount_read_only(const std::vector<std::string>& lower_dirs) {
  if (!lower_dirs.empty()) return kernel::detached_overlay({.lower = lower_dirs});
  const int fd = kernel::tmpfs_mount(0, 0755, 0);
  if (fd < 0) throw SystemError(-fd, "mount an empty tmpfs");
  return UniqueFd(fd);
}

std::optional<store::StoredImage> Images::try_find(const std::string& text) const {
  if (!registry::is_image_id(text)) {
    try {
      const registry::Reference reference = registry::parse_reference_or_latest(text);
      if (auto image = store_.images().find_reference(reference.full())) return image;
      if (!reference.digest.empty())
        if (auto image = store_.images().find_id(reference.digest)) return image;
    } catch (const NotFound&) {
      throw;
    } catch (const Error&) {
      // Not a reference. It may still be an id's prefix.
      if (!may_be_id(text)) throw;
    }
  }
  if (may_be_id(text)) return store_.images().find_id(text);
  return std::nullopt;
}

store::StoredImage Images::find(const std::string& text) const {
  if (auto image = try_find(text)) return *image;
  if (registry::is_image_id(text))
    throw NotFound("find image " + text + ": not in the store", "see: devenv images");
  throw NotFound("find image " + text + ": not in the store",
                 way_out(registry::parse_reference_or_latest(text), store_.images().list()));
}

store::StoredImage Images::pull(const std::string& text, const Progress& progress) const {
  if (text.starts_with("sha256:"))  // as a name it would be tag … of image sha256
    throw NotFound("get image " + text + ": no image of the store has this id, and a registry has names",
                   "see: devenv images");
  const registry::Reference reference = registry::parse_reference_or_latest(text);
  try {
    return registry::pull(reference, store_, mount_layers, progress);
  } catch (const Error& error) {
    throw NotFound(
        "get image " + text + ": it is not in the store, and the registry gave none (" + error.what() + ")",
        way_out(reference, store_.images().list()));
  }
}

store::StoredImage Images::ensure(const std::string& text, PullPolicy policy,
                                  const Progress& progress) const {
  if (policy == PullPolicy::never) return find(text);
  const auto present = [&]() -> std::optional<store::StoredImage> {
    auto image = try_find(text);
    if (image && !store_.images().is_unpacked(*image)) {
      const store::FileLock adding = store_.add_content();
      store_.images().unpack(*image, mount_layers);
    }
    return image;
  };
  if (policy == PullPolicy::missing || registry::is_image_id(text)) {
    if (auto image = present()) return *image;
    if (registry::is_image_id(text)) return find(text);
  }
  // Two that need the same image pull it once.
  const store::FileLock alone =
      store_.lock("pull-" + sha256_hex(text), store::FileLock::Mode::exclusive, Deadline::never());
  if (policy == PullPolicy::missing)
    if (auto image = present()) return *image;
  const store::FileLock adding = store_.add_content();
  return pull(text, progress);
}

ImageInfo Images::describe(const store::StoredImage& image, const store::LayerStore& layers) {
  ImageInfo info;
  info.id = image.id;
  info.manifest_digest = image.descriptor.digest;
  for (const std::string& full : image.references)
    info.references.push_back(registry::parse_reference(full).familiar());
  info.created_unix_s = unix_seconds(image.config.created);
  for (const std::string& chain : store::chain_ids(image.config.diff_ids))
    if (layers.has(chain)) info.size_bytes += layers.info(chain).size;
  const store::RunConfig& config = image.config.config;
  info.entrypoint = config.entrypoint;
  info.command = config.cmd;
  info.env = config.env;
  info.user = config.user;
  info.working_dir = config.working_dir;
  info.stop_signal = config.stop_signal;
  info.labels = config.labels;
  info.exposed_ports.assign(config.exposed_ports.begin(), config.exposed_ports.end());
  info.volumes.assign(config.volumes.begin(), config.volumes.end());
  return info;
}

}  // namespace devenv::engine
