// Unpacked layers, shared between images: layers/<chain id hex>/diff in overlay format (whiteout: character
// device 0:0, opaque: trusted.overlay.opaque). A layer appears by rename, complete; when two processes make
// the same one, the second is discarded. Thread-safe, and safe between processes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apply.h"
#include "byte_stream.h"
#include "digest.h"
#include "lock.h"
#include "runtime/base/unique_fd.h"
#include "tmp_dir.h"

namespace devenv::store {

/// Mounts an overlay, attached nowhere, and returns the descriptor of its root. `lower_dirs`: topmost first,
/// as overlayfs wants them. Injected because store knows no kernel facilities.
using OverlayMounter = std::function<UniqueFd(const std::vector<std::string>& lower_dirs,
                                              const std::string& upper, const std::string& work)>;

/// A layer being made: fill diff() (an overlay upper directory), then commit it.
class StagedLayer {
 public:
  const std::string& diff() const { return diff_; }
  const std::string& work() const { return work_; }  ///< for the overlay mount
  /// The TmpDir around both, for further scratch.
  const std::string& scratch() const { return tmp_.path(); }

 private:
  friend class LayerStore;
  explicit StagedLayer(TmpDir tmp);
  TmpDir tmp_;
  std::string diff_, work_;
};

struct LayerInfo {
  std::string chain_id, diff_id;
  std::uint64_t size = 0;  ///< bytes of its plain tar
};

class LayerStore {
 public:
  explicit LayerStore(std::string store_root) : root_(std::move(store_root)) {}

  bool has(const std::string& chain_id) const;
  /// Absolute path of its diff directory; need not exist.
  std::string path(const std::string& chain_id) const;
  /// Throws NotFound.
  LayerInfo info(const std::string& chain_id) const;
  std::vector<LayerInfo> list() const;

  /// The diff directories of an image's layers as lower dirs of an overlay, topmost first. Throws NotFound
  /// naming the first layer that is not unpacked.
  std::vector<std::string> lower_dirs(const std::vector<std::string>& diff_ids) const;

  /// Marks it, and with it every layer below, as used until the lock (or every copy of its descriptor) is
  /// gone. Throws NotFound.
  FileLock use(const std::string& chain_id) const;
  /// Moves those of `unneeded` into `trash` that nobody uses and nothing else lies on; returns them. A layer
  /// that others lie on goes only together with them.
  std::vector<LayerInfo> discard(const std::vector<LayerInfo>& unneeded, const TmpDir& trash) const;

  StagedLayer begin() const;
  /// Publishes it. False when it was there already (then the staged one is discarded).
  bool commit(StagedLayer staged, const LayerInfo& info) const;

  /// Unpacks the layer whose diff id is diff_ids.back() on top of the others, which must be unpacked.
  /// `archive`: the layer's bytes, compressed or not. Does nothing when it is there. Throws CorruptBlob when
  /// the plain bytes are not the diff id, Error of apply_layer; nothing is left then.
  LayerInfo unpack(const std::vector<std::string>& diff_ids, const ByteSource& archive,
                   const OverlayMounter& mount, const ApplyOptions& options = {}) const;

 private:
  std::string root_;
};

}  // namespace devenv::store
