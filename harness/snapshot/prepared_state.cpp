#include "prepared_state.h"

#include "runtime/base/sha256.h"

namespace devenv {
namespace {

/// Goes up whenever states made by older versions must not be used any more.
constexpr const char* format_version = "1";

/// Hashes fields with their lengths, so that no two different lists of fields look alike.
class FieldHash {
 public:
  FieldHash& add(const std::string& field) {
    hash_.update(std::to_string(field.size())).update(":").update(field);
    return *this;
  }
  FieldHash& add(const std::vector<std::string>& fields) {
    add(std::to_string(fields.size()));
    for (const std::string& field : fields) add(field);
    return *this;
  }
  FieldHash& add(const std::vector<std::pair<std::string, std::string>>& fields) {
    add(std::to_string(fields.size()));
    for (const auto& [name, value] : fields) add(name).add(value);
    return *this;
  }
  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

}  // namespace

std::string state_key(const StateInputs& inputs) {
  const ContainerSpec& container = inputs.container;
  FieldHash hash;
  hash.add("devenv prepared state").add(format_version).add(inputs.image_id);
  hash.add(container.entrypoint ? "entrypoint" : "image's")
      .add(container.entrypoint.value_or(std::vector<std::string>{}));
  hash.add(container.command).add(container.env).add(container.user).add(container.workdir);
  hash.add(std::to_string(container.mounts.size()));
  for (const MountSpec& mount : container.mounts) hash.add(mount.source).add(mount.target);
  hash.add(inputs.files).add(inputs.inputs);
  return hash.hex();
}

bool ensure_state(Engine& engine, const std::string& key, Deadline deadline,
                  const std::function<std::string()>& prepare) {
  if (engine.has_state(key)) return false;
  const std::shared_ptr<void> lock = engine.lock_state(key, deadline);
  // Whoever held the lock before us may have made it.
  if (engine.has_state(key)) return false;
  engine.freeze(prepare(), key);
  return true;
}

}  // namespace devenv
