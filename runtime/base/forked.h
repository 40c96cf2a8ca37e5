// What a fork leaves in the child (a death test's, say): copies of objects whose threads exist in the parent only.
#pragma once

#include <thread>
#include <utility>
#include <vector>

namespace devenv {

/// Gives up a thread that is not in this process. Joining would wait for ever, and detaching writes to a stack that
/// fork(2)'s handlers have taken back.
inline void abandon(std::thread&& thread) {
  static auto& abandoned = *new std::vector<std::thread>;
  abandoned.push_back(std::move(thread));
}

}  // namespace devenv
