// Which containers stand in the way of something, in words for a Conflict's message. Pure.
#pragma once

#include <string>
#include <vector>

#include "devenv/engine.h"

namespace devenv::engine {

/// "container db", "containers app and db"; empty when none of `running` does.
std::string users_of_port(const std::vector<ContainerInfo>& running, std::uint16_t host_port,
                          Protocol protocol);
std::string users_of_volume(const std::vector<ContainerInfo>& running, const std::string& volume);
std::string users_of_network(const std::vector<ContainerInfo>& running, const std::string& network);

}  // namespace devenv::engine
