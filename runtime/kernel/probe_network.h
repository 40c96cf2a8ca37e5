// Bodies for try_in_child() in a new network namespace: can it have what containers' networks are made of?
#pragma once

namespace devenv::kernel {

int make_veth(void*);
int make_bridge(void*);
int ask_nftables(void*);

}  // namespace devenv::kernel
