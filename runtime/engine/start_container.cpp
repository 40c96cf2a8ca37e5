// A container's start, from its spec to the holder that runs it.
#include <sys/stat.h>

#include <ctime>

#include "containers.h"
#include "record.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "runtime/base/scope_exit.h"
#include "runtime/kernel/capabilities.h"
#include "runtime/kernel/refusal.h"
#include "runtime/net/ports.h"
#include "users.h"
#include "volumes.h"

namespace devenv::engine {
namespace {

std::int64_t now_unix_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void check_limits(const ResourceLimits& limits) {
  constexpr double most_cpus = 1 << 20;
  if (!(limits.cpus >= 0 && limits.cpus <= most_cpus))  // neither infinite nor not a number
    throw Error("limit processors to " + std::to_string(limits.cpus) + ": not a number of processors",
                "as in 1.5; 0 means no limit");
}

void check_mount_sources(const ContainerSpec& spec) {
  for (const MountSpec& mount : spec.mounts) {
    struct stat st;
    if (mount.type == MountSpec::Type::bind && stat(mount.source.c_str(), &st) != 0)
      throw SystemError(errno, "mount " + mount.source + " on " + mount.target,
                        "a bind mount needs a source that exists on the host");
  }
}

/// One listening socket per address and port, in the order of the plan's ports.
struct Listeners {
  std::vector<UniqueFd> sockets;
  std::vector<launch::PortPlan> plan;
  std::vector<PublishedPort> published;
};

template <class Owner>
Listeners reserve_ports(const std::vector<PortMapping>& mappings, const Owner& owner) {
  Listeners all;
  for (const PortMapping& mapping : mappings) {
    const bool udp = mapping.protocol == Protocol::udp;
    net::ReservedPort reserved = net::reserve_port(
        {.host_ip = mapping.host_ip, .host_port = mapping.host_port, .udp = udp, .owner = [&] {
           return owner(mapping);
         }});
    for (std::size_t i = 0; i < reserved.sockets.size(); ++i) {
      all.sockets.push_back(std::move(reserved.sockets[i]));
      all.plan.push_back({.container_port = mapping.container_port, .udp = udp});
      all.published.push_back(
          {mapping.container_port, mapping.protocol, reserved.host_ips[i], reserved.port});
    }
  }
  return all;
}

/// What a start left that failed before its holder knew of it. Else the session's end removes it.
void discard_scratch(const std::string& path) noexcept {
  try {
    remove_tree(path);
  } catch (const Error&) {
  }
}

/// What everybody may ask of the container.
ContainerInfo describe(const ContainerSpec& spec, const launch::PlanInput& input,
                       const store::StoredImage& image, std::vector<PublishedPort> ports) {
  ContainerInfo info;
  info.id = input.id;
  info.name = input.spec.name;
  info.image = spec.image;
  info.image_id = image.id;
  info.command = launch::command_line(spec, input.image);
  info.state = ContainerState::running;
  info.created_unix_ns = now_unix_ns();
  info.network = spec.network;
  info.ports = std::move(ports);
  info.labels = image.config.config.labels;
  for (const auto& [key, value] : spec.labels) info.labels[key] = value;
  info.spec = spec;
  info.spec.name = info.name;
  if (info.spec.stop_signal.empty()) info.spec.stop_signal = image.config.config.stop_signal;
  return info;
}

/// Fills in the layers, volumes and frozen state below the container, and returns the locks that keep them.
std::vector<UniqueFd> use_content(const store::Store& store, const store::StoredImage& image,
                                  const std::string& private_volumes, launch::PlanInput& input) {
  const std::vector<std::string>& diff_ids = image.config.diff_ids;
  MountedVolumes volumes = prepare_volumes(store, input.spec.mounts, input.lower_dirs, private_volumes);
  input.volume_dirs = std::move(volumes.data_dirs);
  if (!diff_ids.empty()) volumes.locks.push_back(store.layers().use(store::chain_id(diff_ids)).release());
  if (const std::string& key = input.spec.frozen_state; !key.empty()) {
    volumes.locks.push_back(store.states().use(key).release());
    const auto state = store.states().find(key);
    if (!state) throw NotFound("use state " + key + ": it is damaged", "devenv system verify shows what is");
    input.lower_dirs.insert(input.lower_dirs.begin(), state->diff_path);
  }
  return std::move(volumes.locks);
}

}  // namespace

launch::PlanInput Containers::plan_input(const ContainerSpec& spec, const store::StoredImage& image) {
  launch::PlanInput input;
  input.spec = spec;
  input.spec.name = free_name(spec.name);
  input.id = random_id(64);
  input.image = image_defaults(image.config.config);
  if (!image.config.diff_ids.empty()) input.lower_dirs = store_.layers().lower_dirs(image.config.diff_ids);
  input.all_capabilities = kernel::available_capabilities();
  input.seccomp = seccomp_filter(spec, store_);
  if (spec.trust_host_cas) trust_host_cas(input);
  return input;
}

std::shared_ptr<launch::Holder> Containers::holder_for(const ContainerSpec& spec, Lifetime lifetime) {
  const bool in_network = spec.network != "default" && spec.network != "none" && spec.network != "host";
  if (in_network) return holders_.with_network(spec.network);
  return lifetime == Lifetime::detached ? holders_.detached() : holders_.session();
}

ContainerInfo Containers::start(const ContainerSpec& spec, Lifetime lifetime) {
  kernel::require_mount_privilege("start a container of " + spec.image);
  const store::FileLock adding = store_.add_content();  // until the holder has the layers in use
  const store::StoredImage image = images_.find(spec.image);
  check_limits(spec.limits);
  check_mount_sources(spec);

  launch::PlanInput input = plan_input(spec, image);
  const auto holder = holder_for(spec, lifetime);
  const bool persistent = lifetime != Lifetime::session && !spec.auto_remove;
  const std::string scratch = holder->scratch_dir() + "/" + input.id;
  ScopeExit discard([&] {
    if (persistent) return store_.containers().remove(input.id);
    discard_scratch(scratch);
  });
  auto locks = use_content(store_, image, persistent ? std::string() : scratch + "/volumes", input);
  Listeners listeners = reserve_ports(spec.ports, [&](const PortMapping& port) {
    return users_of_port(list(false), port.host_port, port.protocol);
  });
  ContainerInfo info = describe(spec, input, image, std::move(listeners.published));
  const std::string record = dump_json(to_json(info));
  input.container_dir_is_scratch = !persistent;
  input.container_dir = persistent ? store_.containers().create(info.id, record) : scratch;

  launch::SandboxPlan plan = launch::make_plan(input);
  plan.metadata = record;
  plan.network.ports = std::move(listeners.plan);
  if (!info.spec.stop_signal.empty()) plan.stop_signal = parse_signal(info.spec.stop_signal);
  plan.stop_grace_ms = info.spec.stop_grace.count();
  plan.die_with_connection = lifetime != Lifetime::detached;
  // Others may attach to a detached one later; for the rest, closing our end is the end of its input.
  if (plan.stdin_mode == launch::StdinMode::once && lifetime == Lifetime::detached)
    plan.stdin_mode = launch::StdinMode::keep;
  if (persistent) plan.exit_path = input.container_dir + "/exit";
  launch::Started started = holder->start(plan, std::move(listeners.sockets), std::move(locks));
  discard.dismiss();

  holders_.remember(info.id, holder);
  if (started.input) {
    const std::lock_guard lock(mutex_);
    inputs_[info.id] = std::move(started.input);
  }
  info.pid = started.pid;
  info.ip = started.ip;
  info.started_unix_ns = started.started_unix_ns;
  info.warnings = std::move(started.unmet_limits);
  if (const std::string& end = holder->ends_with(); lifetime == Lifetime::detached && !end.empty())
    info.warnings.push_back("it will end with " + end);
  return info;
}

}  // namespace devenv::engine
