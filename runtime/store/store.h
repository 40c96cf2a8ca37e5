// The store: one directory, an OCI image layout and what we keep beside it, shared by many processes.
// Opening makes the layout (mode 0700) and sweeps what killed processes left in tmp/. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "blob.h"
#include "cache.h"
#include "container_store.h"
#include "image_store.h"
#include "layer.h"
#include "state_store.h"
#include "tmp_dir.h"
#include "volume_store.h"

namespace devenv::store {

class Store {
 public:
  /// `root`: absolute. Throws SystemError "open store <root>: …" when it cannot be made or written, Error
  /// when it was made by a newer version.
  static Store open(const std::string& root);
  /// $DEVENV_STORE, else as root /var/lib/devenv, else $XDG_DATA_HOME/devenv or ~/.local/share/devenv.
  static std::string default_root();

  const std::string& root() const { return root_; }
  const BlobStore& blobs() const { return blobs_; }
  const LayerStore& layers() const { return layers_; }
  const ImageStore& images() const { return images_; }
  const VolumeStore& volumes() const { return volumes_; }
  const StateStore& states() const { return states_; }
  const ContainerStore& containers() const { return containers_; }
  const Cache& build_cache() const { return build_cache_; }
  /// cache/<name>/ for other small things.
  Cache cache(const std::string& name) const { return Cache(root_ + "/cache/" + name); }
  TmpDir tmp_dir() const { return TmpDir::create(root_); }
  /// Held while content is added that nothing refers to yet, however long that takes: a build, a pull, the
  /// start of a container. Waits only for a collector, which is brief.
  FileLock add_content() const;
  /// For a collector: nullopt while somebody adds content. Nobody can begin to until it is released.
  std::optional<FileLock> try_collect_content() const;

  /// locks/<name>, for what has no lock of its own. `name` is a file name.
  FileLock lock(const std::string& name, FileLock::Mode mode, Deadline deadline) const;
  std::optional<FileLock> try_lock(const std::string& name, FileLock::Mode mode) const;

 private:
  explicit Store(std::string root);
  std::string root_;
  BlobStore blobs_;
  LayerStore layers_;
  ImageStore images_;
  VolumeStore volumes_;
  StateStore states_;
  ContainerStore containers_;
  Cache build_cache_;
};

}  // namespace devenv::store
