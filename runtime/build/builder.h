// Turns a Dockerfile into an image: runs the needed stages' steps, each a cache hit or a new layer.
//
// What it guarantees: nothing outside the context directory is read; an image appears under its tags only
// after every step succeeded; a failed or interrupted build leaves only committed, reusable layers.
// Everything it needs from the machine comes through Backend. A build has a thread for each of its stages;
// blocks until done.
#pragma once

#include <devenv/engine.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::build {

/// One committed layer. "sha256:…" both; chain_id names its unpacked directory in the store.
struct Layer {
  std::string diff_id;
  std::string chain_id;
};

/// Bottom first. The empty list is `scratch`.
using Layers = std::vector<Layer>;

struct BaseImage {
  std::string id;           ///< "sha256:…" of the config
  std::string config_json;  ///< the OCI image config, whole
  Layers layers;
};

/// Something mounted over the root file system during one RUN. The builder prepared `source`.
struct RunMount {
  enum class Type { bind, tmpfs };
  Type type = Type::bind;
  std::string source;  ///< bind: absolute host path of a directory or file
  std::string target;  ///< absolute, to be resolved inside the root; made when missing
  bool read_only = false;
  std::uint64_t size_bytes = 0;  ///< tmpfs; 0: the kernel's default
};

struct RunRequest {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>>
      env;              ///< complete, but for HOME, HOSTNAME and a default PATH
  std::string user;     ///< as USER says it; empty: root
  std::string workdir;  ///< absolute; exists
  std::vector<RunMount> mounts;
  std::string network;  ///< default | none | host
  bool trust_host_cas = false;
  /// Output lines without the newline, as they come, from one thread at a time. Never clipped.
  std::function<void(LogStream stream, const std::string& line)> on_line;
};

/// The writable layer of one step on top of parents. Its destructor removes whatever was not committed.
class WorkLayer {
 public:
  virtual ~WorkLayer() = default;
  /// A directory descriptor of the parents with the writable layer on top (a detached overlay mount).
  /// Stays owned here; valid until run() or commit(), after which it may be asked for anew.
  virtual int root() = 0;
  /// Runs one command in a container on this layer and waits for its end. Throws CommandError (126/127) when
  /// it cannot be executed, Error when the container cannot start.
  virtual ExitStatus run(const RunRequest& request) = 0;
  /// Makes it a layer of the store, by rename, mtimes clamped when SOURCE_DATE_EPOCH is given. The same
  /// content twice gives the same layer. The object is spent afterwards.
  virtual Layer commit(std::optional<std::int64_t> source_date_epoch) = 0;
};

/// A directory that outlives builds (RUN --mount=type=cache); locked or private for this holder's life.
class CacheDir {
 public:
  virtual ~CacheDir() = default;
  virtual std::string path() const = 0;
};

enum class CacheSharing { shared, exclusive, locked };

struct Fetched {
  std::string path;           ///< a local file the builder may read until the build ends
  std::string name;           ///< last component of the URL's path, or what Content-Disposition says
  std::int64_t mtime_s = -1;  ///< Last-Modified; -1 when not sent
  std::string digest;         ///< "sha256:…" of its bytes
};

/// What a build needs from the machine. Implemented by the engine; tests implement it on plain directories.
/// Thread-safe: stages that do not need each other are built side by side. A WorkLayer belongs to one thread.
class Backend {
 public:
  virtual ~Backend() = default;

  /// A base image, present afterwards. `reference` is as written; never "scratch". Throws NotFound.
  virtual BaseImage base_image(const std::string& reference, const std::string& platform, bool pull) = 0;
  virtual std::unique_ptr<WorkLayer> work_layer(const Layers& parents) = 0;
  /// The root directory of the layers, not to be written to (COPY --from, user look-up).
  virtual UniqueFd open_layers(const Layers& layers) = 0;
  virtual bool has_layer(const Layer& layer) = 0;

  /// The build cache: small values under 64-hex-digit keys, shared by all processes, each written atomically.
  virtual std::optional<std::string> cache_get(const std::string& key) = 0;
  virtual void cache_put(const std::string& key, const std::string& value) = 0;
  /// Holds a cross-process lock on a key until the returned object dies, so that two builds of the same step
  /// do the work once; whoever holds it when its process dies loses it. `waiting` is called once when
  /// somebody else has it. May return null where there is nobody to exclude.
  virtual std::shared_ptr<void> cache_lock(const std::string& key, const std::function<void()>& waiting) = 0;
  virtual std::unique_ptr<CacheDir> cache_dir(const std::string& id, CacheSharing sharing) = 0;
  /// A new, empty, private directory on the store's file system, removed by the builder (remove_tree).
  virtual std::string scratch_dir() = 0;

  /// Downloads http(s) `url`, following redirects. Throws Error saying what the server answered.
  virtual Fetched fetch(const std::string& url, const Progress& progress) = 0;

  /// The build has failed: ends what runs in work layers, so that their threads come back soon.
  virtual void stop_runs() noexcept = 0;

  /// Stores the image and moves the tags (as written by the user) to it, atomically.
  virtual ImageInfo write_image(const std::string& config_json, const Layers& layers,
                                const std::vector<std::string>& tags) = 0;
};

/// Runs the whole build. `progress` gets one line per step begun, cached, finished, per output line of a RUN
/// and per warning. Throws Error "<file>:<line>: …" for a bad Dockerfile or a failed step.
ImageInfo run_build(const BuildSpec& spec, Backend& backend, const Progress& progress);

}  // namespace devenv::build
