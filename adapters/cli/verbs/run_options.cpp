#include "run_options.h"

#include <climits>
#include <cmath>

#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/mount_spec.h"
#include "adapters/cli/parse/port_spec.h"
#include "adapters/cli/parse/quantity.h"

namespace devenv::cli {
namespace {

void declare_life(Flags& app, RunOptions& o) {
  app.add_flag("-d,--detach", o.detach, "Start in the background and print the container's id");
  app.add_flag("-i,--interactive", o.interactive, "Pass standard input on");
  app.add_flag("-t,--tty", o.tty, "Give it a terminal");
  app.add_flag("--rm", o.remove, "Remove it when it exits");
  app.add_option("--name", o.name, "Its name").type_name("NAME");
  app.add_option("--pull", o.pull, "When to ask the registry: missing, always or never").type_name("POLICY");
  app.add_option("--cidfile", o.cidfile, "Write its id to this new file").type_name("FILE");
  app.add_option("--detach-keys", o.detach_keys, "Keys that leave it running (ctrl-p,ctrl-q)")
      .type_name("KEYS");
  app.add_flag("--sig-proxy", o.sig_proxy, "Pass signals on (on; --sig-proxy=false to stop that)");
  app.add_flag("--init", o.init, "Accepted: a reaping PID 1 is always there");
  app.add_option("--stop-signal", o.stop_signal, "Signal that stops it").type_name("SIGNAL");
  app.add_option("--stop-timeout", o.stop_timeout, "Seconds from that signal to SIGKILL")
      .type_name("SECONDS");
  app.add_option("--progress", o.progress, "Form of progress: auto, plain, json or quiet").type_name("FORM");
  app.add_flag("-q,--quiet", o.quiet, "No progress");
}

void declare_process(Flags& app, RunOptions& o) {
  app.add_list("-e,--env", o.env, "Set a variable (NAME=VALUE, or NAME to pass on yours)").type_name("ENV");
  app.add_list("--env-file", o.env_files, "Set the variables of a file").type_name("FILE");
  app.add_option("-w,--workdir", o.workdir, "Working directory").type_name("DIR");
  app.add_option("-u,--user", o.user, "User, as NAME|UID[:GROUP|GID]").type_name("USER");
  app.add_option("--entrypoint", o.entrypoint, "Instead of the image's entrypoint").type_name("COMMAND");
  app.add_list("-l,--label", o.labels, "A label (NAME=VALUE)").type_name("LABEL");
  app.add_option("-m,--memory", o.memory, "Memory limit (512m, 2g)").type_name("SIZE");
  app.add_option("--cpus", o.cpus, "Processors it may use (1.5)").type_name("NUMBER");
  app.add_option("--pids-limit", o.pids_limit, "Processes and threads it may have, -1 for any")
      .type_name("NUMBER");
  app.add_flag("--privileged", o.privileged, "All capabilities, no seccomp filter");
  app.add_list("--cap-add", o.cap_add, "Add a capability").type_name("CAP");
  app.add_list("--cap-drop", o.cap_drop, "Drop a capability").type_name("CAP");
  app.add_list("--security-opt", o.security, "no-new-privileges").type_name("OPTION");
}

void declare_surroundings(Flags& app, RunOptions& o) {
  app.add_list("-p,--publish", o.publish, "Publish a port ([IP:][HOST:]CONTAINER[/tcp|udp])")
      .type_name("PORT");
  app.add_list("-v,--volume", o.volumes, "Mount a path or a volume ([SOURCE:]TARGET[:ro])")
      .type_name("VOLUME");
  app.add_list("--mount", o.mounts, "Mount (type=bind|volume|tmpfs,source=...,target=...)")
      .type_name("MOUNT");
  app.add_list("--tmpfs", o.tmpfs, "Mount a tmpfs (TARGET[:size=64m,mode=1777])").type_name("TMPFS");
  app.add_flag("--read-only", o.read_only, "Its root file system is read-only");
  app.add_option("--shm-size", o.shm_size, "Size of /dev/shm (64m)").type_name("SIZE");
  app.add_option("--network", o.network, "default, none, host or a network").type_name("NETWORK");
  app.add_list("--network-alias", o.aliases, "A further name in its network").type_name("NAME");
  app.add_list("--add-host", o.hosts, "A line for /etc/hosts (NAME:ADDRESS)").type_name("HOST");
  app.add_option("-h,--hostname", o.hostname, "Its host name").type_name("NAME");
  app.add_flag("--trust-host-cas", o.trust_host_cas,
               "Mount the host's CA bundle over the image's (or DEVENV_TRUST_HOST_CAS=1)");
}

void add_env(ContainerSpec& spec, const RunOptions& o, const Lookup& lookup) {
  for (const auto& path : o.env_files)
    for (auto& pair : read_env_file(path, lookup)) spec.env.push_back(std::move(pair));
  for (const auto& text : o.env)
    if (auto pair = parse_env(text, lookup)) spec.env.push_back(std::move(*pair));
}

void add_mounts(ContainerSpec& spec, const RunOptions& o) {
  for (const auto& text : o.volumes) spec.mounts.push_back(parse_volume_spec(text));
  for (const auto& text : o.mounts) spec.mounts.push_back(parse_mount_spec(text));
  for (const auto& text : o.tmpfs) spec.mounts.push_back(parse_tmpfs_spec(text));
  for (std::size_t i = 0; i < spec.mounts.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (spec.mounts[i].target == spec.mounts[j].target)
        throw UsageError("mount on " + spec.mounts[i].target + ": it is given twice", "one mount per path");
}

void add_security(ContainerSpec& spec, const RunOptions& o) {
  for (const auto& option : o.security) {
    if (option == "no-new-privileges" || option == "no-new-privileges:true" ||
        option == "no-new-privileges=true")
      spec.no_new_privileges = true;
    else if (option != "no-new-privileges:false" && option != "no-new-privileges=false")
      throw UsageError("read --security-opt \"" + option + "\": not supported", "no-new-privileges is");
  }
}

void add_limits(ContainerSpec& spec, const RunOptions& o) {
  if (!o.memory.empty()) spec.limits.memory_bytes = parse_size(o.memory);
  if (!o.shm_size.empty()) spec.shm_size_bytes = parse_size(o.shm_size);
  if (!(o.cpus >= 0 && std::isfinite(o.cpus)))
    throw UsageError("read --cpus: not a number of processors", "as in --cpus 1.5; 0 means no limit");
  spec.limits.cpus = o.cpus;
  spec.limits.pids = o.pids_limit < 0 ? 0 : o.pids_limit;
}

}  // namespace

void declare_run_flags(Flags& app, RunOptions& options) {
  declare_life(app, options);
  declare_process(app, options);
  declare_surroundings(app, options);
}

PullPolicy parse_pull_policy(const std::string& text) {
  if (text == "missing") return PullPolicy::missing;
  if (text == "always") return PullPolicy::always;
  if (text == "never") return PullPolicy::never;
  throw UsageError("read --pull \"" + text + "\": no such policy", "one of missing, always and never");
}

ContainerSpec make_spec(const RunOptions& o, const std::vector<std::string>& operands, const Lookup& lookup) {
  ContainerSpec spec{.image = operands.at(0), .name = o.name};
  spec.command.assign(operands.begin() + 1, operands.end());
  if (o.entrypoint) spec.entrypoint = o.entrypoint->empty() ? Args{} : Args{*o.entrypoint};
  if (!o.workdir.empty() && o.workdir[0] != '/')
    throw UsageError("read --workdir \"" + o.workdir + "\": it is not absolute", "as in -w /app");
  spec.workdir = o.workdir;
  spec.user = o.user;
  if (o.hostname.size() > HOST_NAME_MAX)
    throw UsageError("read --hostname \"" + o.hostname + "\": longer than 64 characters", "as in -h db");
  spec.hostname = o.hostname;
  spec.network = o.network;
  spec.aliases = o.aliases;
  if (!o.aliases.empty() && (o.network == "none" || o.network == "host"))
    throw UsageError(
        "read --network-alias \"" + o.aliases[0] + "\": there are no names on network " + o.network,
        "leave it out, or make a network with devenv network create");
  add_env(spec, o, lookup);
  add_mounts(spec, o);
  add_limits(spec, o);
  add_security(spec, o);
  for (const auto& text : o.labels)
    spec.labels.insert_or_assign(parse_label(text).first, parse_label(text).second);
  for (const auto& text : o.publish)
    for (auto& mapping : parse_port_spec(text)) spec.ports.push_back(std::move(mapping));
  for (const auto& text : o.hosts) spec.extra_hosts.push_back(parse_extra_host(text));
  if (!o.stop_signal.empty()) parse_signal(o.stop_signal);
  spec.stop_signal = o.stop_signal;
  if (o.stop_timeout >= 0) spec.stop_grace = std::chrono::seconds(o.stop_timeout);
  spec.tty = o.tty;
  spec.open_stdin = o.interactive;
  spec.read_only_root = o.read_only;
  spec.privileged = o.privileged;
  spec.cap_add = o.cap_add;
  spec.cap_drop = o.cap_drop;
  spec.trust_host_cas = o.trust_host_cas;
  return spec;
}

}  // namespace devenv::cli
