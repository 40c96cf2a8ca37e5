// Base images made from the distribution's own archive, its signatures checked (mmdebstrap), for machines
// that reach no registry or want none.
#pragma once

#include <string>
#include <vector>

#include "pull.h"
#include "reference.h"
#include "runtime/store/store.h"

namespace devenv::registry {

/// "debian:bookworm", "debian:bookworm-slim", …: what bootstrap() can make.
std::vector<std::string> known_bootstraps();
bool can_bootstrap(const Reference& reference);

/// Where packages come from: $DEVENV_DEBIAN_MIRROR and $DEVENV_DEBIAN_SECURITY_MIRROR, else the host's apt
/// configuration when it uses Debian, else the public mirrors.
struct Mirrors {
  std::string archive;   ///< "http://deb.debian.org/debian"
  std::string security;  ///< "http://deb.debian.org/debian-security"
};
Mirrors debian_mirrors();

/// Everything one bootstrap decides, before anything is done. Pure, but for the look at the clock-free
/// inputs.
struct BootstrapPlan {
  std::string suite;              ///< "bookworm"
  bool slim = false;              ///< without documentation, manuals and translations
  std::string sources;            ///< the image's debian.sources, deb822
  std::vector<std::string> argv;  ///< mmdebstrap …, but for the sources file and the target
};
/// Pure. Throws Error listing the known ones when `reference` is none of them.
BootstrapPlan plan_bootstrap(const Reference& reference, const Mirrors& mirrors);

/// Makes `reference` unless the store has it, unpacked and tagged. Blocks for about half a minute. Two
/// processes at once do the work once. Nothing is left behind when it fails or is interrupted. Throws Error
/// for an unknown distribution, NotFound when mmdebstrap or the archive's keys are missing (bootstrap_needs.h).
store::StoredImage bootstrap(const Reference& reference, const store::Store& store,
                             const store::OverlayMounter& mount, const Progress& progress,
                             bool force = false);

}  // namespace devenv::registry
