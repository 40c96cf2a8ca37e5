// The rows of the table, by subject.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "devenv/engine.h"
#include "peers.h"
#include "table.h"

namespace devenv::bench {

/// What the rows share.
struct Bench {
  std::string command;     ///< the devenv program
  std::string floor;       ///< the floor program
  std::string source_dir;  ///< the source tree, for Dockerfiles
  std::string image = "debian:bookworm";
  std::vector<std::string> layers;  ///< unpacked, uppermost first, for the floor
  unsigned rounds = 20;
  Peer peer{};
};

std::vector<Row> container_rows(const Bench& bench);
std::vector<Row> database_rows(const Bench& bench);
std::vector<Row> trio_rows(const Bench& bench);
std::vector<Row> build_rows(const Bench& bench);

/// 200 fresh Postgres in one process: prints how memory and descriptors grew after the first 20.
void print_growth(unsigned tests);

}  // namespace devenv::bench
