// One build step's writable layer: written to through a detached overlay, or by a RUN container, then kept.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "holders.h"
#include "runtime/build/builder.h"
#include "runtime/store/store.h"

namespace devenv::engine {

/// The containers that RUNs of one build have at the moment. Thread-safe.
class BuildRuns {
 public:
  /// Kills them, and every later one at its start.
  void stop() noexcept;

 private:
  friend class RunningStep;
  std::mutex mutex_;
  bool stopped_ = false;
  std::map<std::string, std::shared_ptr<launch::Holder>> running_;  ///< by container id
};

/// `lower_dirs` are those of `parents`, topmost first. All arguments but the last outlive the result.
std::unique_ptr<build::WorkLayer> make_work_layer(const store::Store& store, Holders& holders,
                                                  BuildRuns& runs, const build::Layers& parents,
                                                  std::vector<std::string> lower_dirs);

}  // namespace devenv::engine
