#include "garbage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "runtime/base/files.h"
#include "runtime/build/cache_key.h"
#include "runtime/registry/reference.h"
#include "runtime/store/tree.h"

namespace devenv::engine {
namespace {

std::set<std::string> layers_of_images(const store::Store& store) {
  std::set<std::string> chains;
  for (const store::StoredImage& image : store.images().list())
    for (std::string& chain : store::chain_ids(image.config.diff_ids)) chains.insert(std::move(chain));
  return chains;
}

/// Chain id of a remembered step; empty for what else the cache holds.
std::string cached_layer(const store::Cache& cache, const std::string& key) {
  const auto text = cache.get(key);
  const auto step = text ? build::read_cached_step(*text) : std::nullopt;
  return step ? step->chain_id : std::string();
}

std::set<std::string> layers_of_cache(const store::Cache& cache) {
  std::set<std::string> chains;
  for (const std::string& key : cache.keys())
    if (std::string chain = cached_layer(cache, key); !chain.empty()) chains.insert(std::move(chain));
  return chains;
}

void discard_layers(const store::Store& store, const store::TmpDir& trash, ImageRemoval& removal) {
  std::set<std::string> needed = layers_of_images(store);
  needed.merge(layers_of_cache(store.build_cache()));
  std::vector<store::LayerInfo> unneeded = store.layers().list();
  std::erase_if(unneeded, [&](const auto& layer) { return needed.contains(layer.chain_id); });
  for (const store::LayerInfo& layer : store.layers().discard(unneeded, trash)) {
    removal.deleted.push_back(layer.chain_id);
    removal.reclaimed_bytes += layer.size;
  }
}

void discard_blobs(const store::Store& store, ImageRemoval& removal) {
  std::set<std::string> needed = store.images().referenced_blobs();
  // A step of the cache becomes part of an image by the blob of its layer.
  for (const store::LayerInfo& layer : store.layers().list()) needed.insert(layer.diff_id);
  for (const std::string& digest : store.blobs().list()) {
    if (needed.contains(digest)) continue;
    removal.reclaimed_bytes += store.blobs().size(digest);
    store.blobs().remove(digest);
  }
}

/// Whoever holds one of these adds content, which nobody does now.
void discard_step_locks(const store::Store& store) {
  const UniqueFd locks = open_file(store.root() + "/locks", O_RDONLY | O_DIRECTORY);
  for (const std::string& name : store::names_in(locks.get()))
    if (name.starts_with("build-")) unlinkat(locks.get(), name.c_str(), 0);
}

/// The trees are deleted after the lock is released: with `trash`.
void collect(const store::Store& store, ImageRemoval& removal) {
  const store::TmpDir trash = store.tmp_dir();
  const auto alone = store.try_collect_content();
  if (!alone) {
    removal.postponed = true;
    return;
  }
  discard_layers(store, trash, removal);
  discard_blobs(store, removal);
  discard_step_locks(store);
}

/// "running container 0123 (web)" or empty.
std::string user_of(const std::string& image_id, bool running, const std::vector<ContainerInfo>& containers) {
  for (const ContainerInfo& container : containers)
    if (container.image_id == image_id && (container.state == ContainerState::running) == running)
      return (running ? "running container " : "stopped container ") + container.id.substr(0, 12) + " (" +
             container.name + ")";
  return {};
}

std::string familiar(const std::string& full) { return registry::parse_reference(full).familiar(); }

void remove_whole(const store::Store& store, const store::StoredImage& image, ImageRemoval& removal) {
  for (const std::string& full : image.references) {
    store.images().untag(full);
    removal.untagged.push_back(familiar(full));
  }
  if (store.images().remove(image.id)) removal.deleted.push_back(image.id);
}

/// The full reference when `text` is one of the image's names rather than its id.
std::string name_in(const store::StoredImage& image, const std::string& text) {
  try {
    const std::string full = registry::parse_reference_or_latest(text).full();
    if (std::find(image.references.begin(), image.references.end(), full) != image.references.end())
      return full;
  } catch (const Error&) {
    // An id.
  }
  return {};
}

}  // namespace

ImageRemoval remove_image(const store::Store& store, const Images& images, const std::string& text,
                          bool force, const std::vector<ContainerInfo>& containers) {
  const store::StoredImage image = images.find(text);
  const std::string name = name_in(image, text);
  ImageRemoval removal;
  const auto untag = [&] {
    store.images().untag(name);
    removal.untagged.push_back(familiar(name));
    return removal;
  };
  if (!name.empty() && image.references.size() > 1) return untag();
  if (name.empty() && image.references.size() > 1 && !force)
    throw Conflict("remove image " + text + ": it has " + std::to_string(image.references.size()) + " names",
                   "remove them one by one, or all with -f");
  if (const std::string user = user_of(image.id, true, containers); !user.empty()) {
    if (force && !name.empty()) return untag();
    throw Conflict("remove image " + text + ": " + user + " uses it", "stop and remove the container first");
  }
  if (const std::string user = user_of(image.id, false, containers); !user.empty() && !force)
    throw Conflict("remove image " + text + ": " + user + " uses it",
                   "remove the container first, or use -f");
  remove_whole(store, image, removal);
  collect(store, removal);
  return removal;
}

ImageRemoval prune_images(const store::Store& store, bool all, const std::vector<ContainerInfo>& containers) {
  ImageRemoval removal;
  for (const store::StoredImage& image : store.images().list()) {
    const bool used =
        !user_of(image.id, true, containers).empty() || !user_of(image.id, false, containers).empty();
    if (!used && (all || image.references.empty())) remove_whole(store, image, removal);
  }
  collect(store, removal);
  return removal;
}

ImageRemoval prune_build_cache(const store::Store& store, bool all) {
  const std::set<std::string> in_images = layers_of_images(store);
  for (const std::string& key : store.build_cache().keys()) {
    const std::string chain = cached_layer(store.build_cache(), key);
    if (all || (!chain.empty() && !in_images.contains(chain))) store.build_cache().remove(key);
  }
  ImageRemoval removal;
  collect(store, removal);
  return removal;
}

}  // namespace devenv::engine
