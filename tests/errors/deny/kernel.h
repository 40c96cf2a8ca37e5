// Which kernel has what: the facilities that came after Linux 5.11 and that this project, its libraries or
// the programs in its containers may try. Pure.
#pragma once

#include <cstdint>
#include <compare>
#include <optional>
#include <string_view>
#include <vector>

namespace devenv::deny {

struct Kernel {
  unsigned major = 0, minor = 0;
  auto operator<=>(const Kernel&) const = default;
};

/// "6.1"; nothing for anything else.
std::optional<Kernel> parse_kernel(std::string_view text);

/// What happens to a system call as far as its number and plain arguments tell; the first match counts.
struct Rule {
  static constexpr int kAsk = 0;  ///< memory or descriptors have to be looked at: answers.h
  unsigned call = 0;
  int argument = -1;  ///< -1: whatever the arguments are; else matches if its low word & mask == value
  std::uint32_t mask = 0, value = 0;
  int error = kAsk;
};

std::vector<Rule> rules_for(Kernel kernel);

/// The first kernel whose file system of that type knows the option; {0, 0} for one that always was there.
Kernel option_since(std::string_view type, std::string_view option);
/// Whether overlay knew the option in all kernels since 5.11.
bool is_old_overlay_option(std::string_view option);
/// The first kernel that has a control file of that name in cgroup v2, {0, 0} likewise.
Kernel control_file_since(std::string_view name);
/// sizeof(union bpf_attr) there.
std::size_t bpf_attr_size(Kernel kernel);

constexpr Kernel kOverlayRefusesUnknownOptions{6, 5};  ///< at once; before, only the mount did
constexpr Kernel kOverlayTakesDescriptors{6, 13};
constexpr Kernel kOverlayHasTmpfile{6, 1};
constexpr Kernel kForeignMountsCanBeCloned{6, 15};  ///< and be mounted on, and hold an overlay's layers
constexpr Kernel kNewestBpfAttr{6, 9};
constexpr Kernel kCopyFileRangeIgnoresSize{5, 19};  ///< before, it found nothing in a file of size 0

}  // namespace devenv::deny
