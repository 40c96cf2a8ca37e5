// The flags of `run`, and the ContainerSpec they mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/key_value.h"
#include "devenv/engine.h"

namespace devenv::cli {

struct RunOptions {
  bool detach = false, interactive = false, tty = false, remove = false, init = false;
  bool privileged = false, read_only = false, trust_host_cas = false, quiet = false, sig_proxy = true;
  std::string name, user, workdir, hostname, network = "default";
  std::optional<std::string> entrypoint;
  std::string memory, shm_size, stop_signal, pull = "missing", cidfile, detach_keys = "ctrl-p,ctrl-q";
  std::string progress = "auto";
  double cpus = 0;
  std::int64_t pids_limit = 0, stop_timeout = -1;
  std::vector<std::string> publish, volumes, mounts, tmpfs, env, env_files, labels, hosts, aliases;
  std::vector<std::string> cap_add, cap_drop, security;
};

void declare_run_flags(Flags& app, RunOptions& options);

/// `operands`: IMAGE [COMMAND…]. Reads the env files and the environment (through `lookup`), nothing else.
/// Throws UsageError for every value that is not understood.
ContainerSpec make_spec(const RunOptions& options, const std::vector<std::string>& operands,
                        const Lookup& lookup);

PullPolicy parse_pull_policy(const std::string& text);

}  // namespace devenv::cli
