# OPTIONS (a comma is a blank in a value) | works, or what the error says.
bad=0
while IFS='|' read -r options expected; do
  [[ -n $options ]] || continue
  read -r -a properties <<< "$options"
  said=$(service "${properties[@]//,/ }" -- "$DEVENV" run --rm --name it "$image" echo works || true)
  grep -qE -- "$expected" <<< "$said" && continue
  echo "$options: expected /$expected/, got: $said"
  bad=1
done << 'END'
ProtectKernelTunables=yes|^works$
ProtectKernelModules=yes|^works$
ProtectKernelLogs=yes|^works$
ProtectClock=yes|^works$
ProtectControlGroups=yes|^works$
ProtectProc=invisible|^works$
ProcSubset=pid|^works$
ProtectHome=yes|^works$
PrivateTmp=yes|^works$
PrivateNetwork=yes|^works$
PrivateIPC=yes|^works$
NoNewPrivileges=yes|^works$
LockPersonality=yes|^works$
MemoryDenyWriteExecute=yes|^works$
RestrictRealtime=yes|^works$
KeyringMode=private|^works$
UMask=0077|^works$
ProtectSystem=full|^works$
ProtectSystem=strict|open store /var/lib/devenv: .*read-only file system; .*ReadWritePaths=/var/lib/devenv /run
ProtectSystem=strict ReadWritePaths=/var/lib/devenv,/run|^works$
PrivateDevices=yes|^works$
RestrictNamespaces=yes|: operation not permitted; test-[0-9]+\.service is hardened, .*RestrictNamespaces=
ProtectHostname=yes|set the host name: operation not permitted; .*ProtectHostname=
SystemCallFilter=@system-service|SystemCallFilter=
SystemCallFilter=@system-service SystemCallErrorNumber=EPERM|operation not permitted; .*SystemCallFilter=
SystemCallFilter=@system-service,@mount,sethostname,seccomp,bpf|^works$
SystemCallFilter=@system-service,@mount,sethostname,seccomp SystemCallErrorNumber=EPERM|^works$
RestrictAddressFamilies=AF_UNIX,AF_INET,AF_INET6,AF_NETLINK|^works$
RestrictAddressFamilies=AF_UNIX,AF_INET,AF_INET6|^devenv: .*address family not supported by protocol; .*AF_NETLINK
CapabilityBoundingSet=~CAP_SYS_ADMIN|may not administer the machine: leave CAP_SYS_ADMIN in CapabilityBoundingSet=
PrivateUsers=yes|: operation not permitted; test-[0-9]+\.service may not administer .*PrivateUsers= off
TasksMax=3|^devenv: .*test-[0-9]+\.service may have no more than 3 processes and threads; raise TasksMax=
DynamicUser=yes|^devenv: find the store: neither DEVENV_STORE nor HOME is set; .*StateDirectory=devenv
DynamicUser=yes StateDirectory=devenv-test|devenv needs root for now: test-[0-9]+\.service must set User=root
END
# Not a unit's, and told like one.
finally 'sysctl -qw user.max_net_namespaces=10000'
sysctl -qw user.max_net_namespaces=0
expect "$("$DEVENV" run --rm "$image" true 2>&1 || true)" 'no space left on device; no more namespaces are allowed here; raise user.max_net_namespaces'
exit $bad
