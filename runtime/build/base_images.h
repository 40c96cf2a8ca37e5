// The images a build begins from or copies from: each is resolved once, so that it is the same image in every
// place, and with --pull the registry is asked about it once. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "builder.h"

namespace devenv::build {

class BaseImages {
 public:
  /// `pull`: ask the registry, whatever is there.
  BaseImages(Backend& backend, bool pull) : backend_(backend), pull_(pull) {}

  /// Valid as long as this object. Throws as Backend::base_image does; whoever asks next tries again.
  const BaseImage& get(const std::string& reference, const std::string& platform);

 private:
  struct Entry {
    std::mutex asking;
    bool pulled = false;
    std::map<std::string, BaseImage> by_platform;  ///< "": as it comes
  };

  Backend& backend_;
  const bool pull_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  ///< guarded by mutex_, what is in one by its own
};

}  // namespace devenv::build
