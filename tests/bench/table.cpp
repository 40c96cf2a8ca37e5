#include "table.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

namespace devenv::bench {
namespace {

std::string milliseconds(const std::optional<double>& value) {
  if (!value) return "-";
  char text[32];
  std::snprintf(text, sizeof text, *value < 10 ? "%.2f ms" : "%.1f ms", *value);
  return text;
}

std::string ratio(const std::optional<double>& slow, const std::optional<double>& fast) {
  if (!slow || !fast || *fast <= 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1fx", *slow / *fast);
  return text;
}

/// One way of a row over all rounds.
class Series {
 public:
  Series(const char* label, const Work& work) : label_(label), work_(work) {}

  void round(bool counts, std::string& note) {
    if (!work_ || failed_) return;
    // What the way before left, the kernel and dockerd take down for a while yet; that is not this one's time.
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    try {
      const double value = work_();
      if (counts) values_.push_back(value);
    } catch (const std::exception& error) {
      failed_ = true;
      note += std::string(note.empty() ? "" : "; ") + label_ + ": " + error.what();
    }
  }

  std::optional<double> result() const {
    return failed_ || values_.empty() ? std::nullopt : std::optional(median(values_));
  }

 private:
  const char* label_;
  const Work& work_;
  std::vector<double> values_;
  bool failed_ = false;
};

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double timed(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

Result measure(const Row& row, unsigned rounds) {
  Result result{row.name, row.aim, {}, {}, {}, ""};
  Series ours("devenv", row.ours), peer("peer", row.peer), floor("floor", row.floor);
  const unsigned total = row.rounds == 0 ? rounds : row.rounds;
  for (unsigned i = 0; i <= total; ++i) {
    ours.round(i > 0, result.note);
    peer.round(i > 0, result.note);
    floor.round(i > 0, result.note);
  }
  result.ours = ours.result();
  result.peer = peer.result();
  result.floor = floor.result();
  return result;
}

void print_header(const std::string& peer) {
  std::printf("%-44s %12s %12s %8s %12s %8s   %s\n", "work (median)", "devenv", peer.c_str(), "ratio",
              "floor", "x floor", "at least / aim");
}

void print(const Result& r) {
  std::printf("%-44s %12s %12s %8s %12s %8s   %s\n", r.name.c_str(), milliseconds(r.ours).c_str(),
              milliseconds(r.peer).c_str(), ratio(r.peer, r.ours).c_str(), milliseconds(r.floor).c_str(),
              ratio(r.ours, r.floor).c_str(), r.aim.c_str());
  if (!r.note.empty()) std::printf("    %s\n", r.note.c_str());
  std::fflush(stdout);
}

}  // namespace devenv::bench
