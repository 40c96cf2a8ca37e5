#include "cache_key.h"

#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/store/digest.h"

namespace devenv::build {
namespace {

// To be raised whenever what a step does with the same inputs changes.
constexpr char version[] = "devenv-build-1";

// Every field is framed by its length, so that no two lists of fields give the same bytes.
class KeyHash {
 public:
  explicit KeyHash(const std::string& kind) { add(version).add(kind); }
  KeyHash& add(const std::string& field) {
    hash_.update(std::to_string(field.size()) + ":" + field);
    return *this;
  }
  KeyHash& add(const std::vector<std::string>& fields) {
    add(std::to_string(fields.size()));
    for (const std::string& field : fields) add(field);
    return *this;
  }
  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

std::vector<std::string> fields(const Mount& mount) {
  const auto number = [](const std::optional<unsigned>& value) {
    return value ? std::to_string(*value) : "";
  };
  return {std::to_string(static_cast<int>(mount.type)),
          mount.from,
          mount.source,
          mount.target,
          mount.read_only ? "ro" : "rw",
          mount.id,
          mount.sharing,
          std::to_string(mount.size_bytes),
          number(mount.mode),
          number(mount.uid),
          number(mount.gid),
          mount.env};
}

}  // namespace

std::string run_key(const RunStep& step, const std::string& parent, const std::string& network,
                    const std::vector<std::string>& mounts) {
  KeyHash key("run");
  key.add(parent).add(step.argv).add(step.script.value_or("")).add(step.user).add(step.workdir).add(network);
  for (const auto& [name, value] : step.env) key.add(name).add(value);
  key.add("mounts");
  for (const Mount& mount : step.mounts) key.add(fields(mount));
  key.add(mounts);
  return key.hex();
}

std::string copy_key(const CopyStep& step, const std::string& parent,
                     const std::vector<std::string>& sources) {
  KeyHash key(step.add ? "add" : "copy");
  key.add(parent).add(step.destination).add(step.chown).add(step.mode ? std::to_string(*step.mode) : "");
  key.add(step.checksum).add(step.parents ? "parents" : "");
  key.add(step.unpack ? std::to_string(*step.unpack) : "").add(step.excludes).add(sources);
  for (const InlineFile& file : step.files) key.add(file.name).add(file.content);
  return key.hex();
}

std::string workdir_key(const std::string& path, const std::string& user, const std::string& parent) {
  return KeyHash("workdir").add(parent).add(path).add(user).hex();
}

std::string to_text(const CachedStep& step) {
  return Json{{"diff_id", step.diff_id}, {"chain_id", step.chain_id}, {"created", step.created}}.dump();
}

std::optional<CachedStep> read_cached_step(const std::string& text) {
  try {
    const Json json = parse_json(text, "build cache entry");
    CachedStep step{json_value<std::string>(json, "diff_id", "", "entry"),
                    json_value<std::string>(json, "chain_id", "", "entry"),
                    json_value<std::string>(json, "created", "", "entry")};
    if (!store::is_digest(step.diff_id) || !store::is_digest(step.chain_id)) return {};
    return step;
  } catch (const Error&) {
    return {};
  } catch (const Json::exception&) {
    return {};  // JSON, but not an object
  }
}

}  // namespace devenv::build
