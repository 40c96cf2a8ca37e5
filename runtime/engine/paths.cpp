#include "paths.h"

#include <unistd.h>

#include <cstdlib>

#include "devenv/error.h"
#include "runtime/base/random_id.h"
#include "runtime/base/settings.h"
#include "runtime/store/store.h"

namespace devenv::engine {
namespace {

std::string default_runtime_dir() {
  if (const std::string set = settings::runtime_dir(); !set.empty()) return set;
  if (geteuid() == 0) return "/run/devenv";
  if (const char* dir = std::getenv("XDG_RUNTIME_DIR"); dir && *dir) return std::string(dir) + "/devenv";
  return "/tmp/devenv-" + std::to_string(geteuid());
}

constexpr const char* kManners[] = {"brave",  "bright", "calm",  "clever", "eager", "fair",
                                    "gentle", "happy",  "keen",  "kind",   "lucid", "merry",
                                    "neat",   "proud",  "quick", "quiet",  "sharp", "still",
                                    "sunny",  "swift",  "tidy",  "warm",   "witty", "zesty"};
constexpr const char* kBirds[] = {"avocet",  "bittern", "crane",  "dipper",  "egret",  "falcon",
                                  "finch",   "grebe",   "heron",  "ibis",    "jay",    "kestrel",
                                  "lapwing", "magpie",  "martin", "osprey",  "plover", "raven",
                                  "siskin",  "swallow", "tern",   "warbler", "wren",   "wryneck"};

}  // namespace

NativeEngineOptions resolve_options(NativeEngineOptions options) {
  if (options.store_dir.empty()) options.store_dir = store::Store::default_root();
  if (options.runtime_dir.empty()) options.runtime_dir = default_runtime_dir();
  if (options.runtime_dir[0] != '/')
    throw Error("use runtime directory " + options.runtime_dir + ": not an absolute path",
                "begin DEVENV_RUNTIME_DIR with a /");
  return options;
}

std::string random_name() {
  const unsigned long pick = std::stoul(random_id(8), nullptr, 16);
  return std::string(kManners[pick % std::size(kManners)]) + "_" +
         kBirds[pick / std::size(kManners) % std::size(kBirds)];
}

}  // namespace devenv::engine
