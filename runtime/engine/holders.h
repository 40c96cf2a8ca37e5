// The holders an engine deals with: its own, the user's detached one, and those of other processes.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "devenv/native_engine.h"
#include "runtime/launch/launcher.h"

namespace devenv::engine {

/// A container together with the holder it lives in.
struct Located {
  std::shared_ptr<launch::Holder> holder;
  launch::ContainerRecord record;
};

class Holders {
 public:
  explicit Holders(NativeEngineOptions options) : options_(std::move(options)) {}

  /// This engine's own, started by the first call.
  std::shared_ptr<launch::Holder> session();
  /// Null when none was needed so far.
  std::shared_ptr<launch::Holder> session_if_any();
  /// The user's one for detached containers, started when there is none.
  std::shared_ptr<launch::Holder> detached();
  /// The one that has network `name`: own first, then the detached. Throws NotFound.
  std::shared_ptr<launch::Holder> with_network(const std::string& name_or_id);

  /// Remembers where a container lives, so that later calls need not look around.
  void remember(const std::string& id, const std::shared_ptr<launch::Holder>& holder);
  void forget(const std::string& id);
  /// The remembered one while it lives; null for anything but the full id of a container this engine started.
  std::shared_ptr<launch::Holder> of(const std::string& id);

  /// By id, unique prefix or name, in every live holder; nullopt when none has it. Conflict when ambiguous.
  std::optional<Located> find(const std::string& id);
  std::vector<Located> all();
  /// Asks one live holder after the other until `ask` returns true. One that ends meanwhile holds nothing any
  /// more.
  void ask_each(const std::function<bool(const std::shared_ptr<launch::Holder>&)>& ask);

 private:
  launch::HolderOptions holder_options() const;
  std::vector<std::shared_ptr<launch::Holder>> everyone();
  std::optional<Located> find_known(const std::string& id);

  const NativeEngineOptions options_;
  std::mutex mutex_;
  std::shared_ptr<launch::Holder> session_, detached_;
  /// Strong: a container of a user network is to end when the connection that started it does.
  std::unordered_map<std::string, std::shared_ptr<launch::Holder>> known_;
};

}  // namespace devenv::engine
