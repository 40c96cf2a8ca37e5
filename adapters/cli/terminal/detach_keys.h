// Finds the detach sequence in what is typed. Pure.
#pragma once

#include <string>
#include <string_view>

namespace devenv::cli {

class DetachKeys {
 public:
  /// "ctrl-p,ctrl-q", "ctrl-x", "a,b"; empty: never. Throws UsageError naming the value and the right form.
  explicit DetachKeys(const std::string& text = "ctrl-p,ctrl-q");

  struct Filtered {
    std::string input;  ///< what goes on to the container
    bool detach = false;
  };
  /// Feeds what was typed. The start of a sequence is held back until it is decided.
  Filtered feed(std::string_view typed);

 private:
  std::string sequence_;
  std::size_t matched_ = 0;
};

}  // namespace devenv::cli
