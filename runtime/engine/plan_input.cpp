// What a container's plan needs to know of this machine: filter, image defaults, the host's CAs.
#include "containers.h"
#include "host_ca.h"
#include "runtime/base/signals.h"
#include "runtime/kernel/capabilities.h"
#include "runtime/kernel/seccomp.h"

namespace devenv::engine {

int parse_signal(const std::string& text) {
  if (const auto number = signal_number(text)) return *number;
  throw Error("read signal \"" + text + "\": no such signal", "give a name such as SIGTERM or a number");
}

std::vector<std::uint8_t> seccomp_filter(const ContainerSpec& spec, const store::Store& store) {
  if (spec.privileged) return {};
  const std::uint64_t mask = launch::capability_mask(spec, kernel::available_capabilities());
  const std::string program = kernel::cached_seccomp(mask, store.root() + "/cache/seccomp");
  return {program.begin(), program.end()};
}

launch::ImageDefaults image_defaults(const store::RunConfig& config) {
  return {.entrypoint = config.entrypoint,
          .command = config.cmd,
          .env = config.env,
          .user = config.user,
          .workdir = config.working_dir};
}

void trust_host_cas(launch::PlanInput& input) {
  input.spec.trust_host_cas = true;
  input.host_ca_bundle = host_ca_bundle();
  const UniqueFd root = mount_read_only(input.lower_dirs);
  input.image_ca_bundles = image_ca_bundles(root.get());
  input.image_ca_bundles.emplace_back(kCaBundleTarget);
  for (auto& entry : ca_environment(input.spec.env)) input.spec.env.push_back(std::move(entry));
}

}  // namespace devenv::engine
