// The built-in runtime behind the Engine interface: no Docker, no daemon.
#pragma once

#include <memory>
#include <string>

#include "devenv/engine.h"

namespace devenv {

struct NativeEngineOptions {
  /// Images, layers, volumes. Empty: $DEVENV_STORE, else /var/lib/devenv for root, else
  /// $XDG_DATA_HOME/devenv or ~/.local/share/devenv.
  std::string store_dir;
  /// Sockets and journals. Empty: $DEVENV_RUNTIME_DIR, else /run/devenv for root, else
  /// $XDG_RUNTIME_DIR/devenv.
  std::string runtime_dir;
  /// The devenv-helper executable. Empty: $DEVENV_HELPER, else found beside this library.
  std::string helper_path;
};

/// Cheap: nothing is started before the first container, nothing opened before the first use. Throws Error
/// when a directory is not given and HOME is not set.
std::unique_ptr<Engine> make_native_engine(const NativeEngineOptions& options = {});

}  // namespace devenv
