// Interleaved measurement and the table that is printed at the end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace devenv::bench {

/// One way to do a row's work; returns milliseconds. Empty: there is no such peer.
using Work = std::function<double()>;

struct Row {
  std::string name;
  std::string aim;  ///< as the issue states it
  Work ours, peer, floor;
  unsigned rounds = 0;  ///< 0: the caller's
};

struct Result {
  std::string name, aim;
  std::optional<double> ours, peer, floor;  ///< medians in milliseconds
  std::string note;                         ///< why a number is missing
};

double median(std::vector<double> values);

/// Milliseconds `action` takes.
double timed(const std::function<void()>& action);

/// One round of each way in turn, so that a busy moment of the machine meets all of them. The first round
/// warms up and is not counted. A way that throws is noted and left out.
Result measure(const Row& row, unsigned rounds);

void print_header(const std::string& peer);
void print(const Result& result);

}  // namespace devenv::bench
