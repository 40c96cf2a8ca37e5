eat="head -c 200m /dev/zero | dd of=/dev/null bs=200M count=1 iflag=fullblock"
# Below a unit that delegates its group, its limit holds …
said=$(service Delegate=yes MemoryMax=80M MemorySwapMax=0 -- "$DEVENV" run --rm "$image" sh -c "cat /proc/self/cgroup; $eat && echo survived" || true)
expect_none "$said" survived
# … and so does a container's own.
said=$(service Delegate=yes MemoryMax=500M -- "$DEVENV" run --rm --name small --memory 20m "$image" dd if=/dev/zero of=/dev/null bs=60M count=1 || true)
expect "$said" '^devenv: run small: killed, out of memory'
# Where others' processes are in the way, that is said, and the unit's limit holds all the same.
said=$(service Delegate=yes MemoryMax=80M MemorySwapMax=0 -- sh -c "$DEVENV run --rm --name big --memory 20m $image sh -c '$eat && echo survived'; true" || true)
expect "$said" '^devenv: run big: memory limit of 20971520 bytes is not enforced: processes in .*DelegateSubgroup='
expect_none "$said" survived
# A unit that keeps its group to itself is told that its limit does not hold.
said=$(service MemoryMax=300M -- "$DEVENV" run --rm --name out "$image" true)
expect "$said" '^devenv: run out: the memory limit of test-[0-9]+\.service does not hold for its containers'
expect "$(service MemoryMax=300M -- "$DEVENV" info)" 'the memory limit of test-[0-9]+\.service does not hold'
expect_none "$(service -- "$DEVENV" run --rm "$image" true)" devenv:
