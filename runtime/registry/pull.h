// Brings an image from a registry into the store, and the other way round.
#pragma once

#include <functional>
#include <string>

#include <devenv/deadline.h>

#include "http.h"
#include "reference.h"
#include "runtime/store/store.h"

namespace devenv::registry {

/// One line per step, without a newline; calls do not overlap.
using Progress = std::function<void(const std::string& line)>;

struct PullOptions {
  store::Platform platform = store::host_platform();
  int parallel_downloads = 3;
  RetryPolicy retry = {};
  Deadline deadline = Deadline::never();
};

/// Downloads what the store lacks, verifies digests and sizes on the way, unpacks and tags. Blocks. A
/// reference with a digest is tagged as name@digest. Messages begin with "pull <familiar>: ". Throws NotFound
/// (the registry has none, or none for the platform, or refuses), Unreachable, Error; complete blobs and
/// layers stay in the store then, for the next try.
store::StoredImage pull(const Reference& reference, const store::Store& store,
                        const store::OverlayMounter& mount, const Progress& progress,
                        const PullOptions& options = {});

struct PushOptions {
  RetryPolicy retry = {};
  Deadline deadline = Deadline::never();
};

/// Uploads the blobs the registry lacks, then the manifest, byte for byte, under the tag ("latest" without).
void push(const store::StoredImage& image, const Reference& reference, const store::Store& store,
          const Progress& progress, const PushOptions& options = {});

}  // namespace devenv::registry
