#include "work_layer.h"

#include <fcntl.h>

#include <csignal>

#include "containers.h"
#include "images.h"
#include "mount_stubs.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "runtime/base/scope_exit.h"
#include "runtime/kernel/capabilities.h"
#include "runtime/launch/log_reader.h"
#include "runtime/launch/spec_to_plan.h"
#include "runtime/store/diff.h"

namespace devenv::engine {
namespace {

void kill_quietly(launch::Holder& holder, const std::string& id) noexcept {
  try {
    holder.signal(id, SIGKILL);
  } catch (const std::exception&) {
    // It has ended.
  }
}

}  // namespace

void BuildRuns::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& [id, holder] : running_) kill_quietly(*holder, id);
}

/// Lists a started container among its build's while it runs.
class RunningStep {
 public:
  RunningStep(BuildRuns& runs, std::string id, const std::shared_ptr<launch::Holder>& holder)
      : runs_(runs), id_(std::move(id)) {
    const std::lock_guard lock(runs_.mutex_);
    runs_.running_.emplace(id_, holder);
    if (runs_.stopped_) kill_quietly(*holder, id_);
  }
  RunningStep(const RunningStep&) = delete;
  RunningStep& operator=(const RunningStep&) = delete;
  ~RunningStep() {
    const std::lock_guard lock(runs_.mutex_);
    runs_.running_.erase(id_);
  }

 private:
  BuildRuns& runs_;
  const std::string id_;
};

namespace {

/// What every container has mounted, besides the mounts it asked for.
const char* const kOwnMounts[] = {"/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};

class NativeWorkLayer final : public build::WorkLayer {
 public:
  NativeWorkLayer(const store::Store& store, Holders& holders, BuildRuns& runs, const build::Layers& parents,
                  std::vector<std::string> lower_dirs)
      : store_(store),
        holders_(holders),
        runs_(runs),
        parents_(parents),
        lower_dirs_(std::move(lower_dirs)),
        staged_(store.layers().begin()) {}

  int root() override {
    if (!root_) root_ = mount_layers(lower_dirs_, staged_->diff(), fresh_work());
    return root_.get();
  }

  ExitStatus run(const build::RunRequest& request) override {
    const auto stubs = missing_below(root(), mount_targets(request));
    root_.reset();  // one overlay at a time on a writable layer
    const auto holder = holders_.session();
    const launch::SandboxPlan plan = make_plan(request);
    holder->start(plan);
    const ScopeExit remove([&] {
      try {
        holder->remove(plan.id);
      } catch (const Error&) {
        // The holder died, and the container with it.
      }
    });
    const RunningStep running(runs_, plan.id, holder);
    follow(plan, *holder, request);
    const ExitStatus exit = holder->wait(plan.id, Deadline::never()).value();
    holder->remove(plan.id);
    remove_empty(staged_->diff(), stubs);
    return exit;
  }

  build::Layer commit(std::optional<std::int64_t> source_date_epoch) override {
    root_.reset();
    std::vector<std::string> diff_ids;
    for (const build::Layer& parent : parents_) diff_ids.push_back(parent.diff_id);
    const UniqueFd lower = mount_read_only(lower_dirs_);
    const UniqueFd upper = open_file(staged_->diff(), O_RDONLY | O_DIRECTORY);
    const store::LayerBlob blob = store::store_upper(
        upper.get(), store_.blobs(), {.clamp_mtime_s = source_date_epoch, .lower_dirfd = lower.get()});
    diff_ids.push_back(blob.diff_id);
    const std::string chain = store::chain_id(diff_ids);
    store_.layers().commit(std::move(*staged_),
                           {.chain_id = chain, .diff_id = blob.diff_id, .size = blob.size});
    staged_.reset();
    return {blob.diff_id, chain};
  }

 private:
  /// A volatile overlay's work directory cannot be mounted a second time.
  std::string fresh_work() {
    const std::string work = staged_->scratch() + "/work-" + std::to_string(mounts_++);
    make_directories(work, 0700);
    return work;
  }

  static std::vector<std::string> mount_targets(const build::RunRequest& request) {
    std::vector<std::string> targets(std::begin(kOwnMounts), std::end(kOwnMounts));
    for (const build::RunMount& mount : request.mounts) targets.push_back(mount.target);
    return targets;
  }

  launch::SandboxPlan make_plan(const build::RunRequest& request) {
    launch::PlanInput input;
    input.id = random_id(64);
    input.spec.name = "build-" + input.id.substr(0, 12);
    input.spec.entrypoint = request.argv;
    input.spec.env = request.env;
    input.spec.user = request.user;
    input.spec.workdir = request.workdir;
    input.spec.network = request.network.empty() ? "default" : request.network;
    for (const build::RunMount& mount : request.mounts)
      input.spec.mounts.push_back(
          {.type = mount.type == build::RunMount::Type::bind ? MountSpec::Type::bind : MountSpec::Type::tmpfs,
           .source = mount.source,
           .target = mount.target,
           .read_only = mount.read_only,
           .tmpfs_size_bytes = mount.size_bytes});
    input.lower_dirs = lower_dirs_;
    if (lower_dirs_.empty()) {  // FROM scratch: an overlay needs something below
      input.lower_dirs.push_back(staged_->scratch() + "/empty");
      make_directories(input.lower_dirs.back());
    }
    input.container_dir = staged_->scratch();
    input.container_dir_is_scratch = false;
    input.all_capabilities = kernel::available_capabilities();
    input.seccomp = seccomp_filter(input.spec, store_);
    if (request.trust_host_cas) trust_host_cas(input);

    launch::SandboxPlan plan = launch::make_plan(input);
    plan.rootfs.upper = staged_->diff();
    plan.rootfs.work = fresh_work();
    plan.rootfs.volatile_upper = true;
    plan.die_with_connection = true;
    return plan;
  }

  static void follow(const launch::SandboxPlan& plan, launch::Holder& holder,
                     const build::RunRequest& request) {
    const auto log = launch::open_log(plan.log_path, holder.follow_log(plan.id));
    std::string line[2];
    while (auto record = log->next(Deadline::never())) {
      std::string& open = line[record->stream == LogStream::err];
      open += record->text;
      if (!record->complete) continue;
      request.on_line(record->stream, open);
      open.clear();
    }
    if (!line[0].empty()) request.on_line(LogStream::out, line[0]);
    if (!line[1].empty()) request.on_line(LogStream::err, line[1]);
  }

  const store::Store& store_;
  Holders& holders_;
  BuildRuns& runs_;
  const build::Layers parents_;
  const std::vector<std::string> lower_dirs_;
  std::optional<store::StagedLayer> staged_;
  UniqueFd root_;
  int mounts_ = 0;
};

}  // namespace

std::unique_ptr<build::WorkLayer> make_work_layer(const store::Store& store, Holders& holders,
                                                  BuildRuns& runs, const build::Layers& parents,
                                                  std::vector<std::string> lower_dirs) {
  return std::make_unique<NativeWorkLayer>(store, holders, runs, parents, std::move(lower_dirs));
}

}  // namespace devenv::engine
