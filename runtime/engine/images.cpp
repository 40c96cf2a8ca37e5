#include "images.h"

#include <sys/mount.h>

#include <ctime>

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

std::string way_out(const registry::Reference& reference) {
  if (registry::can_bootstrap(reference))
    return "make it from Debian's archive with: devenv image bootstrap " + reference.familiar();
  std::string known;
  for (const std::string& name : registry::known_bootstraps()) known += (known.empty() ? "" : ", ") + name;
  return "if it is to be built here, build it first with: devenv build -t " + reference.familiar() +
         " DIR; base images that devenv image bootstrap makes: " + known;
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
      if (text.find_first_not_of("0123456789abcdef") != std::string::npos) throw;
    }
  }
  if (text.rfind("sha256:", 0) == 0 || text.find_first_not_of("0123456789abcdef") == std::string::npos)
    return store_.images().find_id(text);
  return std::nullopt;
}

store::StoredImage Images::find(const std::string& text) const {
  if (auto image = try_find(text)) return *image;
  if (registry::is_image_id(text))
    throw NotFound("find image " + text + ": not in the store", "see: devenv images");
  throw NotFound("find image " + text + ": not in the store",
                 way_out(registry::parse_reference_or_latest(text)));
}

store::StoredImage Images::pull(const std::string& text, const Progress& progress) const {
  const registry::Reference reference = registry::parse_reference_or_latest(text);
  try {
    return registry::pull(reference, store_, mount_layers, progress);
  } catch (const Error& error) {
    throw NotFound(
        "get image " + text + ": it is not in the store, and the registry gave none (" + error.what() + ")",
        way_out(reference));
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
