// What devenv is measured against: docker (or a program with its command line), and the floor programs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace devenv::bench {

/// Runs a host program; throws Error with its last words when it fails. Returns its standard output.
std::string run_or_throw(const std::vector<std::string>& argv);

/// A program with docker's command line, and whether its engine answers.
class Peer {
 public:
  /// $DEVENV_BENCH_PEER, else docker.
  Peer();

  bool answers() const { return answers_; }
  /// "docker", or why its column is empty.
  const std::string& title() const { return title_; }
  std::string run(std::vector<std::string> args) const;

 private:
  std::string program_, title_;
  bool answers_ = false;
};

/// Gives docker an image of our store as `name`: its own builder may be too old for the Dockerfile. By
/// skopeo.
void load_into_docker(const std::string& reference, const std::string& name);

/// The floor program of floor.cpp, kept running: one round per call.
class Floor {
 public:
  /// Throws when it cannot run `command` on the layers.
  Floor(const std::string& program, const std::vector<std::string>& lower,
        const std::vector<std::string>& command);
  ~Floor();
  /// Milliseconds of one round, as it measured itself.
  double round();

 private:
  std::string scratch_;
  UniqueFd to_, from_;
  pid_t pid_ = -1;
};

/// The host's own postgres on a data directory that initdb made before: start → first query, then a clean
/// stop.
class BarePostgres {
 public:
  BarePostgres();
  ~BarePostgres();
  double start_to_query();

 private:
  std::string directory_, binaries_;
};

/// The version directory of the host's postgres programs. Throws NotFound.
std::string postgres_binaries();

/// Connects and runs SELECT 1, again and again until it works. Throws Error after a minute.
void first_query(const std::string& connection_string);

/// Connects to an IPv4 address again and again until it works. Throws Error after a minute.
void wait_for_port(const std::string& address, std::uint16_t port);

}  // namespace devenv::bench
