// An Engine that remembers what it was asked and answers from plain vectors. One container runs to its end at
// once, with the log and exit code it is given.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "devenv/engine.h"

namespace devenv::cli {

class FakeLog final : public LogReader {
 public:
  explicit FakeLog(std::vector<LogLine> lines) : lines_(std::move(lines)) {}
  std::optional<LogLine> next(Deadline) override {
    if (at_ == lines_.size()) return std::nullopt;
    return lines_[at_++];
  }
  bool ended() const override { return at_ == lines_.size(); }

 private:
  std::vector<LogLine> lines_;
  std::size_t at_ = 0;
};

class FakeEngine final : public Engine {
 public:
  std::vector<ContainerInfo> known;
  std::vector<ImageInfo> present;
  std::vector<VolumeInfo> made_volumes;
  std::vector<NetworkInfo> made_networks;
  std::vector<LogLine> log;
  ExitStatus end;
  int command_error = 0;  ///< start() throws CommandError with this code

  std::optional<ContainerSpec> started;
  std::optional<Lifetime> lifetime;
  std::optional<BuildSpec> built;
  std::vector<std::string> removed, stopped, removed_volumes, removed_images;
  ImageRemoval removal;
  std::optional<PullPolicy> pull_policy;

  ImageInfo ensure_image(const std::string& reference, PullPolicy policy, const Progress&,
                         Deadline) override {
    pull_policy = policy;
    if (reference == "missing") throw NotFound("find image missing: not in the store", "bootstrap one");
    return {};
  }
  ImageInfo build(const BuildSpec& spec, const Progress& progress) override {
    built = spec;
    progress("step 1");
    return {.id = "sha256:0123456789abcdef"};
  }
  ImageInfo bootstrap(const std::string&, bool, const Progress&) override { return {.id = "sha256:feed"}; }
  std::vector<ImageInfo> images() override { return present; }
  ImageInfo inspect_image(const std::string& name) override {
    throw NotFound("find image " + name + ": none");
  }
  ImageRemoval remove_image(const std::string& name, bool force) override {
    removed_images.push_back(name + (force ? " by force" : ""));
    return removal;
  }
  ImageRemoval prune_images(bool all) override {
    removed_images.push_back(all ? "all unused" : "all dangling");
    return removal;
  }
  ImageRemoval prune_build_cache(bool all) override {
    removed_images.push_back(all ? "all steps" : "steps of no image");
    return removal;
  }

  NetworkInfo create_network(const NetworkSpec& spec) override { return {.id = "aabb", .name = spec.name}; }
  std::vector<NetworkInfo> networks() override { return made_networks; }
  void remove_network(const std::string&) override {}

  ContainerInfo start(const ContainerSpec& spec, Lifetime life) override {
    started = spec;
    lifetime = life;
    if (command_error != 0) throw CommandError(command_error, "run x: not found");
    return {.id = std::string(64, 'a'), .name = "amber_fox", .spec = spec};
  }
  std::unique_ptr<ProcessHandle> attach(const std::string& id) override {
    throw Conflict("attach to " + id + ": it has exited");
  }
  ContainerInfo inspect(const std::string& id) override { return find(id); }
  std::vector<ContainerInfo> containers(bool all) override {
    auto list = known;
    if (!all) std::erase_if(list, [](const auto& c) { return c.state != ContainerState::running; });
    return list;
  }
  ExecResult exec(const std::string&, const ExecSpec&, Deadline) override { return {}; }
  std::unique_ptr<ProcessHandle> open_exec(const std::string& id, const ExecSpec&) override {
    find(id);
    throw CommandError(127, "exec: not found");
  }
  std::unique_ptr<LogReader> logs(const std::string&) override { return std::make_unique<FakeLog>(log); }
  void signal(const std::string& id, int) override { find(id); }
  ExitStatus stop(const std::string& id, std::optional<std::chrono::milliseconds>) override {
    stopped.push_back(find(id).name);
    return {};
  }
  std::optional<ExitStatus> wait(const std::string&, Deadline) override { return end; }
  void remove(const std::string& id, bool) override { removed.push_back(id); }
  bool listening(const std::string&, std::uint16_t, Protocol) override { return false; }

  bool has_state(const std::string&) override { return false; }
  void freeze(const std::string&, const std::string&) override {}
  std::vector<std::string> states() override { return {}; }
  void remove_state(const std::string&) override {}
  std::shared_ptr<void> lock_state(const std::string&, Deadline) override { return nullptr; }

  VolumeInfo create_volume(const std::string& name) override { return {.name = name}; }
  std::vector<VolumeInfo> volumes() override { return made_volumes; }
  void remove_volume(const std::string& name, bool) override { removed_volumes.push_back(name); }

 private:
  ContainerInfo find(const std::string& id) {
    for (const auto& container : known)
      if (container.name == id || container.id == id) return container;
    throw NotFound("find container " + id + ": there is none of that name or id",
                   "`devenv ps -a` lists them");
  }
};

}  // namespace devenv::cli
