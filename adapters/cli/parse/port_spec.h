// The value of -p: [IP:][HOST:]CONTAINER[/PROTO], with ranges and IPv6 in brackets.
#pragma once

#include <string>
#include <vector>

#include "devenv/container_spec.h"

namespace devenv::cli {

/// One mapping per port. Throws UsageError naming the value and the right form.
std::vector<PortMapping> parse_port_spec(const std::string& text);

/// "80" or "80/udp", as `port` takes it.
PortMapping parse_container_port(const std::string& text);

}  // namespace devenv::cli
