// A container's record: what is written is what is read.
#include "runtime/engine/record.h"

#include <gmock/gmock.h>

#include "tests/support/all_fields.h"

namespace devenv {

auto all_fields(const PortMapping& port) {
  const auto& [container_port, host_port, host_ip, protocol] = port;
  return std::tie(container_port, host_port, host_ip, protocol);
}
auto all_fields(const MountSpec& mount) {
  const auto& [type, source, target, read_only, tmpfs_size_bytes, tmpfs_mode] = mount;
  return std::tie(type, source, target, read_only, tmpfs_size_bytes, tmpfs_mode);
}
auto all_fields(const ResourceLimits& limits) {
  const auto& [memory_bytes, cpus, pids] = limits;
  return std::tie(memory_bytes, cpus, pids);
}
auto all_fields(const ContainerSpec& spec) {
  const auto& [image, name, entrypoint, command, env, user, workdir, hostname, labels, ports, mounts, network,
               aliases, extra_hosts, limits, stop_signal, stop_grace, tty, open_stdin, read_only_root,
               privileged, cap_add, cap_drop, no_new_privileges, shm_size_bytes, auto_remove, trust_host_cas,
               frozen_state, in_memory] = spec;
  return std::tie(image, name, entrypoint, command, env, user, workdir, hostname, labels, ports, mounts,
                  network, aliases, extra_hosts, limits, stop_signal, stop_grace, tty, open_stdin,
                  read_only_root, privileged, cap_add, cap_drop, no_new_privileges, shm_size_bytes,
                  auto_remove, trust_host_cas, frozen_state, in_memory);
}
auto all_fields(const ExitStatus& exit) {
  const auto& [code, signal, out_of_memory] = exit;
  return std::tie(code, signal, out_of_memory);
}
auto all_fields(const PublishedPort& port) {
  const auto& [container_port, protocol, host_ip, host_port] = port;
  return std::tie(container_port, protocol, host_ip, host_port);
}
auto all_fields(const ContainerInfo& info) {
  const auto& [id, name, image, image_id, command, state, exit, created_unix_ns, started_unix_ns,
               finished_unix_ns, pid, network, ip, ports, labels, spec, problem, warnings] = info;
  (void)problem;   // of a record that could not be read: it stands in none
  (void)warnings;  // of start() alone
  return std::tie(id, name, image, image_id, command, state, exit, created_unix_ns, started_unix_ns,
                  finished_unix_ns, pid, network, ip, ports, labels, spec);
}

namespace engine {
namespace {

using test::expect_filled;
using test::expect_same;

ContainerSpec some_spec() {
  return {.image = "debian",
          .name = "db",
          .entrypoint = std::vector<std::string>{"/entry"},
          .command = {"serve", ""},
          .env = {{"A", "1"}, {"A", "2"}},
          .user = "alice:10",
          .workdir = "/srv",
          .hostname = "host",
          .labels = {{"tier", "data"}},
          .ports = {{80, 8080, "::1", Protocol::udp}},
          .mounts = {{MountSpec::Type::tmpfs, "/from", "/to", true, 7, 0700}},
          .network = "backend",
          .aliases = {"alias"},
          .extra_hosts = {{"registry", "10.0.0.9"}},
          .limits = {.memory_bytes = 1 << 20, .cpus = 1.5, .pids = -1},
          .stop_signal = "SIGINT",
          .stop_grace = std::chrono::milliseconds(1234),
          .tty = true,
          .open_stdin = true,
          .read_only_root = true,
          .privileged = true,
          .cap_add = {"NET_ADMIN"},
          .cap_drop = {"ALL"},
          .no_new_privileges = true,
          .shm_size_bytes = 1,
          .auto_remove = true,
          .trust_host_cas = true,
          .frozen_state = "key",
          .in_memory = true};
}

ContainerInfo some_info() {
  ContainerInfo info;
  info.id = std::string(64, 'a');
  info.name = "db";
  info.image = "debian";
  info.image_id = "sha256:1";
  info.command = {"/entry", "serve"};
  info.state = ContainerState::exited;
  info.exit = ExitStatus{137, 9, true};
  info.created_unix_ns = 1;
  info.started_unix_ns = 2;
  info.finished_unix_ns = 3;
  info.pid = 4;
  info.network = "backend";
  info.ip = "10.0.0.2";
  info.ports = {{80, Protocol::udp, "::1", 8080}};
  info.labels = {{"tier", "data"}};
  info.spec = some_spec();
  return info;
}

TEST(Record, EveryFieldSurvivesTheTrip) {
  const ContainerInfo info = some_info();
  expect_filled(info, "info");
  const ContainerInfo read = container_info_from_json(dump_json(to_json(info)), info.id);
  EXPECT_EQ(read.problem, "");
  expect_same(read, info, "info");
}

TEST(Record, ADamagedOneSaysWhy) {
  EXPECT_EQ(container_info_from_json("{", "id").problem, "parse its record: not valid JSON near byte 2");
  for (const char* text : {"{}", "[]", "7", R"({"id":1})"})
    EXPECT_EQ(container_info_from_json(text, "id").problem,
              "parse its record: something is missing or not of its kind")
        << text;
}

}  // namespace
}  // namespace engine
}  // namespace devenv
