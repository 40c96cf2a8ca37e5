#include "containers.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>

#include "paths.h"
#include "record.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "runtime/launch/log_reader.h"
#include "users.h"

namespace devenv::engine {
namespace {

void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("_.-", c);
  };
  constexpr std::size_t longest = 200;  // a file of the store is called so
  if (name.size() > longest)
    throw Error("name container " + name.substr(0, 20) + "...: longer than 200 characters",
                "choose another name");
  bool good = name.size() > 1 && std::isalnum(static_cast<unsigned char>(name[0]));
  for (const char c : name) good = good && c != '\0' && allowed(c);
  if (!good)
    throw Error("name container \"" + name + "\": only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed",
                "choose another name");
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

/// Throws Conflict for a container that has no end to tell of, for its holder was killed as it was to start.
const ContainerInfo& require_started(const ContainerInfo& info) {
  if (info.state != ContainerState::created) return info;
  if (!info.problem.empty())
    throw Conflict("use container " + info.name + ": " + info.problem, "remove it: devenv rm " + info.name);
  throw Conflict("use container " + info.name + ": it never started, devenv was killed before",
                 "remove it: devenv rm " + info.name);
}

Conflict not_running(const std::string& name) {
  return Conflict("use container " + name + ": it is not running", "see why: devenv logs " + name);
}

}  // namespace

std::string Containers::free_name(const std::string& wanted) {
  if (!wanted.empty()) {
    check_name(wanted);
    if (store_.containers().find_name(wanted))
      throw Conflict("name container " + wanted + ": the name is taken", "remove it: devenv rm " + wanted);
    return wanted;
  }
  return random_name() + "_" + random_id(4);
}

ContainerInfo Containers::merge(const launch::ContainerRecord& record) const {
  ContainerInfo info = container_info_from_json(record.metadata, record.id);
  if (!info.problem.empty()) info.name = record.name;
  info.state = record.state;
  info.exit = record.exit;
  info.pid = record.pid;
  info.ip = record.ip;
  info.network = record.network.empty() ? info.spec.network : record.network;
  info.started_unix_ns = record.started_unix_ns;
  info.finished_unix_ns = record.finished_unix_ns;
  return info;
}

std::optional<ContainerInfo> Containers::read_kept(const std::string& id) const {
  ContainerInfo info;
  try {
    const auto record = store_.containers().load(id);
    if (!record) return std::nullopt;  // removed meanwhile
    info = container_info_from_json(*record, id);
  } catch (const Error& error) {
    info = damaged_container(error.what());
    info.id = id;
  }
  if (info.name.empty()) info.name = store_.containers().name_of(id);
  if (info.name.empty()) info.name = id.substr(0, 12);
  const std::string path = store_.containers().path(id);
  struct stat log {};
  info.exit = read_exit(path + "/exit", info.finished_unix_ns);
  if (!info.exit && stat((path + "/log").c_str(), &log) == 0) {  // killed with its holder
    info.exit = ExitStatus{137, SIGKILL, false};
    info.finished_unix_ns = log.st_mtim.tv_sec * 1'000'000'000LL;
  }
  info.state = info.exit ? ContainerState::exited : ContainerState::created;
  return info;
}

ContainerInfo Containers::inspect(const std::string& id) {
  if (const auto live = holders_.find(id)) return merge(live->record);
  if (const auto full = store_.containers().find(id))
    if (auto kept = read_kept(*full)) return std::move(*kept);
  throw NotFound("find container " + id + ": there is none of that name or id", "see: devenv ps -a");
}

std::vector<ContainerInfo> Containers::list(bool all) {
  std::vector<ContainerInfo> found;
  for (const Located& located : holders_.all())
    if (!located.record.metadata.empty()) found.push_back(merge(located.record));  // else a build's step
  std::set<std::string> live;
  for (const ContainerInfo& info : found) live.insert(info.id);
  if (all) {
    for (const std::string& id : store_.containers().ids())
      if (!live.contains(id))
        if (auto kept = read_kept(id)) found.push_back(std::move(*kept));
  } else {
    std::erase_if(found, [](const auto& info) { return info.state != ContainerState::running; });
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.created_unix_ns > b.created_unix_ns; });
  return found;
}

std::unique_ptr<LogReader> Containers::logs(const std::string& id) {
  if (const auto live = holders_.find(id))
    return launch::open_log(live->record.log_path, live->holder->follow_log(live->record.id));
  const std::string full = require_started(inspect(id)).id;
  return launch::open_log(store_.containers().path(full) + "/log");
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
  try {
    if (const auto holder = holders_.of(id)) return holder->wait(id, deadline);
  } catch (const NotFound&) {
    // Removed from there, but its record may be in the store; else inspect() below says that there is none.
  }
  if (const auto live = holders_.find(id)) return live->holder->wait(live->record.id, deadline);
  return require_started(inspect(id)).exit;
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
  } else if (const auto kept = store_.containers().find(id)) {
    full = *kept;
  } else if (!force) {
    throw NotFound("remove container " + id + ": there is none of that name or id", "see: devenv ps -a");
  } else {
    return;
  }
  store_.containers().remove(full);
}

bool Containers::listening(const std::string& id, std::uint16_t port, Protocol protocol) {
  const bool udp = protocol == Protocol::udp;
  if (const auto holder = holders_.of(id)) return holder->listening(id, port, udp);
  const Located live = running(id);
  return live.holder->listening(live.record.id, port, udp);
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
