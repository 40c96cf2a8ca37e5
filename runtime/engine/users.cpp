#include "users.h"

#include <algorithm>

namespace devenv::engine {
namespace {

template <class Uses>
std::string named(const std::vector<ContainerInfo>& running, const Uses& uses) {
  std::vector<std::string> names;
  for (const ContainerInfo& container : running)
    if (uses(container)) names.push_back(container.name);
  if (names.empty()) return {};
  std::sort(names.begin(), names.end());
  std::string text = (names.size() == 1 ? "container " : "containers ") + names[0];
  for (std::size_t i = 1; i < names.size(); ++i) text += (i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

}  // namespace

std::string users_of_port(const std::vector<ContainerInfo>& running, std::uint16_t host_port,
                          Protocol protocol) {
  return named(running, [&](const ContainerInfo& container) {
    return std::any_of(container.ports.begin(), container.ports.end(), [&](const PublishedPort& port) {
      return port.host_port == host_port && port.protocol == protocol;
    });
  });
}

std::string users_of_volume(const std::vector<ContainerInfo>& running, const std::string& volume) {
  return named(running, [&](const ContainerInfo& container) {
    return std::any_of(container.spec.mounts.begin(), container.spec.mounts.end(),
                       [&](const MountSpec& mount) {
                         return mount.type == MountSpec::Type::volume && mount.source == volume;
                       });
  });
}

std::string users_of_network(const std::vector<ContainerInfo>& running, const std::string& network) {
  return named(running, [&](const ContainerInfo& container) { return container.network == network; });
}

}  // namespace devenv::engine
