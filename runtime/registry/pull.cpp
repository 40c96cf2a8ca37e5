#include "pull.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "client.h"
#include "runtime/base/files.h"

namespace devenv::registry {
namespace {

constexpr int deepest_index = 4;

std::string short_digest(const std::string& digest) { return digest.substr(digest.find(':') + 1, 12); }

std::string megabytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes / 100000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

std::string shown(const store::Platform& platform) {
  return platform.os + "/" + platform.architecture + (platform.variant.empty() ? "" : "/" + platform.variant);
}

/// Downloads blobs with a few threads; each can be waited for. Stops at the first failure and at its end.
class Downloads {
 public:
  Downloads(RepositoryClient& client, const store::BlobStore& blobs, std::vector<store::Descriptor> wanted,
            int threads, std::function<void(const std::string&)> say)
      : client_(client),
        blobs_(blobs),
        wanted_(std::move(wanted)),
        promises_(wanted_.size()),
        say_(std::move(say)) {
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      ready_[wanted_[i].digest] = promises_[i].get_future().share();
    const int count = std::min<int>(std::max(threads, 1), static_cast<int>(wanted_.size()));
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Downloads() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  /// Blocks until the blob is in the store; throws the failure that came first, of whichever blob.
  void wait(const std::string& digest) const {
    const auto found = ready_.find(digest);
    if (found != ready_.end() && !found->second.get()) std::rethrow_exception(first_failure_);
  }

 private:
  void work() {
    for (;;) {
      const std::size_t i = next_++;
      if (i >= wanted_.size()) return;
      try {
        download(wanted_[i]);
        promises_[i].set_value(true);
      } catch (...) {
        fail(std::current_exception());
        promises_[i].set_value(false);
      }
    }
  }

  void fail(std::exception_ptr failure) {
    const std::lock_guard lock(failure_mutex_);
    if (!first_failure_) first_failure_ = std::move(failure);
    stopping_ = true;
  }

  void download(const store::Descriptor& blob) {
    if (blobs_.has(blob.digest)) return;
    store::BlobWriter writer = blobs_.begin();
    client_.blob(blob.digest, [&](std::string_view data) {
      if (stopping_) throw Error("stopped: another download failed");
      if (writer.size() + data.size() > blob.size)
        throw Error("the registry sends more than the " + std::to_string(blob.size) + " bytes of " +
                    blob.digest);
      writer.write(data);
    });
    writer.commit(blob.digest, blob.size);
    say_(short_digest(blob.digest) + ": downloaded " + megabytes(blob.size));
  }

  RepositoryClient& client_;
  const store::BlobStore& blobs_;
  const std::vector<store::Descriptor> wanted_;
  std::vector<std::promise<bool>> promises_;
  std::map<std::string, std::shared_future<bool>> ready_;
  std::function<void(const std::string&)> say_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopping_{false};
  std::mutex failure_mutex_;
  std::exception_ptr first_failure_;  ///< written once, before stopping_ and the promises that tell of it
  std::vector<std::thread> threads_;
};

struct ChosenManifest {
  store::Descriptor descriptor;
  store::Manifest manifest;
};

/// Follows indexes down to the manifest for the platform, and keeps that in the store.
ChosenManifest choose(RepositoryClient& client, const Reference& reference, const store::Store& store,
                      const store::Platform& platform) {
  const std::string action = "pull " + reference.familiar();
  std::string wanted = reference.digest.empty() ? reference.tag : reference.digest;
  for (int depth = 0; depth < deepest_index; ++depth) {
    const FetchedManifest fetched = client.manifest(wanted);
    const auto document =
        store::parse_manifest(fetched.bytes, fetched.media_type, "manifest " + fetched.digest);
    if (const auto* manifest = std::get_if<store::Manifest>(&document)) {
      store.blobs().put(fetched.bytes);
      store::Descriptor descriptor;
      descriptor.media_type = manifest->media_type.empty() ? fetched.media_type : manifest->media_type;
      descriptor.digest = fetched.digest;
      descriptor.size = fetched.bytes.size();
      return {descriptor, *manifest};
    }
    const store::Descriptor* next = store::select_platform(std::get<store::Index>(document), platform);
    if (next == nullptr) throw NotFound(action + ": there is no image for " + shown(platform));
    wanted = next->digest;
  }
  throw Error(action + ": its indexes are nested too deeply");
}

std::vector<store::Descriptor> missing_blobs(const ChosenManifest& chosen, const store::BlobStore& blobs) {
  std::vector<store::Descriptor> missing;
  std::set<std::string> seen;
  std::vector<store::Descriptor> all = {chosen.manifest.config};
  all.insert(all.end(), chosen.manifest.layers.begin(), chosen.manifest.layers.end());
  for (const store::Descriptor& blob : all)
    if (!blobs.has(blob.digest) && seen.insert(blob.digest).second) missing.push_back(blob);
  return missing;
}

store::StoredImage fetch(const Reference& reference, const store::Store& store,
                         const store::OverlayMounter& mount, const Progress& say,
                         const PullOptions& options) {
  RepositoryClient client(reference, "pull", options.deadline, options.retry);
  say("pulling " + reference.familiar() + " from " + client.host());
  const ChosenManifest chosen = choose(client, reference, store, options.platform);
  const store::Manifest& manifest = chosen.manifest;

  Downloads downloads(client, store.blobs(), missing_blobs(chosen, store.blobs()), options.parallel_downloads,
                      say);
  downloads.wait(manifest.config.digest);
  const store::ImageConfig config = store::parse_image_config(store.blobs().read(manifest.config.digest),
                                                              "image config " + manifest.config.digest);
  if (config.diff_ids.size() != manifest.layers.size())
    throw Error("manifest and config disagree on the number of layers");

  std::vector<std::string> diff_ids;
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const store::Descriptor& layer = manifest.layers[i];
    diff_ids.push_back(config.diff_ids[i]);
    downloads.wait(layer.digest);
    if (store.layers().has(store::chain_id(diff_ids))) continue;
    const UniqueFd archive = store.blobs().open(layer.digest);
    store.layers().unpack(diff_ids, store::fd_source(archive.get(), layer.digest), mount);
    say(short_digest(layer.digest) + ": unpacked");
  }
  Reference name = reference;
  if (!name.digest.empty()) name.tag.clear();
  return store.images().put_manifest(chosen.descriptor, name.full());
}

/// Messages of deeper layers get the image's name, once.
std::string with_action(const Reference& reference, const std::string& message) {
  const std::string action = "pull " + reference.familiar();
  return message.starts_with(action) ? message : action + ": " + message;
}

}  // namespace

store::StoredImage pull(const Reference& asked, const store::Store& store, const store::OverlayMounter& mount,
                        const Progress& progress, const PullOptions& options) {
  Reference reference = asked;
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  std::mutex one_at_a_time;
  const Progress say = [&](const std::string& line) {
    const std::lock_guard lock(one_at_a_time);
    if (progress) progress(line);
  };
  try {
    return fetch(reference, store, mount, say, options);
  } catch (const NotFound& error) {
    throw NotFound(with_action(reference, error.what()));
  } catch (const Unreachable& error) {
    throw Unreachable(with_action(reference, error.what()));
  } catch (const SystemError&) {
    throw;
  } catch (const Timeout& error) {
    throw Timeout(with_action(reference, error.what()));
  } catch (const Error& error) {
    throw Error(with_action(reference, error.what()));
  }
}

void push(const store::StoredImage& image, const Reference& asked, const store::Store& store,
          const Progress& progress, const PushOptions& options) {
  Reference reference = asked;
  if (reference.tag.empty()) reference.tag = "latest";
  RepositoryClient client(reference, "pull,push", options.deadline, options.retry);
  std::vector<store::Descriptor> blobs = image.manifest.layers;
  blobs.push_back(image.manifest.config);
  std::set<std::string> done;
  for (const store::Descriptor& blob : blobs) {
    if (!done.insert(blob.digest).second) continue;
    if (client.has_blob(blob.digest)) continue;
    const UniqueFd fd = store.blobs().open(blob.digest);
    client.put_blob(blob.digest, blob.size, fd.get());
    if (progress) progress(short_digest(blob.digest) + ": pushed " + megabytes(blob.size));
  }
  client.put_manifest(reference.tag, image.descriptor.media_type,
                      store.blobs().read(image.descriptor.digest));
  if (progress) progress("pushed " + reference.familiar() + " " + image.descriptor.digest);
}

}  // namespace devenv::registry
