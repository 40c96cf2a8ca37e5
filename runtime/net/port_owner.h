// Who holds a port of this network namespace, as far as /proc lets us see. For error messages.
#pragma once

#include <cstdint>
#include <string>

namespace devenv::net {

/// "process 4711 (postgres)"; empty when it cannot be found (another user's process). Slow: reads all of
/// /proc.
std::string port_owner(std::uint16_t port, bool udp);

}  // namespace devenv::net
