#include "run_mounts.h"

#include <devenv/error.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "copy.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"

namespace devenv::build {
namespace {

SourceMatch find_source(const SourceTree& tree, const std::string& source) {
  const std::string clean = clamp_source(source);
  if (clean.empty()) return {"", "", "", true};
  // A mount's source is a path, never a pattern.
  const std::string resolved = tree.tree().resolve(clean);
  if (is_directory(tree.tree().root(), "/" + resolved)) return {resolved, store::base_of(clean), "", true};
  try {
    const UniqueFd dir = tree.tree().open_directory(store::parent_of(resolved));
    if (store::stat_at(dir.get(), store::base_of(resolved)))
      return {resolved, store::base_of(clean), "", false};
  } catch (const SystemError&) {
    // its directory is missing: reported below
  }
  throw NotFound("--mount source /" + clean + ": not found");
}

const std::string* secret_file(const BuildSpec& spec, const std::string& id) {
  const auto found = std::find_if(spec.secrets.begin(), spec.secrets.end(),
                                  [&](const auto& secret) { return secret.first == id; });
  return found == spec.secrets.end() ? nullptr : &found->second;
}

// Copies a directory's content into `path`, or a file to it.
void snapshot(const SourceTree& tree, const SourceMatch& match, const std::string& path, bool owners) {
  const std::string dir = match.directory ? path : path.substr(0, path.rfind('/'));
  if (match.directory) make_directories(dir, 0755);
  const UniqueFd root = open_file(dir, O_RDONLY | O_DIRECTORY);
  CopyTarget target{.root_fd = root.get(), .destination = match.directory ? "/" : "/" + store::base_of(path)};
  if (!owners) target.owner = Owner{0, 0};
  copy_match(tree, match, {}, target);
}

}  // namespace

std::vector<std::string> mount_digests(Session& session, const RunStep& step, const SourceOpener& open) {
  std::vector<std::string> digests;
  for (const Mount& mount : step.mounts) {
    if (mount.type != Mount::Type::bind) continue;
    const auto source = open(mount.from);
    if (source->is_context())
      digests.push_back(
          session.digest_of(source->tree(), find_source(source->tree(), mount.source), {}, false));
    else
      digests.push_back(source->identity());
  }
  return digests;
}

RunMounts::RunMounts(Session& session, const RunStep& step, const SourceOpener& open)
    : session_(session), scratch_(session.backend) {
  if (step.script) add_script(*step.script);
  for (const Mount& mount : step.mounts) {
    switch (mount.type) {
      case Mount::Type::bind:
        add_bind(mount, open);
        break;
      case Mount::Type::cache:
        add_cache(mount, open);
        break;
      case Mount::Type::tmpfs:
        mounts_.push_back({RunMount::Type::tmpfs, "", mount.target, false, mount.size_bytes});
        break;
      case Mount::Type::secret:
        add_secret(mount);
        break;
      case Mount::Type::ssh:
        if (mount.required)
          throw Error("--mount=type=ssh: forwarding an ssh agent is not supported",
                      "pass what is needed with --mount=type=secret");
        break;
    }
  }
}

std::string RunMounts::next_path() { return scratch_.path() + "/" + std::to_string(count_++); }

void RunMounts::add_script(const std::string& script) {
  const std::string path = next_path();
  replace_file(path, script, 0755);
  mounts_.push_back({RunMount::Type::bind, path, script_path, true, 0});
}

void RunMounts::add_bind(const Mount& mount, const SourceOpener& open) {
  const auto source = open(mount.from);
  const std::string path = next_path();
  snapshot(source->tree(), find_source(source->tree(), mount.source), path, !source->is_context());
  mounts_.push_back({RunMount::Type::bind, path, mount.target, mount.read_only, 0});
}

void RunMounts::add_cache(const Mount& mount, const SourceOpener& open) {
  const CacheSharing sharing = mount.sharing == "private"  ? CacheSharing::exclusive
                               : mount.sharing == "locked" ? CacheSharing::locked
                                                           : CacheSharing::shared;
  caches_.push_back(session_.backend.cache_dir(mount.id, sharing));
  const std::string path = caches_.back()->path();
  const UniqueFd dir = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (store::names_in(dir.get()).empty()) {
    if (!mount.from.empty()) {
      const auto source = open(mount.from);
      snapshot(source->tree(), find_source(source->tree(), mount.source), path, true);
    }
    check(fchown(dir.get(), mount.uid.value_or(0), mount.gid.value_or(0)),
          "set the owner of the cache directory");
    check(fchmod(dir.get(), mount.mode.value_or(0755)), "set the mode of the cache directory");
  }
  mounts_.push_back({RunMount::Type::bind, path, mount.target, mount.read_only, 0});
}

void RunMounts::add_secret(const Mount& mount) {
  const std::string* file = secret_file(session_.spec, mount.id);
  if (!file) {
    if (mount.required)
      throw NotFound("--mount=type=secret: secret " + mount.id + " was not given",
                     "pass it with --secret id=" + mount.id + ",src=FILE");
    return;
  }
  const std::string secret = read_file(*file, 1u << 20);
  if (!mount.env.empty()) env_.emplace_back(mount.env, secret);
  if (!mount.env.empty() && !mount.has_target) return;
  const std::string path = next_path();
  replace_file(path, secret, 0600);
  check(chown(path.c_str(), mount.uid.value_or(0), mount.gid.value_or(0)), "set the owner of a secret");
  check(chmod(path.c_str(), mount.mode.value_or(0400)), "set the mode of a secret");
  mounts_.push_back({RunMount::Type::bind, path, mount.target, true, 0});
}

ScratchDir::~ScratchDir() {
  try {
    remove_tree(path_);
  } catch (const Error&) {
    // The store's sweep takes it.
  }
}

}  // namespace devenv::build
