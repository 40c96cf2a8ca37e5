// Images: the OCI image layout's index.json, whose entries carry the full normalised reference
// ("docker.io/library/debian:bookworm") in org.opencontainers.image.ref.name, so that other tools can read
// the store. The index is replaced atomically under a lock. Thread-safe, and safe between processes.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "blob.h"
#include "image_config.h"
#include "layer.h"
#include "manifest.h"

namespace devenv::store {

struct StoredImage {
  std::string id;  ///< digest of the config: docker's image id
  Descriptor descriptor;
  Manifest manifest;
  ImageConfig config;
  std::vector<std::string> references;  ///< full normalised; empty: untagged
};

class ImageStore {
 public:
  ImageStore(std::string store_root, BlobStore blobs, LayerStore layers)
      : root_(std::move(store_root)), blobs_(std::move(blobs)), layers_(std::move(layers)) {}

  /// Stores config and manifest made from them (layers' blobs must be there) and tags it unless `reference`
  /// is empty. For built images. The manifest's config descriptor is filled in here.
  StoredImage put_image(const ImageConfig& config, std::vector<Descriptor> layers,
                        const std::string& reference) const;
  /// Records a manifest whose blobs are in the store already (a pull). Its bytes stay exact.
  StoredImage put_manifest(const Descriptor& manifest, const std::string& reference) const;

  /// `reference` from now on names the manifest; an image that loses its last name stays, untagged.
  void tag(const std::string& reference, const Descriptor& manifest) const;
  /// False when there was no such name.
  bool untag(const std::string& reference) const;
  /// Removes all entries of this image (its blobs stay for a later clean-up). False when it was not there.
  bool remove(const std::string& id) const;

  /// All images, once each, their references collected. Incomplete ones are passed over; a corrupt one throws
  /// CorruptBlob.
  std::vector<StoredImage> list() const;
  /// By full normalised reference. nullopt when unknown, or when a part is gone that only another pull or
  /// build can bring back.
  std::optional<StoredImage> find_reference(const std::string& reference) const;
  /// By "sha256:<hex>", hex or a hex prefix of the image id or manifest digest. Conflict when ambiguous.
  std::optional<StoredImage> find_id(const std::string& id_or_prefix) const;
  /// Digests of all blobs that an entry of the index leads to, on whatever platform's way.
  std::set<std::string> referenced_blobs() const;
  /// Whether every layer of it is unpacked.
  bool is_unpacked(const StoredImage& image) const;
  /// Unpacks the layers that are not, from their blobs. Throws CorruptBlob for a damaged blob, which is then
  /// removed.
  void unpack(const StoredImage& image, const OverlayMounter& mount) const;

  /// Rereads everything: one sentence per problem (corrupt or missing blob, half-written layer). Empty:
  /// sound.
  std::vector<std::string> verify() const;
  /// How many images the index has, whole or not.
  std::size_t count() const;

 private:
  Index read_index() const;
  template <class Change>
  bool update_index(const Change& change) const;
  using ReadBlob = std::string (BlobStore::*)(const std::string& digest, std::size_t limit) const;
  StoredImage load(const Descriptor& descriptor, ReadBlob read = &BlobStore::read) const;
  void drop_reference(Index& index, const std::string& reference) const;
  void discard_if_corrupt(const std::string& digest) const;
  std::optional<StoredImage> load_complete(const Descriptor& descriptor) const;

  std::string root_;
  BlobStore blobs_;
  LayerStore layers_;
};

}  // namespace devenv::store
