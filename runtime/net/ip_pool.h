// Which addresses of a subnet are taken, and which subnets. Pure bookkeeping, not thread-safe.
#pragma once

#include <bitset>

#include "ipv4.h"

namespace devenv::net {

/// Addresses .2 to .254 of one subnet. Handed out round robin, so that an address that was just given back
/// is the last to be used again: caches of neighbours and a namespace still being torn down do not matter.
class IpPool {
 public:
  explicit IpPool(Subnet subnet) : subnet_(subnet) {}

  /// Throws Error when all 253 are taken.
  Ipv4 take();
  /// Ignores addresses that are not taken or not of this subnet.
  void give_back(Ipv4 address);
  std::size_t taken() const { return taken_.count(); }
  Subnet subnet() const { return subnet_; }

 private:
  Subnet subnet_;
  std::bitset<256> taken_;
  unsigned next_ = 2;
};

/// Subnets 0 to 254 of one holder.
class SubnetPool {
 public:
  /// Throws Error when all are taken.
  Subnet take();
  void give_back(Subnet subnet) { taken_.reset(subnet.index); }

 private:
  std::bitset<256> taken_;
  unsigned next_ = 0;
};

}  // namespace devenv::net
