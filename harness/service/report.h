// What a person sees while services start, and at the end of the process.
//
// Progress of slow work (builds, pulls, preparations) goes to standard error unless DEVENV_PROGRESS=0. With
// DEVENV_REPORT=1 each start is a line too, and the process closes with a summary: what started, how long
// each took, what was removed. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "devenv/service.h"

namespace devenv {

class Stopwatch {
 public:
  /// Milliseconds since the last lap, or since construction.
  double lap_ms() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double, std::milli> lap = now - last_;
    last_ = now;
    return lap.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void report_progress(const std::string& service, const std::string& line);
void report_started(const std::string& service, const std::string& image, const StartTimes& times);
void report_failed(const std::string& service);
void report_removed(const std::string& service, double ms);

/// Makes the report outlive whoever calls this first, so that the summary comes last.
void keep_report();

/// Passes on an Engine's progress once the work has taken a moment; quick work stays silent.
class SlowProgress {
 public:
  explicit SlowProgress(std::string service);
  Progress callback() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

/// One row of the summary.
struct ReportRow {
  std::string service, image;
  std::vector<double> ready_ms;  ///< image to ready, one per start
  int clones = 0;
  int failed = 0;
  std::vector<double> removed_ms;
};

/// The summary. Pure.
std::string format_report(const std::vector<ReportRow>& rows);

}  // namespace devenv
