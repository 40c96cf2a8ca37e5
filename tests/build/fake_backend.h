// A build backend on plain directories: a layer is a copy of the whole tree, a RUN is a function of the test.
#pragma once

#include <devenv/error.h>
#include <fcntl.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>

#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "runtime/base/sha256.h"
#include "runtime/build/builder.h"

namespace devenv::build {

namespace fs = std::filesystem;

inline fs::path make_temporary_directory() {
  std::string path = (fs::temp_directory_path() / "devenv-build-XXXXXX").string();
  if (!mkdtemp(path.data())) throw SystemError(errno, "make temporary directory");
  return path;
}

/// A directory that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(make_temporary_directory()) {}
  ~TemporaryDirectory() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }

 private:
  fs::path path_;
};

/// Read piece by piece.
inline std::string digest_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  Sha256 hash;
  for (char buffer[65536]; in.read(buffer, sizeof buffer) || in.gcount() > 0;)
    hash.update({buffer, static_cast<std::size_t>(in.gcount())});
  return "sha256:" + hash.hex();
}

class FakeBackend final : public Backend {
 public:
  std::recursive_mutex mutex;  ///< stages are built side by side
  using RunFunction = std::function<int(const RunRequest& request, const fs::path& root)>;

  TemporaryDirectory store;
  RunFunction on_run = [](const RunRequest&, const fs::path&) { return 0; };
  std::map<std::string, std::string> cache;
  std::map<std::string, BaseImage> images;
  std::vector<std::string> runs;  ///< last argument of every RUN
  std::vector<std::string> asked;  ///< base images, with " pull" when the registry was to be asked
  std::string config_json;
  Layers layers;
  int made = 0, opened = 0;
  std::uintmax_t download_size = 0;  ///< what is fetched is filled up with zeros to this size
  std::atomic<bool> stopped{false};

  /// An image with one layer that holds etc/passwd and etc/group.
  void add_base(const std::string& name, const std::string& config) {
    const fs::path dir = dir_of("sha256:base");
    fs::create_directories(dir / "etc");
    std::ofstream(dir / "etc/passwd") << "root:x:0:0::/root:/bin/sh\napp:x:7:8::/app:/bin/sh\n";
    std::ofstream(dir / "etc/group") << "root:x:0:\nstaff:x:9:\n";
    images[name] = {"sha256:id", config, {{"sha256:base", "sha256:base"}}};
  }
  fs::path dir_of(const std::string& chain) const { return store.path() / chain.substr(7); }
  fs::path result() const { return layers.empty() ? store.path() / "none" : dir_of(layers.back().chain_id); }
  std::string file(const std::string& name) const {
    std::ifstream in(result() / name);
    if (!in) return "missing";
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  BaseImage base_image(const std::string& reference, const std::string&, bool pull) override {
    const std::lock_guard lock(mutex);
    asked.push_back(reference + (pull ? " pull" : ""));
    const auto found = images.find(reference);
    if (found == images.end()) throw NotFound("find image " + reference + ": not here");
    return found->second;
  }
  std::unique_ptr<WorkLayer> work_layer(const Layers& parents) override;
  UniqueFd open_layers(const Layers& stack) override {
    const std::lock_guard lock(mutex);
    ++opened;
    const fs::path dir = stack.empty() ? store.path() / "empty" : dir_of(stack.back().chain_id);
    fs::create_directories(dir);
    return open_file(dir, O_RDONLY | O_DIRECTORY);
  }
  bool has_layer(const Layer& layer) override { return fs::exists(dir_of(layer.chain_id)); }
  std::optional<std::string> cache_get(const std::string& key) override {
    const std::lock_guard lock(mutex);
    const auto found = cache.find(key);
    if (found == cache.end()) return {};
    return found->second;
  }
  void cache_put(const std::string& key, const std::string& value) override {
    const std::lock_guard lock(mutex);
    cache[key] = value;
  }
  std::shared_ptr<void> cache_lock(const std::string&, const std::function<void()>&) override {
    return nullptr;
  }
  std::unique_ptr<CacheDir> cache_dir(const std::string& id, CacheSharing) override;
  std::string scratch_dir() override {
    const fs::path dir = store.path() / ("scratch-" + random_id(8));
    fs::create_directories(dir);
    return dir;
  }
  Fetched fetch(const std::string& url, const Progress&) override {
    const std::string path = store.path() / "download";
    std::ofstream(path) << "from " << url;
    fs::resize_file(path, std::max(download_size, fs::file_size(path)));
    return {path, url.substr(url.rfind('/') + 1), 1000000000, digest_of(path)};
  }
  void stop_runs() noexcept override { stopped = true; }
  ImageInfo write_image(const std::string& config, const Layers& stack,
                        const std::vector<std::string>&) override {
    config_json = config;
    layers = stack;
    ImageInfo info;
    info.id = sha256_digest(config);
    return info;
  }
};

class FakeWorkLayer final : public WorkLayer {
 public:
  FakeWorkLayer(FakeBackend& backend, const Layers& parents)
      : backend_(backend), dir_(backend.store.path() / random_id(12)) {
    if (parents.empty())
      fs::create_directories(dir_);
    else
      fs::copy(backend.dir_of(parents.back().chain_id), dir_,
               fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    root_ = open_file(dir_, O_RDONLY | O_DIRECTORY);
  }
  ~FakeWorkLayer() override { fs::remove_all(dir_); }
  int root() override { return root_.get(); }
  ExitStatus run(const RunRequest& request) override {
    {
      const std::lock_guard lock(backend_.mutex);
      backend_.runs.push_back(request.argv.back());
    }
    return {.code = backend_.on_run(request, dir_)};
  }
  Layer commit(std::optional<std::int64_t>) override {
    const std::lock_guard lock(backend_.mutex);
    const std::string id = sha256_digest("layer " + std::to_string(backend_.made++));
    fs::rename(dir_, backend_.dir_of(id));
    return {id, id};
  }

 private:
  FakeBackend& backend_;
  fs::path dir_;
  UniqueFd root_;
};

class FakeCacheDir final : public CacheDir {
 public:
  explicit FakeCacheDir(std::string path) : path_(std::move(path)) { fs::create_directories(path_); }
  std::string path() const override { return path_; }

 private:
  std::string path_;
};

inline std::unique_ptr<WorkLayer> FakeBackend::work_layer(const Layers& parents) {
  return std::make_unique<FakeWorkLayer>(*this, parents);
}
inline std::unique_ptr<CacheDir> FakeBackend::cache_dir(const std::string& id, CacheSharing) {
  return std::make_unique<FakeCacheDir>(store.path() / ("cache-" + sha256_hex(id)));
}

}  // namespace devenv::build
