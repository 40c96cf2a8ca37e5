// Image references, read exactly as docker reads them (github.com/distribution/reference, "normalized
// named"). Pure functions over text; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include <devenv/error.h>

namespace devenv::registry {

/// A reference in its parts. What was not written is empty: no default tag is added.
struct Reference {
  std::string domain;  ///< "docker.io", "localhost:5000", "[::1]:5000"
  std::string path;    ///< "library/debian"
  std::string tag;
  std::string digest;  ///< "sha256:<64 hex>"

  std::string name() const;      ///< "docker.io/library/debian"
  std::string full() const;      ///< name, then :tag, then @digest, as far as present
  std::string familiar() const;  ///< the short form people type: "debian:bookworm"
  bool operator==(const Reference&) const = default;
};

/// Throws Error when `text` is no reference; 64 hex digits are refused too, since they would be an id.
Reference parse_reference(std::string_view text);

/// The same with the tag "latest" when `text` has neither tag nor digest.
Reference parse_reference_or_latest(std::string_view text);

/// Whether `text` names an image by content: 64 hex digits, or a whole digest such as "sha256:<64 hex>".
bool is_image_id(std::string_view text);

/// Whether `text` is "algorithm:hex" with a known algorithm (sha256, sha384, sha512) and its exact length.
bool is_digest(std::string_view text);

}  // namespace devenv::registry
