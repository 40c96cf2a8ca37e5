# The bus cannot be reached from there.
said=$(service InaccessiblePaths=/run/dbus -- "$DEVENV" run -d --name brief "$image" sleep 10000)
expect "$said" "^devenv: run brief: it will end with test-[0-9]+\.service, where its holder was started, since reach systemd's bus: "
[[ $(grep -c devenv: <<< "$said") == 1 ]] || fail "said more than once: $said"
gone() { ! running brief; }
eventually gone
# Nor is systemd seen at all, nor what else is in /run.
said=$(service TemporaryFileSystem=/run -- "$DEVENV" run -d --name brief2 "$image" sleep 10000)
expect "$said" "^devenv: run brief2: it will end with test-[0-9]+\.service, .*systemd cannot be reached from here"
