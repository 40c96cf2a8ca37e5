#include "devenv/native_engine.h"

#include <mutex>

#include "build_backend.h"
#include "containers.h"
#include "garbage.h"
#include "holders.h"
#include "images.h"
#include "paths.h"
#include "processes.h"
#include "runtime/build/builder.h"
#include "runtime/kernel/refusal.h"
#include "runtime/registry/bootstrap.h"
#include "runtime/store/names.h"
#include "runtime/store/store.h"

namespace devenv {
namespace {

using namespace engine;

/// What is opened with the first use of the store.
struct Machine {
  explicit Machine(const NativeEngineOptions& options, Holders& holders)
      : store(store::Store::open(options.store_dir)), images(store), containers(store, holders, images) {}

  store::Store store;
  Images images;
  Containers containers;
};

class NativeEngine final : public Engine {
 public:
  explicit NativeEngine(NativeEngineOptions options) : options_(std::move(options)), holders_(options_) {}

  ImageInfo ensure_image(const std::string& reference, PullPolicy policy, const Progress& progress,
                         Deadline) override {
    kernel::require_mount_privilege("use image " + reference);
    return describe(machine().images.ensure(reference, policy, progress));
  }
  ImageInfo build(const BuildSpec& spec, const Progress& report) override {
    kernel::require_mount_privilege("build " + spec.context_dir);
    for (const std::string& tag : spec.tags) registry::parse_reference_or_latest(tag);  // not after the work
    std::mutex reporting;
    const Progress progress = [&](const std::string& line) {
      const std::lock_guard lock(reporting);
      if (report) report(line);
    };
    BuildBackend backend(machine().store, machine().images, holders_, progress);
    return build::run_build(spec, backend, progress);
  }
  ImageInfo bootstrap(const std::string& reference, bool force, const Progress& progress) override {
    kernel::require_mount_privilege("bootstrap " + reference);
    const store::FileLock adding = machine().store.add_content();
    return describe(registry::bootstrap(registry::parse_reference_or_latest(reference), machine().store,
                                        mount_layers, progress, force));
  }
  std::vector<ImageInfo> images() override {
    std::vector<ImageInfo> all;
    for (const auto& image : machine().store.images().list()) all.push_back(describe(image));
    return all;
  }
  ImageInfo inspect_image(const std::string& name) override { return describe(machine().images.find(name)); }

  ImageRemoval remove_image(const std::string& name, bool force) override {
    return engine::remove_image(machine().store, machine().images, name, force,
                                machine().containers.list(true));
  }
  ImageRemoval prune_images(bool all) override {
    return engine::prune_images(machine().store, all, machine().containers.list(true));
  }
  ImageRemoval prune_build_cache(bool all) override {
    return engine::prune_build_cache(machine().store, all);
  }

  NetworkInfo create_network(const NetworkSpec& spec) override {
    const std::string name =
        spec.name.empty() ? random_name() : store::checked_name(spec.name, "name network");
    const auto holder = spec.lifetime == Lifetime::session ? holders_.session() : holders_.detached();
    return describe(holder->create_network(name, spec.internal));
  }
  std::vector<NetworkInfo> networks() override {
    std::vector<NetworkInfo> all;
    holders_.ask_each([&](const auto& holder) {
      for (const auto& network : holder->networks()) all.push_back(describe(network));
      return false;
    });
    return all;
  }
  void remove_network(const std::string& name_or_id) override {
    machine().containers.remove_network(name_or_id);
  }

  ContainerInfo start(const ContainerSpec& spec, Lifetime lifetime) override {
    return machine().containers.start(spec, lifetime);
  }
  std::unique_ptr<ProcessHandle> attach(const std::string& id) override {
    const Located located = machine().containers.running(id);
    return engine::attach(located, machine().containers.take_input(located.record.id));
  }
  ContainerInfo inspect(const std::string& id) override { return machine().containers.inspect(id); }
  std::vector<ContainerInfo> containers(bool all) override { return machine().containers.list(all); }
  ExecResult exec(const std::string& id, const ExecSpec& spec, Deadline deadline) override {
    return engine::exec(machine().containers.running(id), spec, deadline);
  }
  std::unique_ptr<ProcessHandle> open_exec(const std::string& id, const ExecSpec& spec) override {
    return engine::open_exec(machine().containers.running(id), spec);
  }
  std::unique_ptr<LogReader> logs(const std::string& id) override { return machine().containers.logs(id); }
  void signal(const std::string& id, int number) override { machine().containers.signal(id, number); }
  ExitStatus stop(const std::string& id, std::optional<std::chrono::milliseconds> grace) override {
    return machine().containers.stop(id, grace);
  }
  std::optional<ExitStatus> wait(const std::string& id, Deadline deadline) override {
    return machine().containers.wait(id, deadline);
  }
  void remove(const std::string& id, bool force) override { machine().containers.remove(id, force); }
  bool listening(const std::string& id, std::uint16_t port, Protocol protocol) override {
    return machine().containers.listening(id, port, protocol);
  }

  bool has_state(const std::string& key) override { return machine().store.states().has(key); }
  void freeze(const std::string& id, const std::string& key) override {
    machine().containers.freeze(id, key);
  }
  std::vector<std::string> states() override {
    std::vector<std::string> keys;
    for (const auto& state : machine().store.states().list()) keys.push_back(state.key);
    return keys;
  }
  void remove_state(const std::string& key) override { machine().store.states().remove(key); }
  std::shared_ptr<void> lock_state(const std::string& key, Deadline deadline) override {
    return std::make_shared<store::FileLock>(machine().store.states().lock(key, deadline));
  }

  VolumeInfo create_volume(const std::string& name) override {
    return describe(machine().store.volumes().create(name));
  }
  std::vector<VolumeInfo> volumes() override {
    std::vector<VolumeInfo> all;
    for (const auto& volume : machine().store.volumes().list()) all.push_back(describe(volume));
    return all;
  }
  void remove_volume(const std::string& name, bool force) override {
    machine().containers.remove_volume(name, force);
  }

 private:
  Machine& machine() {
    const std::lock_guard lock(mutex_);
    if (!machine_) machine_.emplace(options_, holders_);
    return *machine_;
  }
  ImageInfo describe(const store::StoredImage& image) {
    return Images::describe(image, machine().store.layers());
  }
  static NetworkInfo describe(const launch::NetworkRecord& network) {
    return {network.id, network.name, network.subnet, network.gateway, network.internal};
  }
  static VolumeInfo describe(const store::VolumeRecord& volume) {
    return {volume.name, volume.data_path, volume.created_unix_s};
  }

  const NativeEngineOptions options_;
  Holders holders_;
  std::mutex mutex_;
  std::optional<Machine> machine_;
};

}  // namespace

std::unique_ptr<Engine> make_native_engine(const NativeEngineOptions& options) {
  return std::make_unique<NativeEngine>(resolve_options(options));
}

}  // namespace devenv
