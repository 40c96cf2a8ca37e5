// Images and what they leave behind: taking names away, and collecting the content that nothing leads to any
// more.
//
// A layer or blob is needed by an image of the index, by the build cache, or by whoever has it in use (a
// container's flock on its topmost layer). While a build, a pull or a start adds content, none is collected.
// Thread-safe, and safe between processes.
#pragma once

#include <string>
#include <vector>

#include "devenv/engine.h"
#include "images.h"
#include "runtime/store/store.h"

namespace devenv::engine {

/// Removes one name, or the image with its last one. `containers`: all there are, for who uses it. Throws
/// NotFound, Conflict as docker has them: a running container's image keeps its content, a stopped one's
/// needs `force`.
ImageRemoval remove_image(const store::Store& store, const Images& images, const std::string& reference_or_id,
                          bool force, const std::vector<ContainerInfo>& containers);

/// Images without a name, or with `all` every one, that no container uses.
ImageRemoval prune_images(const store::Store& store, bool all, const std::vector<ContainerInfo>& containers);

/// Forgets steps whose layer belongs to no image; with `all` every step.
ImageRemoval prune_build_cache(const store::Store& store, bool all);

}  // namespace devenv::engine
