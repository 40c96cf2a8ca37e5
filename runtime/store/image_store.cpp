#include "image_store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>

#include "devenv/error.h"
#include "lock.h"
#include "names.h"
#include "runtime/base/files.h"

namespace devenv::store {
namespace {

constexpr char ref_name[] = "org.opencontainers.image.ref.name";
// Ours, on entries of the index: the image id, which else only reading the manifest tells.
constexpr char image_id[] = "devenv.image.id";
constexpr std::size_t max_index_bytes = 64u << 20;
constexpr std::size_t max_config_bytes = 8u << 20;
constexpr int max_nesting = 4;

std::string reference_of(const Descriptor& entry) {
  const auto found = entry.annotations.find(ref_name);
  return found == entry.annotations.end() ? std::string() : found->second;
}

/// Whether an entry need not be read to know that neither its image id nor its digest begins with `prefix`.
bool is_surely_another(const Descriptor& entry, const std::string& prefix) {
  const auto id = entry.annotations.find(image_id);
  return id != entry.annotations.end() && !id->second.starts_with(prefix) &&
         !entry.digest.starts_with(prefix);
}

std::vector<std::string> references_to(const Index& index, const std::string& digest) {
  std::vector<std::string> references;
  for (const Descriptor& entry : index.manifests) {
    if (entry.digest == digest && !reference_of(entry).empty()) references.push_back(reference_of(entry));
  }
  return references;
}

/// Untagged entries stay, one of each manifest, and only where no name leads to it.
void drop_superfluous(Index& index) {
  std::set<std::string> named, seen;
  for (const Descriptor& entry : index.manifests) {
    if (!reference_of(entry).empty()) named.insert(entry.digest);
  }
  std::erase_if(index.manifests, [&](const Descriptor& entry) {
    return reference_of(entry).empty() && (named.contains(entry.digest) || !seen.insert(entry.digest).second);
  });
}

}  // namespace

Index ImageStore::read_index() const {
  const std::string path = root_ + "/index.json";
  try {
    return parse_index(read_file(path, max_index_bytes), path);
  } catch (const SystemError& error) {
    if (error.code() == ENOENT) return {};
    throw;
  } catch (const Error& error) {
    throw Error(error.what(),
                "remove it: the images are then pulled or built again, out of the layers and the build "
                "cache that are there");
  }
}

/// Runs `change` on the index under the lock and writes it when that returns true.
template <class Change>
bool ImageStore::update_index(const Change& change) const {
  const FileLock lock = FileLock::acquire(root_ + "/locks/index", FileLock::Mode::exclusive,
                                          Deadline::after(std::chrono::seconds(60)), "the image index");
  Index index = read_index();
  if (!change(index)) return false;
  drop_superfluous(index);
  replace_file(root_ + "/index.json", serialise(index), 0600, true);
  return true;
}

StoredImage ImageStore::load(const Descriptor& entry, ReadBlob read) const {
  Descriptor descriptor = entry;
  for (int depth = 0; depth < max_nesting; ++depth) {
    const std::string name = "manifest " + descriptor.digest;
    auto parsed =
        parse_manifest((blobs_.*read)(descriptor.digest, max_manifest_bytes), descriptor.media_type, name);
    if (const auto* index = std::get_if<Index>(&parsed)) {
      const Descriptor* chosen = select_platform(*index, host_platform());
      if (!chosen) throw NotFound("open image " + entry.digest + ": it has no variant for this machine");
      descriptor = *chosen;
      continue;
    }
    StoredImage image;
    image.descriptor = descriptor;
    image.descriptor.annotations.erase(ref_name);
    image.manifest = std::get<Manifest>(std::move(parsed));
    image.id = image.manifest.config.digest;
    image.config = parse_image_config((blobs_.*read)(image.id, max_config_bytes), "image config " + image.id);
    if (image.config.diff_ids.size() != image.manifest.layers.size())
      throw Error("open image " + image.id + ": its config names " +
                  std::to_string(image.config.diff_ids.size()) + " layers, its manifest " +
                  std::to_string(image.manifest.layers.size()));
    return image;
  }
  throw Error("open image " + entry.digest + ": indexes nested too deeply");
}

/// nullopt when a blob of it is missing: what is not whole is as good as absent, and pulled or built anew.
std::optional<StoredImage> ImageStore::load_complete(const Descriptor& entry) const {
  try {
    StoredImage image = load(entry);
    const auto chain = chain_ids(image.config.diff_ids);
    for (std::size_t i = 0; i < chain.size(); ++i) {
      if (!layers_.has(chain[i]) && !blobs_.has(image.manifest.layers[i].digest)) return std::nullopt;
    }
    return image;
  } catch (const NotFound&) {
    return std::nullopt;
  }
}

/// Takes the name from whichever entry has it. What is damaged goes with its name.
void ImageStore::drop_reference(Index& index, const std::string& reference) const {
  std::erase_if(index.manifests, [&](Descriptor& entry) {
    if (reference_of(entry) != reference) return false;
    entry.annotations.erase(ref_name);
    try {
      const StoredImage image = load(entry);
      return !std::all_of(image.manifest.layers.begin(), image.manifest.layers.end(),
                          [&](const Descriptor& layer) { return blobs_.has(layer.digest); });
    } catch (const Error&) {
      return true;
    }
  });
}

StoredImage ImageStore::put_image(const ImageConfig& config, std::vector<Descriptor> layers,
                                  const std::string& reference) const {
  const std::string config_text = serialise(config);
  Manifest manifest;
  manifest.config = {media_type::oci_config, blobs_.put(config_text), config_text.size(), {}, {}, {}};
  manifest.layers = std::move(layers);
  const std::string text = serialise(manifest);
  const Descriptor descriptor{manifest.media_type, blobs_.put(text), text.size(), {}, config.platform, {}};
  return put_manifest(descriptor, reference);
}

StoredImage ImageStore::put_manifest(const Descriptor& manifest, const std::string& reference) const {
  StoredImage image = load(manifest);
  for (const Descriptor& layer : image.manifest.layers) {
    if (!blobs_.has(layer.digest))
      throw NotFound("store image " + image.id + ": its layer " + layer.digest + " is not in the store");
  }
  // The image of an index depends on the machine.
  Descriptor entry = manifest;
  if (image.descriptor.digest == manifest.digest) entry.annotations[image_id] = image.id;
  tag(reference, entry);
  if (!reference.empty()) image.references = {reference};
  return image;
}

void ImageStore::tag(const std::string& reference, const Descriptor& manifest) const {
  Descriptor entry = manifest;
  entry.annotations.erase(ref_name);
  if (!reference.empty()) entry.annotations[ref_name] = reference;
  update_index([&](Index& index) {
    const bool same =
        std::any_of(index.manifests.begin(), index.manifests.end(), [&](const Descriptor& other) {
          return other.digest == entry.digest && (reference.empty() || reference_of(other) == reference);
        });
    if (same) return false;  // a cached build need not write
    for (const Descriptor& other : index.manifests)
      if (other.digest == entry.digest && other.annotations.contains(image_id))
        entry.annotations[image_id] = other.annotations.at(image_id);
    if (!reference.empty()) drop_reference(index, reference);
    index.manifests.push_back(entry);
    return true;
  });
}

bool ImageStore::untag(const std::string& reference) const {
  return update_index([&](Index& index) {
    const auto before = index.manifests;
    drop_reference(index, reference);
    return index.manifests != before;
  });
}

bool ImageStore::remove(const std::string& id) const {
  return update_index([&](Index& index) {
    return std::erase_if(index.manifests, [&](const Descriptor& entry) {
             if (entry.digest == id) return true;
             try {
               return load(entry).id == id;
             } catch (const Error&) {
               return false;  // unreadable; it can be removed by its manifest digest
             }
           }) > 0;
  });
}

std::vector<StoredImage> ImageStore::list() const {
  const Index index = read_index();
  std::vector<StoredImage> images;
  std::set<std::string> seen;
  for (const Descriptor& entry : index.manifests) {
    if (!seen.insert(entry.digest).second) continue;
    std::optional<StoredImage> image = load_complete(entry);
    if (!image) continue;
    image->references = references_to(index, entry.digest);
    images.push_back(std::move(*image));
  }
  return images;
}

std::set<std::string> ImageStore::referenced_blobs() const {
  std::set<std::string> digests;
  std::vector<Descriptor> waiting = read_index().manifests;
  while (!waiting.empty()) {
    const Descriptor next = waiting.back();
    waiting.pop_back();
    if (!digests.insert(next.digest).second) continue;
    try {
      const auto parsed =
          parse_manifest(blobs_.read(next.digest), next.media_type, "manifest " + next.digest);
      if (const auto* index = std::get_if<Index>(&parsed)) {
        waiting.insert(waiting.end(), index->manifests.begin(), index->manifests.end());
        continue;
      }
      const Manifest& manifest = std::get<Manifest>(parsed);
      digests.insert(manifest.config.digest);
      for (const Descriptor& layer : manifest.layers) digests.insert(layer.digest);
    } catch (const Error&) {
      // Of another platform, so never pulled; or damaged, and then there is nothing to follow.
    }
  }
  return digests;
}

std::optional<StoredImage> ImageStore::find_reference(const std::string& reference) const {
  const Index index = read_index();
  const auto found = std::find_if(
      index.manifests.begin(), index.manifests.end(),
      [&](const Descriptor& entry) { return !reference.empty() && reference_of(entry) == reference; });
  if (found == index.manifests.end()) return std::nullopt;
  std::optional<StoredImage> image = load_complete(*found);
  if (image) image->references = references_to(index, found->digest);
  return image;
}

std::optional<StoredImage> ImageStore::find_id(const std::string& id_or_prefix) const {
  const std::string hex = id_or_prefix.starts_with("sha256:") ? id_or_prefix.substr(7) : id_or_prefix;
  const bool is_hex = !hex.empty() && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hex || hex.size() > 64) return std::nullopt;
  const std::string prefix = "sha256:" + hex;
  const Index index = read_index();
  std::optional<StoredImage> found;
  std::set<std::string> seen;
  for (const Descriptor& entry : index.manifests) {
    if (is_surely_another(entry, prefix) || !seen.insert(entry.digest).second) continue;
    std::optional<StoredImage> image = load_complete(entry);
    if (!image || (!image->id.starts_with(prefix) && !image->descriptor.digest.starts_with(prefix))) continue;
    image->references = references_to(index, entry.digest);
    if (!found)
      found = std::move(image);
    else if (found->id != image->id)
      throw Conflict("find image " + id_or_prefix + ": several image ids begin like this; give more digits");
  }
  return found;
}

bool ImageStore::is_unpacked(const StoredImage& image) const {
  const auto chain = chain_ids(image.config.diff_ids);
  return std::all_of(chain.begin(), chain.end(), [&](const std::string& id) { return layers_.has(id); });
}

void ImageStore::unpack(const StoredImage& image, const OverlayMounter& mount) const {
  const auto& diff_ids = image.config.diff_ids;
  const auto chain = chain_ids(diff_ids);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (layers_.has(chain[i])) continue;
    const std::string& digest = image.manifest.layers.at(i).digest;
    const UniqueFd blob = blobs_.open(digest);
    try {
      layers_.unpack({diff_ids.begin(), diff_ids.begin() + static_cast<std::ptrdiff_t>(i) + 1},
                     fd_source(blob.get(), "blob " + digest), mount);
    } catch (const Error&) {
      discard_if_corrupt(digest);  // then that is the reason to give
      throw;
    }
  }
}

void ImageStore::discard_if_corrupt(const std::string& digest) const {
  try {
    blobs_.verify(digest);
  } catch (const CorruptBlob&) {
    blobs_.remove(digest);
    throw CorruptBlob("unpack blob " + digest +
                      ": its bytes are not what the digest promises; the damaged file was removed, pull or "
                      "build the image again");
  }
}

std::size_t ImageStore::count() const {
  std::set<std::string> digests;
  for (const Descriptor& entry : read_index().manifests) digests.insert(entry.digest);
  return digests.size();
}

std::vector<std::string> ImageStore::verify() const {
  std::vector<std::string> problems;
  const auto attempt = [&](const auto& action) {
    try {
      action();
    } catch (const Error& error) {
      if (std::find(problems.begin(), problems.end(), error.what()) == problems.end())
        problems.emplace_back(error.what());
    }
  };
  for (const std::string& digest : blobs_.list()) attempt([&] { blobs_.verify(digest); });
  attempt([&] {
    for (const Descriptor& entry : read_index().manifests) {
      attempt([&] {
        const StoredImage image = load(entry, &BlobStore::inspect);
        for (const Descriptor& layer : image.manifest.layers) {
          if (blobs_.size(layer.digest) != layer.size)
            throw CorruptBlob("verify image " + image.id + ": layer " + layer.digest +
                              " has the wrong size; " + "remove the image and pull or build it again");
        }
      });
    }
  });
  for (const std::string& name : named_directories(root_ + "/layers")) {
    attempt([&] {
      if (is_digest("sha256:" + name)) layers_.info("sha256:" + name);
    });
  }
  return problems;
}

}  // namespace devenv::store
