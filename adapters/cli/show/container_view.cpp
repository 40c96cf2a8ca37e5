#include "container_view.h"

#include <algorithm>
#include <tuple>

#include "human.h"

namespace devenv::cli {
namespace {

const char* protocol_name(Protocol protocol) { return protocol == Protocol::tcp ? "tcp" : "udp"; }

std::string bracketed(const std::string& ip) {
  return ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
}

std::string span(unsigned first, unsigned last) {
  return first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last);
}

std::string labels_text(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) text += (text.empty() ? "" : ",") + name + "=" + value;
  return text;
}

const char* state_name(ContainerState state) {
  switch (state) {
    case ContainerState::created:
      return "created";
    case ContainerState::running:
      return "running";
    case ContainerState::exited:
      return "exited";
  }
  return "unknown";
}

std::string mounts_text(const std::vector<MountSpec>& mounts) {
  std::string text;
  for (const MountSpec& mount : mounts)
    if (!mount.source.empty()) text += (text.empty() ? "" : ",") + mount.source;
  return text;
}

}  // namespace

std::string status_text(const ContainerInfo& container, std::int64_t now_ns) {
  if (!container.problem.empty()) return "Damaged: " + container.problem;
  switch (container.state) {
    case ContainerState::created:
      return "Created";
    case ContainerState::running:
      return "Up " + human_duration(now_ns - container.started_unix_ns);
    case ContainerState::exited:
      break;
  }
  const int code = container.exit ? container.exit->code : 0;
  return "Exited (" + std::to_string(code) + ") " + human_duration(now_ns - container.finished_unix_ns) +
         " ago";
}

std::string ports_text(const std::vector<PublishedPort>& ports) {
  auto sorted = ports;
  const auto key = [](const PublishedPort& p) {
    return std::make_tuple(p.protocol, p.host_ip.find(':') != std::string::npos, p.host_ip, p.container_port,
                           p.host_port);
  };
  std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::string text;
  for (std::size_t i = 0; i < sorted.size();) {
    const PublishedPort& first = sorted[i];
    std::size_t run = 1;
    while (i + run < sorted.size() && sorted[i + run].host_ip == first.host_ip &&
           sorted[i + run].protocol == first.protocol &&
           sorted[i + run].container_port == first.container_port + run &&
           sorted[i + run].host_port == first.host_port + run)
      ++run;
    const PublishedPort& last = sorted[i + run - 1];
    text += (text.empty() ? "" : ", ") + bracketed(first.host_ip) + ":" +
            span(first.host_port, last.host_port) + "->" + span(first.container_port, last.container_port) +
            "/" + protocol_name(first.protocol);
    i += run;
  }
  return text;
}

Fields container_fields(const ContainerInfo& container, std::int64_t now_ns, bool truncate) {
  const std::string command = join_command(container.command);
  const std::string age = human_duration(now_ns - container.created_unix_ns) + " ago";
  return {{"ID", truncate ? short_id(container.id) : container.id},
          {"Image", container.image},
          {"Command", quoted(truncate ? ellipsis(command, 20) : command)},
          {"CreatedAt", human_time(container.created_unix_ns / 1'000'000'000)},
          {"RunningFor", age},
          {"State", state_name(container.state)},
          {"Status", status_text(container, now_ns)},
          {"Ports", ports_text(container.ports)},
          {"Names", container.name},
          {"Networks", container.network},
          {"Mounts", mounts_text(container.spec.mounts)},
          {"Labels", labels_text(container.labels)}};
}

namespace {

Json port_bindings(const std::vector<PublishedPort>& ports) {
  Json bindings = Json::object();
  for (const PublishedPort& port : ports)
    bindings[std::to_string(port.container_port) + "/" + protocol_name(port.protocol)].push_back(
        {{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  return bindings;
}

Json mounts_json(const std::vector<MountSpec>& mounts) {
  Json list = Json::array();
  for (const MountSpec& mount : mounts) {
    const bool volume = mount.type == MountSpec::Type::volume;
    Json entry{{"Type", volume                                ? "volume"
                        : mount.type == MountSpec::Type::bind ? "bind"
                                                              : "tmpfs"},
               {"Source", volume ? "" : mount.source},
               {"Destination", mount.target},
               {"RW", !mount.read_only}};
    if (volume) entry["Name"] = mount.source;
    list.push_back(std::move(entry));
  }
  return list;
}

Json env_json(const std::vector<std::pair<std::string, std::string>>& env) {
  Json list = Json::array();
  for (const auto& [name, value] : env) list.push_back(name + "=" + value);
  return list;
}

Json state_json(const ContainerInfo& container) {
  const auto time = [](std::int64_t ns) { return ns == 0 ? "0001-01-01T00:00:00Z" : rfc3339_nano(ns); };
  return {{"Status", state_name(container.state)},
          {"Running", container.state == ContainerState::running},
          {"OOMKilled", container.exit && container.exit->out_of_memory},
          {"Error", container.problem},
          {"Pid", container.pid},
          {"ExitCode", container.exit ? container.exit->code : 0},
          {"StartedAt", time(container.started_unix_ns)},
          {"FinishedAt", time(container.finished_unix_ns)}};
}

}  // namespace

Json inspect_container(const ContainerInfo& container) {
  const ContainerSpec& spec = container.spec;
  const auto& command = container.command;
  Json network{{"IPAddress", container.ip}};
  if (!spec.aliases.empty()) network["Aliases"] = spec.aliases;
  return {{"Id", container.id},
          {"Created", rfc3339_nano(container.created_unix_ns)},
          {"Path", command.empty() ? "" : command.front()},
          {"Args", command.empty() ? Json::array()
                                   : Json(std::vector<std::string>(command.begin() + 1, command.end()))},
          {"State", state_json(container)},
          {"Image", container.image_id},
          {"Name", "/" + container.name},
          {"RestartCount", 0},
          {"Mounts", mounts_json(spec.mounts)},
          {"Config",
           {{"Hostname", spec.hostname.empty() ? short_id(container.id) : spec.hostname},
            {"User", spec.user},
            {"Tty", spec.tty},
            {"OpenStdin", spec.open_stdin},
            {"Env", env_json(spec.env)},
            {"Cmd", spec.command},
            {"Image", container.image},
            {"WorkingDir", spec.workdir},
            {"Entrypoint", spec.entrypoint ? Json(*spec.entrypoint) : Json()},
            {"Labels", container.labels},
            {"StopSignal", spec.stop_signal}}},
          {"HostConfig",
           {{"NetworkMode", spec.network},
            {"AutoRemove", spec.auto_remove},
            {"Privileged", spec.privileged},
            {"ReadonlyRootfs", spec.read_only_root},
            {"CapAdd", spec.cap_add},
            {"CapDrop", spec.cap_drop},
            {"Memory", spec.limits.memory_bytes},
            {"NanoCpus", static_cast<std::int64_t>(spec.limits.cpus * 1e9)},
            {"PidsLimit", spec.limits.pids},
            {"ShmSize", spec.shm_size_bytes}}},
          {"NetworkSettings",
           {{"IPAddress", container.ip},
            {"Ports", port_bindings(container.ports)},
            {"Networks", {{container.network, network}}}}}};
}

Json inspect_image_json(const ImageInfo& image) {
  Json ports = Json::object(), volumes = Json::object();
  for (const auto& port : image.exposed_ports) ports[port] = Json::object();
  for (const auto& volume : image.volumes) volumes[volume] = Json::object();
  return {{"Id", image.id},
          {"RepoTags", image.references},
          {"Digest", image.manifest_digest},
          {"Created", rfc3339_nano(image.created_unix_s * 1'000'000'000)},
          {"Size", image.size_bytes},
          {"Os", "linux"},
          {"Config",
           {{"User", image.user},
            {"Env", image.env},
            {"Entrypoint", image.entrypoint},
            {"Cmd", image.command},
            {"WorkingDir", image.working_dir},
            {"Labels", image.labels},
            {"StopSignal", image.stop_signal},
            {"ExposedPorts", ports},
            {"Volumes", volumes}}}};
}

}  // namespace devenv::cli
