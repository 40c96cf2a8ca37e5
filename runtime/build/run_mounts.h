// Prepares what a RUN has mounted: snapshots of the context or of stages, caches, secrets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "session.h"
#include "steps.h"

namespace devenv::build {

/// Opens what a mount's `from` names; "" is the context.
using SourceOpener = std::function<std::unique_ptr<OpenSource>(const std::string& from)>;

/// For each mount what its content depends on: a digest for bind, nothing for the others.
std::vector<std::string> mount_digests(Session& session, const RunStep& step, const SourceOpener& open);

/// The mounts as the backend takes them. Their sources are copies below a scratch directory, so that nothing
/// written to one reaches the context, another stage or a secret's file; all of it goes with this object.
class RunMounts {
 public:
  RunMounts(Session& session, const RunStep& step, const SourceOpener& open);

  const std::vector<RunMount>& mounts() const { return mounts_; }
  /// Secrets asked for as variables.
  const std::vector<Pair>& env() const { return env_; }

 private:
  std::string next_path();
  void add_bind(const Mount& mount, const SourceOpener& open);
  void add_cache(const Mount& mount, const SourceOpener& open);
  void add_secret(const Mount& mount);
  void add_script(const std::string& script);

  Session& session_;
  ScratchDir scratch_;
  int count_ = 0;
  std::vector<RunMount> mounts_;
  std::vector<Pair> env_;
  std::vector<std::unique_ptr<CacheDir>> caches_;
};

}  // namespace devenv::build
