// One table: what devenv takes, what docker takes, what the kernel alone would take.
// Usage: bench [--rounds N] [--only TEXT] [--growth N]
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>

#include "devenv/error.h"
#include "devenv/session.h"
#include "rows.h"
#include "runtime/store/store.h"

namespace {

using namespace devenv::bench;

struct Options {
  unsigned rounds = 20, growth = 200;
  std::string only;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rounds") == 0)
      options.rounds = static_cast<unsigned>(std::stoul(argv[i + 1]));
    if (std::strcmp(argv[i], "--growth") == 0)
      options.growth = static_cast<unsigned>(std::stoul(argv[i + 1]));
    if (std::strcmp(argv[i], "--only") == 0) options.only = argv[i + 1];
  }
  return options;
}

/// The unpacked layers of the image, made from the distribution's archive if need be, for the floor's
/// overlay.
std::vector<std::string> layers_of(const std::string& image) {
  const auto info = devenv::process_engine()->bootstrap(
      image, false, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  const auto store = devenv::store::Store::open(devenv::store::Store::default_root());
  return store.layers().lower_dirs(store.images().find_id(info.id)->config.diff_ids);
}

}  // namespace

int main(int argc, char** argv) try {
  const Options options = read_options(argc, argv);
  Bench bench{.command = DEVENV_COMMAND,
              .floor = DEVENV_FLOOR,
              .source_dir = DEVENV_SOURCE_DIR,
              .rounds = options.rounds};
  bench.layers = layers_of(bench.image);
  std::printf("%ld processors, medians of %u interleaved rounds\n\n", sysconf(_SC_NPROCESSORS_ONLN),
              options.rounds);
  print_header(bench.peer.title());
  using Rows = std::vector<Row> (*)(const Bench&);
  for (const Rows make : {Rows(container_rows), Rows(build_rows), Rows(database_rows), Rows(trio_rows)}) {
    try {
      for (const Row& row : make(bench))
        if (row.name.find(options.only) != std::string::npos) print(measure(row, options.rounds));
    } catch (const std::exception& error) {
      std::printf("    not measured: %s\n", error.what());
    }
  }
  if (options.growth > 0) print_growth(options.growth);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench: %s\n", error.what());
  return 1;
}
