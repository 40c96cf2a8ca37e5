#include "digest.h"

#include <algorithm>

#include "devenv/error.h"
#include "runtime/base/sha256.h"

namespace devenv::store {
namespace {

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_lower_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

}  // namespace

bool is_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view algorithm = text.substr(0, colon);
  const std::string_view hex = text.substr(colon + 1);
  if (hex.size() < 32 || (algorithm == "sha256" && hex.size() != 64)) return false;
  return std::all_of(algorithm.begin(), algorithm.end(), is_lower_alnum) &&
         std::all_of(hex.begin(), hex.end(), is_lower_hex);
}

std::string digest_hex(std::string_view digest, const std::string& what) {
  constexpr std::string_view prefix = "sha256:";
  if (is_digest(digest) && digest.substr(0, prefix.size()) == prefix)
    return std::string(digest.substr(prefix.size()));
  const std::string shown(digest.substr(0, 100));
  throw Error(what + " \"" + shown + "\": not a sha256 digest", "expected sha256: and 64 hex digits");
}

std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids) {
  std::vector<std::string> chain;
  for (const std::string& diff_id : diff_ids) {
    if (!is_digest(diff_id)) throw Error("diff id \"" + diff_id.substr(0, 100) + "\": not a digest");
    chain.push_back(chain.empty() ? diff_id : sha256_digest(chain.back() + " " + diff_id));
  }
  return chain;
}

std::string chain_id(const std::vector<std::string>& diff_ids) {
  if (diff_ids.empty()) throw Error("compute chain id: no diff id given");
  return chain_ids(diff_ids).back();
}

}  // namespace devenv::store
