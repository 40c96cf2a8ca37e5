// OCI content digests ("sha256:<64 hex>"): what is accepted before one is used as a path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devenv::store {

/// Whether `text` has the form ^[a-z0-9]+:[a-f0-9]{32,}$ (any algorithm) and, for sha256, 64 digits.
bool is_digest(std::string_view text);

/// The hex part of a sha256 digest, safe as a file name. Throws Error for anything else; `what` names it.
std::string digest_hex(std::string_view digest, const std::string& what);

/// ChainID of OCI image-spec config.md: H(ChainID(n-1) + " " + diffID(n)); the first is the diffID itself.
/// Throws Error when the list is empty or an element is no digest.
std::string chain_id(const std::vector<std::string>& diff_ids);

/// The ChainIDs of every prefix, the base first.
std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids);

}  // namespace devenv::store
