// One build step's writable layer: written to through a detached overlay, or by a RUN container, then kept.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "holders.h"
#include "runtime/build/builder.h"
#include "runtime/store/store.h"

namespace devenv::engine {

/// `lower_dirs` are those of `parents`, topmost first. All arguments but the last outlive the result.
std::unique_ptr<build::WorkLayer> make_work_layer(const store::Store& store, Holders& holders,
                                                  const build::Layers& parents,
                                                  std::vector<std::string> lower_dirs);

}  // namespace devenv::engine
