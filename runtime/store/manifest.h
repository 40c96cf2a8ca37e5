// OCI and docker (schema 2) manifests and indexes. Pure: text to struct and back. Input is hostile.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace devenv::store {

namespace media_type {
inline constexpr char oci_manifest[] = "application/vnd.oci.image.manifest.v1+json";
inline constexpr char oci_index[] = "application/vnd.oci.image.index.v1+json";
inline constexpr char oci_config[] = "application/vnd.oci.image.config.v1+json";
inline constexpr char oci_layer[] = "application/vnd.oci.image.layer.v1.tar";
inline constexpr char oci_layer_gzip[] = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr char oci_layer_zstd[] = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr char docker_manifest[] = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr char docker_list[] = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr char docker_config[] = "application/vnd.docker.container.image.v1+json";
inline constexpr char docker_layer_gzip[] = "application/vnd.docker.image.rootfs.diff.tar.gzip";
}  // namespace media_type

/// What docker runs on: "linux", "amd64", "" or "v8".
struct Platform {
  std::string os, architecture, variant;
  std::string os_version;
  bool operator==(const Platform&) const = default;
};

struct Descriptor {
  std::string media_type;
  std::string digest;
  std::uint64_t size = 0;
  std::map<std::string, std::string> annotations;
  std::optional<Platform> platform;
  std::vector<std::string> urls;
  bool operator==(const Descriptor&) const = default;
};

struct Manifest {
  std::string media_type = media_type::oci_manifest;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::map<std::string, std::string> annotations;
};

struct Index {
  std::string media_type = media_type::oci_index;
  std::vector<Descriptor> manifests;
  std::map<std::string, std::string> annotations;
};

/// A manifest or an index may hold at most this many bytes.
inline constexpr std::size_t max_manifest_bytes = 4u << 20;

/// Parses either. `content_type`: what the registry or descriptor said, empty when unknown; a contradiction
/// with the document's own mediaType is an error. `name` is for errors. Refuses schema 1, documents holding
/// both layers and manifests, bad digests and sizes.
std::variant<Manifest, Index> parse_manifest(std::string_view text, const std::string& content_type,
                                             const std::string& name);
/// Throws Error when it is an index.
Manifest parse_image_manifest(std::string_view text, const std::string& name);
Index parse_index(std::string_view text, const std::string& name);

std::string serialise(const Manifest& manifest);
std::string serialise(const Index& index);

/// "linux/arm64/v8". Throws Error for a malformed one.
Platform parse_platform(const std::string& text);
/// This machine's, in Go's names.
Platform host_platform();
/// The first manifest of `index` for `wanted` (an unset variant matches; arm64 = arm64/v8; attestations are
/// passed over); nullptr when there is none.
const Descriptor* select_platform(const Index& index, const Platform& wanted);

bool is_index_type(const std::string& type);
bool is_manifest_type(const std::string& type);

}  // namespace devenv::store
