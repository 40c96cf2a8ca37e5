#include "record.h"

// nlohmann's adapters are found by namespace: those for devenv's plain structs live in devenv.
namespace nlohmann {

template <class T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& j, const std::optional<T>& value) {
    if (value)
      j = *value;
    else
      j = nullptr;
  }
  static void from_json(const json& j, std::optional<T>& value) {
    if (j.is_null())
      value.reset();
    else
      value = j.get<T>();
  }
};

template <>
struct adl_serializer<std::chrono::milliseconds> {
  static void to_json(json& j, const std::chrono::milliseconds& value) { j = value.count(); }
  static void from_json(const json& j, std::chrono::milliseconds& value) {
    value = std::chrono::milliseconds(j.get<std::int64_t>());
  }
};

}  // namespace nlohmann

namespace devenv {

NLOHMANN_JSON_SERIALIZE_ENUM(Protocol, {{Protocol::tcp, "tcp"}, {Protocol::udp, "udp"}})
NLOHMANN_JSON_SERIALIZE_ENUM(MountSpec::Type, {{MountSpec::Type::bind, "bind"},
                                               {MountSpec::Type::volume, "volume"},
                                               {MountSpec::Type::tmpfs, "tmpfs"}})
NLOHMANN_JSON_SERIALIZE_ENUM(ContainerState, {{ContainerState::created, "created"},
                                              {ContainerState::running, "running"},
                                              {ContainerState::exited, "exited"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PortMapping, container_port, host_port, host_ip, protocol)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MountSpec, type, source, target, read_only, tmpfs_size_bytes, tmpfs_mode)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ResourceLimits, memory_bytes, cpus, pids)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ContainerSpec, image, name, entrypoint, command, env, user,
                                                workdir, hostname, labels, ports, mounts, network, aliases,
                                                extra_hosts, limits, stop_signal, stop_grace, tty, open_stdin,
                                                read_only_root, privileged, cap_add, cap_drop,
                                                no_new_privileges, shm_size_bytes, auto_remove,
                                                trust_host_cas, frozen_state, in_memory)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ExitStatus, code, signal, out_of_memory)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PublishedPort, container_port, protocol, host_ip, host_port)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ContainerInfo, id, name, image, image_id, command, state, exit,
                                   created_unix_ns, started_unix_ns, finished_unix_ns, pid, network, ip,
                                   ports, labels, spec)

namespace engine {

Json to_json(const ContainerSpec& spec) { return spec; }
Json to_json(const ContainerInfo& info) { return info; }

ContainerInfo damaged_container(const std::string& problem) {
  ContainerInfo info;
  info.image = "?";
  info.problem = problem;
  return info;
}

ContainerInfo container_info_from_json(const std::string& text, const std::string& id) {
  ContainerInfo info;
  try {
    info = parse_json(text, "its record").get<ContainerInfo>();
  } catch (const Error& error) {
    info = damaged_container(error.what());
  } catch (const Json::exception&) {  // the library's text says nothing to whoever reads this
    info = damaged_container("parse its record: something is missing or not of its kind");
  }
  info.id = id;
  return info;
}

}  // namespace engine
}  // namespace devenv
