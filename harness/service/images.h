// Where a service's image comes from: the store, a registry, or a Dockerfile; resolved once per process.
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "devenv/service.h"

namespace devenv {

class SessionContext;

/// Images already resolved. Equal questions asked at the same time are answered by one resolution.
/// Thread-safe.
class ImageCache {
 public:
  enum class Failures {
    ask_again,  ///< the network may be back next time
    keep,       ///< it would fail again: a broken Dockerfile is built once, not once for every test
  };

  template <class Resolve>
  ImageInfo get(const std::string& question, Failures failures, const Resolve& resolve) {
    const std::shared_ptr<Entry> entry = entry_for(question);
    const std::lock_guard lock(entry->resolving);
    if (entry->failure) std::rethrow_exception(entry->failure);
    if (entry->image) return *entry->image;
    try {
      entry->image = resolve();
    } catch (...) {
      if (failures == Failures::keep) entry->failure = std::current_exception();
      throw;
    }
    return *entry->image;
  }

 private:
  struct Entry {
    std::mutex resolving;
    std::optional<ImageInfo> image;
    std::exception_ptr failure;
  };
  std::shared_ptr<Entry> entry_for(const std::string& question) {
    const std::lock_guard lock(mutex_);
    auto& entry = entries_[question];
    if (!entry) entry = std::make_shared<Entry>();
    return entry;
  }

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

/// Builds, pulls or finds it, with progress on standard error when that takes long. Blocks. Throws Error.
ImageInfo resolve_image(SessionContext& session, const ServiceSpec& spec, const std::string& service);

}  // namespace devenv
