// What the parts of one running build share.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base_images.h"
#include "build_files.h"
#include "builder.h"
#include "content_digest.h"
#include "graph.h"
#include "ignore.h"
#include "stage_state.h"

namespace devenv::build {

struct Session {
  const BuildSpec& spec;
  Backend& backend;
  const Progress& progress;
  std::unique_ptr<BaseImages> base_images = std::make_unique<BaseImages>(backend, spec.pull);
  BuildFiles files;
  Dockerfile dockerfile;
  BuildInputs inputs;
  Graph graph;
  IgnoreRules rules;
  DigestMemo memo;
  std::unique_ptr<std::mutex> memo_mutex = std::make_unique<std::mutex>();
  std::optional<std::int64_t> source_date_epoch;

  std::string digest_of(const SourceTree& tree, const SourceMatch& match, const IgnoreRules& excludes,
                        bool owners) {
    const std::lock_guard lock(*memo_mutex);
    return content_digest(tree, match, excludes, owners, memo);
  }
  void say(const std::string& line) const {
    if (progress) progress(line);
  }
};

/// Removes a scratch directory of the backend when it goes.
class ScratchDir {
 public:
  explicit ScratchDir(Backend& backend) : path_(backend.scratch_dir()) {}
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The files of a stage, an image or the context; opened when first looked at, for a cache hit needs no look.
class OpenSource {
 public:
  using Opener = std::function<UniqueFd()>;

  OpenSource(Opener open, const IgnoreRules* rules, std::string identity, bool context)
      : open_(std::move(open)), rules_(rules), identity_(std::move(identity)), context_(context) {}
  const SourceTree& tree() const {
    if (!tree_) {
      root_ = open_();
      tree_.emplace(root_.get(), rules_);
    }
    return *tree_;
  }
  /// The chain id; empty for the context, which has none.
  const std::string& identity() const { return identity_; }
  bool is_context() const { return context_; }

 private:
  Opener open_;
  const IgnoreRules* rules_;
  std::string identity_;
  bool context_;
  mutable UniqueFd root_;
  mutable std::optional<SourceTree> tree_;
};

}  // namespace devenv::build
