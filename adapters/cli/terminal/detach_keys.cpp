#include "detach_keys.h"

#include <algorithm>

#include "adapters/cli/usage_error.h"

namespace devenv::cli {
namespace {

char key_code(const std::string& text, const std::string& key) {
  if (key.size() == 1) return key[0];
  if (key.size() == 6 && key.starts_with("ctrl-")) {
    const char c = key[5];
    if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 1);
    if (c >= '@' && c <= '_') return static_cast<char>(c - '@');
  }
  throw UsageError("read detach keys \"" + text + "\": \"" + key + "\" is no key",
                   "as in ctrl-p,ctrl-q: letters or ctrl-<a letter or one of @ [ \\ ] ^ _>, split by commas");
}

}  // namespace

DetachKeys::DetachKeys(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    sequence_ += key_code(text, text.substr(at, end - at));
    at = end + 1;
  }
}

DetachKeys::Filtered DetachKeys::feed(std::string_view typed) {
  Filtered out;
  if (sequence_.empty()) return {std::string(typed), false};
  for (const char c : typed) {
    if (c == sequence_[matched_]) {
      if (++matched_ < sequence_.size()) continue;
      matched_ = 0;
      out.detach = true;
      return out;
    }
    out.input.append(sequence_, 0, matched_);
    matched_ = c == sequence_[0] ? 1 : 0;
    if (matched_ == 0) out.input += c;
  }
  return out;
}

}  // namespace devenv::cli
