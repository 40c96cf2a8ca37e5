// What a bootstrapped Debian image gets beyond its packages, in the manner of docker's official images.
#pragma once

namespace devenv::registry::bootstrap_files {

/// dpkg's options of the slim variants: no documentation but licences, no manuals, no translations.
inline constexpr const char* slim_options[] = {
    "path-exclude=/usr/share/doc/*",    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/groff/*",  "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/locale/*", "path-include=/usr/share/locale/locale.alias",
};

/// Runs in the build's last step with the root directory as $1. It must not touch dev/: that is live.
/// No daemon starts on installation; apt keeps no archives and fetches no translations; dpkg does not fsync
/// every file. The files the runtime mounts over (hostname, hosts, resolv.conf) are there and empty.
inline constexpr char customize_hook[] = R"(set -eu
cd "$1"
for file in etc/hostname etc/hosts etc/resolv.conf; do rm -f "$file"; : > "$file"; done
rm -f etc/apt/sources.list var/cache/apt/*.bin
mv etc/apt/sources.list.d/*debian.sources etc/apt/sources.list.d/debian.sources
if [ -e etc/dpkg/dpkg.cfg.d/99mmdebstrap ]; then mv etc/dpkg/dpkg.cfg.d/99mmdebstrap etc/dpkg/dpkg.cfg.d/slim; fi
printf '#!/bin/sh\nexit 101\n' > usr/sbin/policy-rc.d
chmod 0755 usr/sbin/policy-rc.d
echo force-unsafe-io > etc/dpkg/dpkg.cfg.d/container
cat > etc/apt/apt.conf.d/container <<'END'
Acquire::Languages "none";
Acquire::GzipIndexes "true";
APT::AutoRemove::SuggestsImportant "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
END
)";

}  // namespace devenv::registry::bootstrap_files
