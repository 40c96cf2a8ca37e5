// The names of one network's containers. Pure bookkeeping, not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipv4.h"

namespace devenv::net {

/// Case does not matter, a trailing dot neither; one name may have several addresses.
class NameTable {
 public:
  void add(const std::string& name, Ipv4 address);
  /// All names of the address.
  void remove(Ipv4 address);
  bool knows(const std::string& name) const;
  /// Turned by one at each call, so that clients that take the first spread over all. Empty when unknown.
  std::vector<Ipv4> lookup(const std::string& name);
  /// The name the address was first added with.
  std::optional<std::string> name_of(Ipv4 address) const;

 private:
  struct Entry {
    std::vector<Ipv4> addresses;
    std::size_t turn = 0;
  };
  std::map<std::string, Entry> entries_;
  std::map<Ipv4, std::string> first_name_;
};

}  // namespace devenv::net
