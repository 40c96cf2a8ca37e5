#include "base_images.h"

namespace devenv::build {

const BaseImage& BaseImages::get(const std::string& reference, const std::string& platform) {
  std::unique_lock lock(mutex_);
  Entry& entry = entries_[reference];
  lock.unlock();
  const std::lock_guard alone(entry.asking);  // whoever else wants this image waits for it
  if (const auto known = entry.by_platform.find(platform); known != entry.by_platform.end())
    return known->second;
  BaseImage image = backend_.base_image(reference, platform, pull_ && !entry.pulled);
  entry.pulled = true;
  return entry.by_platform.emplace(platform, std::move(image)).first->second;
}

}  // namespace devenv::build
