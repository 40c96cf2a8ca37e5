#include "capabilities.h"

#include <linux/capability.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "devenv/error.h"
#include "runtime/base/nearest.h"

namespace devenv::kernel {
namespace {

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool means_all(const std::string& name) { return lower(name) == "all" || lower(name) == "cap_all"; }

std::vector<std::string> capability_names() {
  std::vector<std::string> names;
  for (unsigned capability = 0; capability < static_cast<unsigned>(cap_max_bits()); ++capability)
    names.push_back(capability_name(capability).substr(4));
  return names;
}

std::uint64_t mask_of(const std::vector<std::string>& names) {
  std::uint64_t mask = 0;
  for (const std::string& name : names)
    if (!means_all(name)) mask |= bit(parse_capability(name));
  return mask;
}

bool has_all(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), means_all);
}

}  // namespace

std::uint64_t default_capabilities() {
  std::uint64_t mask = 0;
  for (const unsigned capability :
       {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER, CAP_MKNOD, CAP_NET_RAW, CAP_SETGID, CAP_SETUID,
        CAP_SETFCAP, CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL, CAP_AUDIT_WRITE})
    mask |= bit(capability);
  return mask;
}

std::uint64_t available_capabilities() {
  std::uint64_t mask = 0;
  for (unsigned capability = 0; capability < 64; ++capability) {
    const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) break;  // the kernel knows no more
    if (held == 1) mask |= bit(capability);
  }
  return mask;
}

unsigned parse_capability(const std::string& name) {
  std::string full = lower(name);
  if (full.rfind("cap_", 0) != 0) full = "cap_" + full;
  cap_value_t value = 0;
  // libcap also takes numbers; docker does not.
  const bool number = name.find_first_not_of("0123456789") == std::string::npos;
  if (!number && cap_from_name(full.c_str(), &value) == 0) return static_cast<unsigned>(value);
  const std::string near = nearest_name(full.substr(4), capability_names());
  throw Error("use capability \"" + name + "\": no such capability",
              near.empty() ? "as in NET_ADMIN; man 7 capabilities lists them" : "did you mean " + near + "?");
}

std::string capability_name(unsigned capability) {
  const std::unique_ptr<char, int (*)(void*)> name(cap_to_name(static_cast<cap_value_t>(capability)),
                                                   cap_free);
  std::string upper = name ? name.get() : "cap_" + std::to_string(capability);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

std::uint64_t container_capabilities(const std::vector<std::string>& add,
                                     const std::vector<std::string>& drop, bool privileged) {
  const std::uint64_t available = available_capabilities();
  const std::uint64_t added = mask_of(add), dropped = mask_of(drop);
  for (unsigned capability = 0; capability < 64; ++capability)
    if ((added & ~available & bit(capability)) != 0)
      throw Error("add capability " + capability_name(capability) + ": this system does not let us give it");
  if (privileged) return available;
  if (has_all(add)) return available & ~dropped;
  if (has_all(drop)) return added;
  return ((default_capabilities() & available) & ~dropped) | added;
}

}  // namespace devenv::kernel
