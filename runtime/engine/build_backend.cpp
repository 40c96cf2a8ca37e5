#include "build_backend.h"

#include <fcntl.h>

#include "runtime/base/files.h"
#include "runtime/base/sha256.h"
#include "runtime/registry/fetch.h"
#include "runtime/registry/reference.h"

namespace devenv::engine {
namespace {

class LockedCacheDir final : public build::CacheDir {
 public:
  LockedCacheDir(std::string path, store::FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path() const override { return path_; }

 private:
  std::string path_;
  store::FileLock lock_;
};

}  // namespace

build::BaseImage BuildBackend::base_image(const std::string& reference, const std::string& platform,
                                          bool pull) {
  const store::StoredImage image =
      images_.ensure(reference, pull ? PullPolicy::always : PullPolicy::missing, progress_);
  if (!platform.empty() && store::parse_platform(platform).architecture != image.config.platform.architecture)
    throw Error("use base image " + reference + ": it is for " + image.config.platform.architecture +
                    ", not " + platform,
                "only this machine's own platform can be built for");
  build::BaseImage base{image.id, store_.blobs().read(image.id), {}};
  if (image.config.diff_ids.empty()) return base;
  const auto chains = store::chain_ids(image.config.diff_ids);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < chains.size(); ++i) {
    base.layers.push_back({image.config.diff_ids[i], chains[i]});
    base_layers_[image.config.diff_ids[i]] = image.manifest.layers.at(i);
  }
  return base;
}

std::vector<std::string> BuildBackend::lower_dirs(const build::Layers& layers) const {
  std::vector<std::string> dirs;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
    dirs.push_back(store_.layers().path(layer->chain_id));
  return dirs;
}

std::unique_ptr<build::WorkLayer> BuildBackend::work_layer(const build::Layers& parents) {
  return make_work_layer(store_, holders_, runs_, parents, lower_dirs(parents));
}

UniqueFd BuildBackend::open_layers(const build::Layers& layers) {
  return mount_read_only(lower_dirs(layers));
}

std::shared_ptr<void> BuildBackend::cache_lock(const std::string& key, const std::function<void()>& waiting) {
  const auto exclusive = store::FileLock::Mode::exclusive;
  auto lock = store_.try_lock("build-" + key, exclusive);
  if (!lock) {
    waiting();
    lock = store_.lock("build-" + key, exclusive, Deadline::never());
  }
  return std::make_shared<store::FileLock>(std::move(*lock));
}

std::unique_ptr<build::CacheDir> BuildBackend::cache_dir(const std::string& id, build::CacheSharing sharing) {
  const std::string base = store_.root() + "/cache/mounts/" + sha256_hex(id);
  for (int copy = 0;; ++copy) {
    const std::string path = copy == 0 ? base : base + "-" + std::to_string(copy);
    make_directories(path, 0755);
    if (sharing == build::CacheSharing::locked)
      return std::make_unique<LockedCacheDir>(
          path, store::FileLock::acquire(path, store::FileLock::Mode::exclusive, Deadline::never(),
                                         "cache mount " + id));
    const auto mode = sharing == build::CacheSharing::shared ? store::FileLock::Mode::shared
                                                             : store::FileLock::Mode::exclusive;
    if (auto lock = store::FileLock::try_acquire(path, mode))
      return std::make_unique<LockedCacheDir>(path, std::move(*lock));
  }
}

std::string BuildBackend::scratch_dir() {
  store::TmpDir made = store_.tmp_dir();
  const std::string path = made.path() + "/scratch";
  make_directories(path, 0755);
  const std::lock_guard lock(mutex_);
  scratch_.push_back(std::move(made));
  return path;
}

build::Fetched BuildBackend::fetch(const std::string& url, const Progress& progress) {
  progress("fetch " + url);
  const std::string path = scratch_dir() + "/download";
  const UniqueFd file = open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  const registry::FetchedUrl fetched = registry::fetch_url(url, file.get());
  return {path, fetched.name, fetched.mtime_s, fetched.digest};
}

ImageInfo BuildBackend::write_image(const std::string& config_json, const build::Layers& layers,
                                    const std::vector<std::string>& tags) {
  std::vector<store::Descriptor> descriptors;
  for (const build::Layer& layer : layers) {
    if (const auto base = base_layers_.find(layer.diff_id); base != base_layers_.end()) {
      descriptors.push_back(base->second);
      continue;
    }
    store::Descriptor descriptor;
    descriptor.media_type = store::media_type::oci_layer;
    descriptor.digest = layer.diff_id;
    descriptor.size = store_.blobs().size(layer.diff_id);
    descriptors.push_back(descriptor);
  }
  std::vector<std::string> names;
  for (const std::string& tag : tags) names.push_back(registry::parse_reference_or_latest(tag).full());
  const store::ImageConfig config = store::parse_image_config(config_json, "the built image's config");
  store::StoredImage image = store_.images().put_image(config, descriptors, names.empty() ? "" : names[0]);
  for (std::size_t i = 1; i < names.size(); ++i) store_.images().tag(names[i], image.descriptor);
  return Images::describe(names.empty() ? image : *store_.images().find_reference(names[0]), store_.layers());
}

}  // namespace devenv::engine
