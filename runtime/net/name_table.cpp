#include "name_table.h"

#include <algorithm>

namespace devenv::net {

namespace {

std::string key_of(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

}  // namespace

void NameTable::add(const std::string& name, Ipv4 address) {
  const std::string key = key_of(name);
  auto& addresses = entries_[key].addresses;
  if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  first_name_.emplace(address, key);
}

void NameTable::remove(Ipv4 address) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    std::erase(entry->second.addresses, address);
    entry = entry->second.addresses.empty() ? entries_.erase(entry) : std::next(entry);
  }
  first_name_.erase(address);
}

bool NameTable::knows(const std::string& name) const { return entries_.count(key_of(name)) != 0; }

std::vector<Ipv4> NameTable::lookup(const std::string& name) {
  const auto found = entries_.find(key_of(name));
  if (found == entries_.end()) return {};
  std::vector<Ipv4> addresses = found->second.addresses;
  const auto turn = static_cast<std::ptrdiff_t>(found->second.turn++ % addresses.size());
  std::rotate(addresses.begin(), addresses.begin() + turn, addresses.end());
  return addresses;
}

std::optional<std::string> NameTable::name_of(Ipv4 address) const {
  const auto found = first_name_.find(address);
  if (found == first_name_.end()) return std::nullopt;
  return found->second;
}

}  // namespace devenv::net
