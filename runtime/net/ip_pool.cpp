#include "ip_pool.h"

#include "devenv/error.h"

namespace devenv::net {

namespace {
constexpr unsigned kFirstHost = 2, kLastHost = 254, kSubnets = 255;
}

Ipv4 IpPool::take() {
  for (unsigned tries = kFirstHost; tries <= kLastHost; ++tries) {
    const unsigned candidate = next_;
    next_ = next_ == kLastHost ? kFirstHost : next_ + 1;
    if (taken_.test(candidate)) continue;
    taken_.set(candidate);
    return {subnet_.base().value + candidate};
  }
  throw Error("take an address of " + subnet_.text() + ": all 253 are in use",
              "remove containers or use another network");
}

void IpPool::give_back(Ipv4 address) {
  if (subnet_.contains(address)) taken_.reset(address.value & 0xff);
}

Subnet SubnetPool::take() {
  for (unsigned tries = 0; tries < kSubnets; ++tries) {
    const unsigned candidate = next_;
    next_ = (next_ + 1) % kSubnets;
    if (taken_.test(candidate)) continue;
    taken_.set(candidate);
    return {static_cast<std::uint8_t>(candidate)};
  }
  throw Error("take a subnet of 10.231.0.0/16: all 255 are in use", "remove networks that are not needed");
}

}  // namespace devenv::net
