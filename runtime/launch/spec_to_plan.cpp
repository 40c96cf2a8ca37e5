#include "spec_to_plan.h"

#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/kernel/capabilities.h"

namespace devenv::launch {

namespace {

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// As docker has it: enough for databases, few enough for programs that close every possible one.
constexpr std::uint64_t kDescriptors = 1048576;

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

void set(std::vector<std::string>& env, std::string entry) {
  const auto same = [&](const std::string& other) { return name_of(other) == name_of(entry); };
  const auto found = std::find_if(env.begin(), env.end(), same);
  if (found == env.end())
    env.push_back(std::move(entry));
  else
    *found = std::move(entry);
}

bool has(const std::vector<std::string>& env, std::string_view name) {
  return std::any_of(env.begin(), env.end(),
                     [&](const std::string& entry) { return name_of(entry) == name; });
}

void check_absolute(const std::string& path, const std::string& what) {
  if (path.empty() || path[0] != '/') throw Error(what + " " + path + ": it must be an absolute path");
}

std::string volume_dir(const PlanInput& input, const std::string& name) {
  const auto found = input.volume_dirs.find(name);
  if (found == input.volume_dirs.end()) throw Error("mount volume " + name + ": it was not resolved");
  return found->second;
}

MountPlan plan_mount(const MountSpec& spec, const PlanInput& input) {
  check_absolute(spec.target, "mount on");
  MountPlan mount;
  mount.target = spec.target;
  mount.read_only = spec.read_only;
  if (spec.type == MountSpec::Type::tmpfs) {
    mount.kind = MountPlan::Kind::tmpfs;
    mount.size_bytes = spec.tmpfs_size_bytes;
    mount.mode = spec.tmpfs_mode;
    return mount;
  }
  mount.source = spec.type == MountSpec::Type::volume ? volume_dir(input, spec.source) : spec.source;
  check_absolute(mount.source, "mount");
  return mount;
}

std::size_t depth(const std::string& path) {
  std::size_t components = 0;
  for (std::size_t i = 0; i < path.size(); ++i)
    if (path[i] == '/' && i + 1 < path.size() && path[i + 1] != '/') ++components;
  return components;
}

// A mount inside another's target must come after it, in whatever order they were given (as docker sorts).
std::vector<MountPlan> plan_mounts(const PlanInput& input) {
  std::vector<MountPlan> mounts;
  if (input.spec.trust_host_cas && !input.host_ca_bundle.empty())
    for (const std::string& target : input.image_ca_bundles) {
      MountPlan bundle;
      bundle.source = input.host_ca_bundle;
      bundle.target = target;
      bundle.read_only = true;
      mounts.push_back(bundle);
    }
  for (const MountSpec& spec : input.spec.mounts) mounts.push_back(plan_mount(spec, input));
  std::stable_sort(mounts.begin(), mounts.end(),
                   [](const MountPlan& a, const MountPlan& b) { return depth(a.target) < depth(b.target); });
  return mounts;
}

ContainerNetwork plan_network(const ContainerSpec& spec) {
  ContainerNetwork network;
  if (spec.network == "none")
    network.mode = ContainerNetwork::Mode::none;
  else if (spec.network == "host")
    network.mode = ContainerNetwork::Mode::host;
  else if (!spec.network.empty())
    network.network = spec.network;
  network.aliases = spec.aliases;
  for (const PortMapping& port : spec.ports)
    network.ports.push_back({port.container_port, port.protocol == Protocol::udp});
  return network;
}

void confine(SandboxPlan& plan, const PlanInput& input) {
  plan.privileged = input.spec.privileged;
  plan.no_new_privileges = input.spec.no_new_privileges;
  plan.capabilities = capability_mask(input.spec, input.all_capabilities);
  if (plan.privileged) return;
  plan.seccomp = input.seccomp;
  // docker's lists; what does not exist on this kernel is passed over.
  plan.masked_paths = {"/proc/acpi",        "/proc/asound",  "/proc/interrupts",
                       "/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
                       "/proc/sched_debug", "/proc/scsi",    "/proc/timer_list",
                       "/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap"};
  plan.read_only_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

ProcessPlan plan_process(const PlanInput& input, const std::string& hostname) {
  const ContainerSpec& spec = input.spec;
  ProcessPlan process;
  process.argv = command_line(spec, input.image);
  process.env = environment(spec, input.image, hostname);
  process.user = spec.user.empty() ? input.image.user : spec.user;
  process.cwd = !spec.workdir.empty() ? spec.workdir : input.image.workdir;
  if (process.cwd.empty()) process.cwd = "/";
  check_absolute(process.cwd, "use the working directory");
  process.create_cwd = true;
  process.tty = spec.tty;
  return process;
}

}  // namespace

std::vector<std::string> command_line(const ContainerSpec& spec, const ImageDefaults& image) {
  std::vector<std::string> line = spec.entrypoint ? *spec.entrypoint : image.entrypoint;
  // --entrypoint "" clears the image's, as docker does.
  if (line.size() == 1 && line[0].empty()) line.clear();
  const bool given = !spec.command.empty() || spec.entrypoint.has_value();
  const std::vector<std::string>& command = given ? spec.command : image.command;
  line.insert(line.end(), command.begin(), command.end());
  if (line.empty())
    throw Error("start a container of " + spec.image + ": no command was given and the image has none");
  return line;
}

std::vector<std::string> environment(const ContainerSpec& spec, const ImageDefaults& image,
                                     const std::string& hostname) {
  std::vector<std::string> env = {kPath, "HOSTNAME=" + hostname};
  if (spec.tty) env.emplace_back("TERM=xterm");
  for (const std::string& entry : image.env)
    if (entry.find('=') != std::string::npos)
      set(env, entry);  // a bare name is the host's business (ENV FOO)
  merge_environment(env, spec.env);
  if (!has(env, "PATH")) env.emplace_back(kPath);
  return env;
}

void merge_environment(std::vector<std::string>& env,
                       const std::vector<std::pair<std::string, std::string>>& more) {
  for (const auto& [name, value] : more) {
    if (name.empty() || name.find('=') != std::string::npos)
      throw Error("set environment variable \"" + name + "\": a name is needed before the =");
    set(env, name + "=" + value);
  }
}

std::uint64_t capability_mask(const ContainerSpec& spec, std::uint64_t all_capabilities) {
  return kernel::container_capabilities(spec.cap_add, spec.cap_drop, spec.privileged) & all_capabilities;
}

SandboxPlan make_plan(const PlanInput& input) {
  const ContainerSpec& spec = input.spec;
  SandboxPlan plan;
  plan.id = input.id;
  plan.name = spec.name;
  plan.hostname = spec.hostname.empty() ? input.id.substr(0, 12) : spec.hostname;
  plan.rootfs.lower = input.lower_dirs;
  plan.rootfs.in_memory = spec.in_memory;
  if (!spec.in_memory) {
    plan.rootfs.upper = input.container_dir + "/upper";
    plan.rootfs.work = input.container_dir + "/work";
  }
  plan.rootfs.read_only = spec.read_only_root;
  plan.rootfs.volatile_upper = input.container_dir_is_scratch;
  plan.log_path = input.container_dir + "/log";
  if (input.container_dir_is_scratch) plan.scratch_dir = input.container_dir;
  plan.mounts = plan_mounts(input);
  for (const auto& [name, address] : spec.extra_hosts) plan.hosts += address + "\t" + name + "\n";
  plan.shm_size_bytes = spec.shm_size_bytes;
  plan.network = plan_network(spec);
  plan.limits = {spec.limits.memory_bytes, spec.limits.cpus, spec.limits.pids};
  plan.rlimits = {{RLIMIT_NOFILE, kDescriptors, kDescriptors}};
  confine(plan, input);
  plan.stdin_mode = spec.open_stdin && !spec.tty ? StdinMode::once : StdinMode::none;
  plan.process = plan_process(input, plan.hostname);
  plan.auto_remove = spec.auto_remove;
  return plan;
}

}  // namespace devenv::launch
