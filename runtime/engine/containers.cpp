#include "containers.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "paths.h"
#include "record.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "runtime/base/scope_exit.h"
#include "runtime/kernel/capabilities.h"
#include "runtime/kernel/refusal.h"
#include "runtime/launch/log_reader.h"
#include "runtime/net/listening.h"
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

void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("_.-", c);
  };
  bool good = name.size() > 1 && std::isalnum(static_cast<unsigned char>(name[0]));
  for (const char c : name) good = good && c != '\0' && allowed(c);
  if (!good)
    throw Error("name container \"" + name + "\": only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed",
                "choose another name");
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

std::optional<ExitStatus> read_exit(const std::string& path, std::int64_t& finished_unix_ns) {
  std::string text;
  try {
    text = read_file(path, 4096);
  } catch (const SystemError&) {
    return std::nullopt;  // still running when its holder went
  }
  ExitStatus exit;
  int out_of_memory = 0;
  long long finished = 0;
  if (std::sscanf(text.c_str(), "%d %d %d %lld", &exit.code, &exit.signal, &out_of_memory, &finished) != 4)
    return std::nullopt;
  exit.out_of_memory = out_of_memory != 0;
  finished_unix_ns = finished;
  return exit;
}

Conflict not_running(const std::string& name) {
  return Conflict("use container " + name + ": it is not running", "see why: devenv logs " + name);
}

}  // namespace

struct Containers::Kept {
  ContainerInfo info;
};

std::string Containers::free_name(const std::string& wanted) {
  if (!wanted.empty()) {
    check_name(wanted);
    if (find_kept(wanted))
      throw Conflict("name container " + wanted + ": the name is taken", "remove it: devenv rm " + wanted);
    return wanted;
  }
  return random_name() + "_" + random_id(4);
}

ContainerInfo Containers::start(const ContainerSpec& spec, Lifetime lifetime) {
  kernel::require_mount_privilege("start a container of " + spec.image);
  const store::FileLock adding = store_.add_content();  // until the holder has the layers in use
  const store::StoredImage image = images_.find(spec.image);
  check_limits(spec.limits);
  check_mount_sources(spec);

  launch::PlanInput input;
  input.spec = spec;
  input.spec.name = free_name(spec.name);
  input.id = random_id(64);
  input.image = image_defaults(image.config.config);
  if (!image.config.diff_ids.empty()) input.lower_dirs = store_.layers().lower_dirs(image.config.diff_ids);
  input.all_capabilities = kernel::available_capabilities();
  input.seccomp = seccomp_filter(spec, store_);
  if (spec.trust_host_cas) trust_host_cas(input);

  const bool in_network = spec.network != "default" && spec.network != "none" && spec.network != "host";
  const auto holder = in_network                       ? holders_.with_network(spec.network)
                      : lifetime == Lifetime::detached ? holders_.detached()
                                                       : holders_.session();
  const bool persistent = lifetime != Lifetime::session && !spec.auto_remove;
  const std::string scratch = holder->scratch_dir() + "/" + input.id;
  ScopeExit discard([&] {
    if (persistent) return store_.containers().remove(input.id);
    discard_scratch(scratch);
  });

  MountedVolumes volumes =
      prepare_volumes(store_, spec.mounts, input.lower_dirs, persistent ? std::string() : scratch + "/volumes");
  if (!image.config.diff_ids.empty())
    volumes.locks.push_back(store_.layers().use(store::chain_id(image.config.diff_ids)).release());
  input.volume_dirs = std::move(volumes.data_dirs);
  if (!spec.frozen_state.empty()) {
    volumes.locks.push_back(store_.states().use(spec.frozen_state).release());
    const auto state = store_.states().find(spec.frozen_state);
    if (!state)
      throw NotFound("use state " + spec.frozen_state + ": it is damaged",
                     "devenv system verify shows what is");
    input.lower_dirs.insert(input.lower_dirs.begin(), state->diff_path);
  }

  Listeners listeners = reserve_ports(spec.ports, [&](const PortMapping& port) {
    return users_of_port(list(false), port.host_port, port.protocol);
  });

  ContainerInfo info;
  info.id = input.id;
  info.name = input.spec.name;
  info.image = spec.image;
  info.image_id = image.id;
  info.command = launch::command_line(spec, input.image);
  info.state = ContainerState::running;
  info.created_unix_ns = now_unix_ns();
  info.network = spec.network;
  info.ports = listeners.published;
  info.labels = image.config.config.labels;
  for (const auto& [key, value] : spec.labels) info.labels[key] = value;
  info.spec = spec;
  info.spec.name = info.name;
  if (info.spec.stop_signal.empty()) info.spec.stop_signal = image.config.config.stop_signal;

  input.container_dir_is_scratch = !persistent;
  input.container_dir = persistent ? store_.containers().create(info.id, dump_json(to_json(info))) : scratch;

  launch::SandboxPlan plan = launch::make_plan(input);
  plan.metadata = dump_json(to_json(info));
  plan.network.ports = std::move(listeners.plan);
  plan.die_with_connection = lifetime != Lifetime::detached;
  // Others may attach to a detached one later; for the rest, closing our end is the end of its input.
  if (plan.stdin_mode == launch::StdinMode::once && lifetime == Lifetime::detached)
    plan.stdin_mode = launch::StdinMode::keep;
  if (persistent) plan.exit_path = input.container_dir + "/exit";
  launch::Started started = holder->start(plan, std::move(listeners.sockets), std::move(volumes.locks));
  discard.dismiss();

  holders_.remember(info.id, holder);
  if (started.input) {
    const std::lock_guard lock(mutex_);
    inputs_[info.id] = std::move(started.input);
  }
  info.pid = started.pid;
  info.ip = started.ip;
  info.started_unix_ns = started.started_unix_ns;
  return info;
}

ContainerInfo Containers::merge(const launch::ContainerRecord& record) const {
  ContainerInfo info = container_info_from_json(record.metadata, record.id);
  info.state = record.state;
  info.exit = record.exit;
  info.pid = record.pid;
  info.ip = record.ip;
  info.network = record.network.empty() ? info.spec.network : record.network;
  info.started_unix_ns = record.started_unix_ns;
  info.finished_unix_ns = record.finished_unix_ns;
  return info;
}

std::optional<Containers::Kept> Containers::find_kept(const std::string& id) {
  std::optional<Kept> match;
  for (const auto& [full, json] : store_.containers().list()) {
    Kept kept{container_info_from_json(json, full)};
    const bool exact = full == id || kept.info.name == id;
    if (!exact && (id.empty() || full.compare(0, id.size(), id) != 0)) continue;
    if (match && !exact)
      throw Conflict("find container " + id + ": more than one id begins like that", "give more digits");
    kept.info.state = ContainerState::exited;
    kept.info.exit = read_exit(store_.containers().path(full) + "/exit", kept.info.finished_unix_ns);
    if (!kept.info.exit) kept.info.exit = ExitStatus{137, SIGKILL, false};
    match = std::move(kept);
    if (exact) break;
  }
  return match;
}

ContainerInfo Containers::inspect(const std::string& id) {
  if (const auto live = holders_.find(id)) return merge(live->record);
  if (auto kept = find_kept(id)) return std::move(kept->info);
  throw NotFound("find container " + id + ": there is none of that name or id", "see: devenv ps -a");
}

std::vector<ContainerInfo> Containers::list(bool all) {
  std::vector<ContainerInfo> found;
  for (const Located& located : holders_.all())
    if (!located.record.metadata.empty()) found.push_back(merge(located.record));  // else a build's step
  for (const auto& [id, json] : store_.containers().list()) {
    const bool live =
        std::any_of(found.begin(), found.end(), [&id = id](const auto& info) { return info.id == id; });
    if (live) continue;
    if (auto kept = find_kept(id)) found.push_back(std::move(kept->info));
  }
  if (!all) std::erase_if(found, [](const auto& info) { return info.state != ContainerState::running; });
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.created_unix_ns > b.created_unix_ns; });
  return found;
}

std::unique_ptr<LogReader> Containers::logs(const std::string& id) {
  if (const auto live = holders_.find(id))
    return launch::open_log(live->record.log_path, live->holder->follow_log(live->record.id));
  const ContainerInfo info = inspect(id);
  return launch::open_log(store_.containers().path(info.id) + "/log");
}

UniqueFd Containers::take_input(const std::string& full_id) {
  const std::lock_guard lock(mutex_);
  auto input = inputs_.extract(full_id);
  return input ? std::move(input.mapped()) : UniqueFd();
}

void Containers::remove_volume(const std::string& name, bool force) {
  if (force && !store_.volumes().has(name)) return;
  try {
    store_.volumes().remove(name);
  } catch (const Conflict&) {
    const std::string users = users_of_volume(list(false), name);
    if (users.empty()) throw;  // of another runtime directory
    throw Conflict("remove volume " + name + ": " + users + " uses it",
                   "remove that first, with devenv rm -f");
  }
}

void Containers::remove_network(const std::string& name_or_id) {
  holders_.ask_each([&](const auto& holder) {
    try {
      holder->remove_network(name_or_id);
    } catch (const Conflict&) {
      const std::string users = users_of_network(list(false), name_or_id);
      if (users.empty()) throw;
      throw Conflict("remove network " + name_or_id + ": in use by " + users,
                     "remove that first, with devenv rm -f");
    }
    return false;
  });
}

Located Containers::running(const std::string& id) {
  auto live = holders_.find(id);
  if (!live) throw not_running(inspect(id).name);  // or NotFound when it never was
  if (live->record.state != ContainerState::running) throw not_running(live->record.name);
  if (live->record.process.argv.empty())  // found in a list, which leaves that out
    if (auto whole = live->holder->inspect(live->record.id)) live->record = std::move(*whole);
  return std::move(*live);
}

void Containers::signal(const std::string& id, int number) {
  const Located live = running(id);
  live.holder->signal(live.record.id, number);
}

ExitStatus Containers::stop(const std::string& id, std::optional<std::chrono::milliseconds> grace) {
  const auto live = holders_.find(id);
  if (!live) return inspect(id).exit.value_or(ExitStatus{});
  if (live->record.exit) return *live->record.exit;
  const ContainerInfo info = merge(live->record);
  // Asked before the signal: with --rm there is nobody left to ask once it has ended.
  if (const auto exit = live->holder->wait(info.id, Deadline::after(std::chrono::seconds(0)))) return *exit;
  const auto send = [&](int signal) {
    try {
      live->holder->signal(info.id, signal);
    } catch (const NotFound&) {
      // It has just ended by itself, and the answer to our question is on its way.
    }
  };
  const std::string& wanted = info.spec.stop_signal;
  send(wanted.empty() ? SIGTERM : parse_signal(wanted));
  if (const auto exit = live->holder->wait(info.id, Deadline::after(grace.value_or(info.spec.stop_grace))))
    return *exit;
  send(SIGKILL);
  return live->holder->wait(info.id, Deadline::never()).value();
}

std::optional<ExitStatus> Containers::wait(const std::string& id, Deadline deadline) {
  if (const auto live = holders_.find(id)) return live->holder->wait(live->record.id, deadline);
  return inspect(id).exit;
}

void Containers::remove(const std::string& id, bool force) {
  std::string full;
  if (const auto live = holders_.find(id)) {
    full = live->record.id;
    if (live->record.state == ContainerState::running && !force)
      throw Conflict("remove container " + id + ": it is running",
                     "stop it first, or use: devenv rm -f " + id);
    take_input(full);
    live->holder->remove(full);
    holders_.forget(full);
  } else if (const auto kept = find_kept(id)) {
    full = kept->info.id;
  } else if (!force) {
    throw NotFound("remove container " + id + ": there is none of that name or id", "see: devenv ps -a");
  } else {
    return;
  }
  store_.containers().remove(full);
}

bool Containers::listening(const std::string& id, std::uint16_t port, Protocol protocol) {
  const Located live = running(id);
  return net::process_listens_on(live.record.pid, port, protocol == Protocol::udp);
}

void Containers::freeze(const std::string& id, const std::string& key) {
  const auto live = holders_.find(id);
  if (!live) throw NotFound("freeze container " + id + ": there is none of that id");
  if (live->record.state != ContainerState::exited)
    throw Conflict("freeze container " + id + ": it is still running", "stop it first");
  const ContainerInfo info = merge(live->record);
  if (info.spec.in_memory)
    throw Conflict("freeze container " + id + ": what it wrote was in memory", "start it without in_memory");
  const Json meta = {{"image", info.image}, {"image_id", info.image_id}, {"command", info.command}};
  store_.states().commit(key, live->holder->scratch_dir() + "/" + info.id + "/upper", dump_json(meta));
  remove(info.id, true);
}

}  // namespace devenv::engine
