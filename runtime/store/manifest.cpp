#include "manifest.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>

#include "devenv/error.h"
#include "digest.h"
#include "manifest_json.h"
#include "runtime/base/json.h"

namespace devenv::store {
namespace {

constexpr std::size_t max_layers = 1000;
constexpr std::size_t max_platforms = 10000;

using Texts = std::map<std::string, std::string>;

Platform platform_from(const Json& json, const std::string& name) {
  if (!json.is_object()) throw Error("parse " + name + ": \"platform\" has the wrong type");
  return {json_value<std::string>(json, "os", "", name),
          json_value<std::string>(json, "architecture", "", name),
          json_value<std::string>(json, "variant", "", name),
          json_value<std::string>(json, "os.version", "", name)};
}

Json platform_to(const Platform& platform) {
  Json json = {{"os", platform.os}, {"architecture", platform.architecture}};
  if (!platform.variant.empty()) json["variant"] = platform.variant;
  if (!platform.os_version.empty()) json["os.version"] = platform.os_version;
  return json;
}

Descriptor descriptor_from(const Json& json, const std::string& name) {
  if (!json.is_object()) throw Error("parse " + name + ": a descriptor is not an object");
  Descriptor descriptor;
  descriptor.media_type = json_value<std::string>(json, "mediaType", "", name);
  descriptor.digest = json_value<std::string>(json, "digest", "", name);
  if (!is_digest(descriptor.digest))
    throw Error("parse " + name + ": \"" + printable(descriptor.digest) + "\" is not a digest");
  const auto size = json.find("size");
  if (size == json.end() || !size->is_number_unsigned() || size->get<std::uint64_t>() > INT64_MAX)
    throw Error("parse " + name + ": the size of " + descriptor.digest + " is missing or no size");
  descriptor.size = size->get<std::uint64_t>();
  descriptor.annotations = json_value<Texts>(json, "annotations", {}, name);
  descriptor.urls = json_value<std::vector<std::string>>(json, "urls", {}, name);
  if (const auto platform = json.find("platform"); platform != json.end() && !platform->is_null())
    descriptor.platform = platform_from(*platform, name);
  return descriptor;
}

Json descriptor_to(const Descriptor& descriptor) {
  Json json = {
      {"mediaType", descriptor.media_type}, {"digest", descriptor.digest}, {"size", descriptor.size}};
  if (!descriptor.annotations.empty()) json["annotations"] = descriptor.annotations;
  if (!descriptor.urls.empty()) json["urls"] = descriptor.urls;
  if (descriptor.platform) json["platform"] = platform_to(*descriptor.platform);
  return json;
}

std::vector<Descriptor> descriptors_from(const Json& document, const char* key, std::size_t most,
                                         const std::string& name) {
  const auto list = document.find(key);
  std::vector<Descriptor> descriptors;
  if (list == document.end() || list->is_null()) return descriptors;
  if (!list->is_array()) throw Error("parse " + name + ": \"" + key + "\" has the wrong type");
  if (list->size() > most) throw Error("parse " + name + ": more than " + std::to_string(most) + " " + key);
  for (const Json& element : *list) descriptors.push_back(descriptor_from(element, name));
  return descriptors;
}

bool has(const Json& document, const char* key) {
  const auto found = document.find(key);
  return found != document.end() && !found->is_null();
}

bool is_schema1_type(const std::string& type) {
  return type.find("docker.distribution.manifest.v1") != std::string::npos;
}

/// "type; charset=…" without its parameters; what says nothing about the document becomes "".
std::string essential_type(const std::string& content_type) {
  std::string type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  return is_index_type(type) || is_manifest_type(type) || is_schema1_type(type) ? type : "";
}

/// The type of the document, after ruling out everything ambiguous (CVE-2021-41190).
std::string type_of(const Json& document, const std::string& content_type, const std::string& name) {
  if (!document.is_object()) throw Error("parse " + name + ": not a JSON object");
  const std::string said = essential_type(content_type);
  const std::string own = json_value<std::string>(document, "mediaType", "", name);
  const int schema = has(document, "schemaVersion") ? json_value<int>(document, "schemaVersion", 0, name) : 0;
  if (schema == 1 || has(document, "fsLayers") || is_schema1_type(said) || is_schema1_type(own))
    throw Error("parse " + name + ": a docker schema 1 manifest, which nobody should use any more",
                "push the image again with a current tool");
  if (schema != 2) throw Error("parse " + name + ": schemaVersion is not 2");
  if (has(document, "manifests") && (has(document, "layers") || has(document, "config")))
    throw Error("parse " + name + ": both an image and an index, which is refused as ambiguous");
  if (!own.empty() && !is_index_type(own) && !is_manifest_type(own))
    throw Error("parse " + name + ": \"" + printable(own) + "\" is neither an image manifest nor an index");
  if (!own.empty() && !said.empty() && own != said)
    throw Error("parse " + name + ": served as " + said + " but calls itself " + own);
  if (!own.empty()) return own;
  if (!said.empty()) return said;
  return has(document, "manifests") ? media_type::oci_index : media_type::oci_manifest;
}

}  // namespace

std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, 100))
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return result;
}

std::string dump(const Json& json) {
  // Names and labels may hold bytes that are not UTF-8; JSON cannot.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_index_type(const std::string& type) {
  return type == media_type::oci_index || type == media_type::docker_list;
}

bool is_manifest_type(const std::string& type) {
  return type == media_type::oci_manifest || type == media_type::docker_manifest;
}

std::variant<Manifest, Index> parse_manifest(std::string_view text, const std::string& content_type,
                                             const std::string& name) {
  if (text.size() > max_manifest_bytes)
    throw Error("parse " + name + ": larger than " + std::to_string(max_manifest_bytes) + " bytes");
  const Json document = parse_json(text, name);
  const std::string type = type_of(document, content_type, name);
  if (is_index_type(type)) {
    if (has(document, "layers") || has(document, "config"))
      throw Error("parse " + name + ": an index with the parts of an image");
    return Index{type, descriptors_from(document, "manifests", max_platforms, name),
                 json_value<Texts>(document, "annotations", {}, name)};
  }
  if (has(document, "manifests")) throw Error("parse " + name + ": an image with the parts of an index");
  if (!has(document, "config")) throw Error("parse " + name + ": it has no config");
  return Manifest{type, descriptor_from(document["config"], name),
                  descriptors_from(document, "layers", max_layers, name),
                  json_value<Texts>(document, "annotations", {}, name)};
}

Manifest parse_image_manifest(std::string_view text, const std::string& name) {
  auto parsed = parse_manifest(text, "", name);
  if (auto* manifest = std::get_if<Manifest>(&parsed)) return std::move(*manifest);
  throw Error("parse " + name + ": an index where an image manifest was expected");
}

Index parse_index(std::string_view text, const std::string& name) {
  // The index.json of a layout needs no mediaType and may be empty.
  const Json document = parse_json(text, name);
  if (!document.is_object() || has(document, "layers")) throw Error("parse " + name + ": not an index");
  return Index{media_type::oci_index, descriptors_from(document, "manifests", SIZE_MAX, name),
               json_value<Texts>(document, "annotations", {}, name)};
}

std::string serialise(const Manifest& manifest) {
  Json layers = Json::array();
  for (const Descriptor& layer : manifest.layers) layers.push_back(descriptor_to(layer));
  Json document = {{"schemaVersion", 2},
                   {"mediaType", manifest.media_type},
                   {"config", descriptor_to(manifest.config)},
                   {"layers", layers}};
  if (!manifest.annotations.empty()) document["annotations"] = manifest.annotations;
  return dump(document);
}

std::string serialise(const Index& index) {
  Json manifests = Json::array();
  for (const Descriptor& manifest : index.manifests) manifests.push_back(descriptor_to(manifest));
  Json document = {{"schemaVersion", 2}, {"mediaType", index.media_type}, {"manifests", manifests}};
  if (!index.annotations.empty()) document["annotations"] = index.annotations;
  return dump(document);
}

Platform parse_platform(const std::string& text) {
  std::array<std::string, 3> parts;
  std::size_t count = 0, begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '/') continue;
    if (count == parts.size()) throw Error("parse platform \"" + printable(text) + "\": too many parts");
    parts[count++] = text.substr(begin, i - begin);
    begin = i + 1;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const bool plain = std::all_of(parts[i].begin(), parts[i].end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
    if (parts[i].empty() || !plain || count < 2)
      throw Error("parse platform \"" + printable(text) +
                  "\": not os/architecture[/variant]; as in linux/amd64");
  }
  if (parts[1] == "x86_64") parts[1] = "amd64";
  if (parts[1] == "aarch64") parts[1] = "arm64";
  if (parts[1] == "arm64" && parts[2] == "v8") parts[2].clear();
  return {parts[0], parts[1], parts[2], ""};
}

Platform host_platform() {
  utsname name{};
  uname(&name);
  const std::string machine = name.machine;
  if (machine == "x86_64") return {"linux", "amd64", "", ""};
  if (machine == "aarch64") return {"linux", "arm64", "", ""};
  if (machine == "armv7l") return {"linux", "arm", "v7", ""};
  if (machine == "i686" || machine == "i386") return {"linux", "386", "", ""};
  return {"linux", machine, "", ""};
}

const Descriptor* select_platform(const Index& index, const Platform& wanted) {
  const auto variant = [](const Platform& platform) {
    return platform.architecture == "arm64" && platform.variant == "v8" ? std::string() : platform.variant;
  };
  const Descriptor* acceptable = nullptr;
  for (const Descriptor& manifest : index.manifests) {
    if (!manifest.platform) continue;  // attestations call themselves unknown/unknown
    const Platform& offered = *manifest.platform;
    if (offered.os != wanted.os || offered.architecture != wanted.architecture) continue;
    if (variant(offered) == variant(wanted)) return &manifest;
    if (!acceptable && (variant(offered).empty() || variant(wanted).empty())) acceptable = &manifest;
  }
  return acceptable;
}

}  // namespace devenv::store
