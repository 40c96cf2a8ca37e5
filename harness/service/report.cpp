#include "report.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "runtime/base/settings.h"

namespace devenv {
namespace {

std::string ms_text(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, ms < 9.95 ? "%.1f ms" : "%.0f ms", ms);
  return text;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

class Report {
 public:
  ~Report() {
    // Not once more from a death test's copy of the process, which exits.
    if (getpid() == process_ && wanted_ && !rows_.empty()) std::fputs(format_report(rows_).c_str(), stderr);
  }

  void say(const std::string& service, const std::string& line) {
    const std::lock_guard lock(mutex_);
    if (!quiet_) std::fprintf(stderr, "devenv: %s: %s\n", service.c_str(), line.c_str());
  }

  void started(const std::string& service, const std::string& image, const StartTimes& times) {
    const double total = times.image_ms + times.prepare_ms + times.start_ms + times.ready_ms;
    if (wanted_) say(service, "ready after " + ms_text(total));
    const std::lock_guard lock(mutex_);
    ReportRow& row = row_of(service);
    row.image = image;
    row.ready_ms.push_back(total);
    if (times.from_prepared_state) ++row.clones;
  }
  void failed(const std::string& service) {
    const std::lock_guard lock(mutex_);
    ++row_of(service).failed;
  }
  void removed(const std::string& service, double ms) {
    const std::lock_guard lock(mutex_);
    row_of(service).removed_ms.push_back(ms);
  }

 private:
  ReportRow& row_of(const std::string& service) {
    const auto found = std::find_if(rows_.begin(), rows_.end(),
                                    [&](const ReportRow& row) { return row.service == service; });
    if (found != rows_.end()) return *found;
    rows_.push_back({service, {}, {}, 0, 0, {}});
    return rows_.back();
  }

  const pid_t process_ = getpid();
  std::mutex mutex_;
  std::vector<ReportRow> rows_;
  const bool wanted_ = settings::report();
  const bool quiet_ = !settings::progress();
};

Report& report() {
  static Report report;
  return report;
}

/// The end of a long name: of a path, that is the part that tells.
std::string shortened(const std::string& name) {
  constexpr std::size_t most = 28;
  return name.size() <= most ? name : "..." + name.substr(name.size() - (most - 3));
}

std::string row_text(const ReportRow& row) {
  char text[512];
  const double slowest =
      row.ready_ms.empty() ? 0 : *std::max_element(row.ready_ms.begin(), row.ready_ms.end());
  std::snprintf(text, sizeof text,
                "  %-12s %-28s %4zu started (%d cloned)  ready in %s, at most %s;  %zu removed in %s",
                row.service.c_str(), shortened(row.image).c_str(), row.ready_ms.size(), row.clones,
                ms_text(median(row.ready_ms)).c_str(), ms_text(slowest).c_str(), row.removed_ms.size(),
                ms_text(median(row.removed_ms)).c_str());
  return text + (row.failed > 0 ? "  " + std::to_string(row.failed) + " failed" : std::string()) + "\n";
}

}  // namespace

void report_progress(const std::string& service, const std::string& line) { report().say(service, line); }
void report_started(const std::string& service, const std::string& image, const StartTimes& times) {
  report().started(service, image, times);
}
void report_failed(const std::string& service) { report().failed(service); }
void report_removed(const std::string& service, double ms) { report().removed(service, ms); }
void keep_report() { report(); }

std::string format_report(const std::vector<ReportRow>& rows) {
  std::string text = "devenv: summary (medians)\n";
  std::size_t started = 0, removed = 0;
  for (const ReportRow& row : rows) {
    text += row_text(row);
    started += row.ready_ms.size();
    removed += row.removed_ms.size();
  }
  text += "  " + std::to_string(started) + " started, " + std::to_string(removed) + " removed";
  return text + (started == removed ? ", nothing left\n" : "\n");
}

struct SlowProgress::Shared {
  std::string service;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::mutex mutex;
  std::string held;  ///< the latest line of work that has been quick so far
};

SlowProgress::SlowProgress(std::string service) : shared_(std::make_shared<Shared>()) {
  shared_->service = std::move(service);
}

Progress SlowProgress::callback() const {
  return [shared = shared_](const std::string& line) {
    constexpr auto moment = std::chrono::milliseconds(300);
    const std::lock_guard lock(shared->mutex);
    if (std::chrono::steady_clock::now() - shared->began < moment) {
      shared->held = line;
      return;
    }
    if (!shared->held.empty()) report_progress(shared->service, std::exchange(shared->held, {}));
    report_progress(shared->service, line);
  };
}

}  // namespace devenv
