// What a Dockerfile build gets from this machine: base images, work layers, RUN containers, caches.
// One per build. Thread-safe, as Backend is.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "holders.h"
#include "images.h"
#include "runtime/build/builder.h"
#include "runtime/store/store.h"
#include "work_layer.h"

namespace devenv::engine {

class BuildBackend final : public build::Backend {
 public:
  BuildBackend(const store::Store& store, const Images& images, Holders& holders, const Progress& progress)
      : store_(store),
        images_(images),
        holders_(holders),
        progress_(progress),
        adding_(store.add_content()) {}

  build::BaseImage base_image(const std::string& reference, const std::string& platform, bool pull) override;
  std::unique_ptr<build::WorkLayer> work_layer(const build::Layers& parents) override;
  UniqueFd open_layers(const build::Layers& layers) override;
  bool has_layer(const build::Layer& layer) override {
    return store_.layers().has(layer.chain_id) && store_.blobs().has(layer.diff_id);
  }

  std::optional<std::string> cache_get(const std::string& key) override {
    return store_.build_cache().get(key);
  }
  void cache_put(const std::string& key, const std::string& value) override {
    store_.build_cache().put(key, value);
  }
  std::shared_ptr<void> cache_lock(const std::string& key, const std::function<void()>& waiting) override;
  std::unique_ptr<build::CacheDir> cache_dir(const std::string& id, build::CacheSharing sharing) override;
  std::string scratch_dir() override;
  build::Fetched fetch(const std::string& url, const Progress& progress) override;
  void stop_runs() noexcept override { runs_.stop(); }
  ImageInfo write_image(const std::string& config_json, const build::Layers& layers,
                        const std::vector<std::string>& tags) override;

 private:
  std::vector<std::string> lower_dirs(const build::Layers& layers) const;

  const store::Store& store_;
  const Images& images_;
  Holders& holders_;
  const Progress& progress_;
  store::FileLock adding_;  ///< its layers belong to no image before the last step
  BuildRuns runs_;
  std::mutex mutex_;  // guards what follows
  std::vector<store::TmpDir> scratch_;
  std::map<std::string, store::Descriptor> base_layers_;  ///< diff id → how the base's manifest names it
};

}  // namespace devenv::engine
