// /proc/sys/net of the network namespace we are in, for settings of namespaces of our own. Static-safe.
#pragma once

#include <string>

namespace devenv::net {

/// Writes /proc/sys/net/<name>. What the kernel does not have (no IPv6, no bridge netfilter) needs no setting.
/// Where the /proc at hand shows no settings or lets nobody write them (ProtectKernelTunables= and ProcSubset= of
/// systemd, another container), a /proc that only we see is used: they are about the host's settings, which these are
/// not. Throws SystemError.
void write_net_setting(const std::string& name, const std::string& value);

}  // namespace devenv::net
