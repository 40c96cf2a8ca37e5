#include "holders.h"

#include "devenv/error.h"

namespace devenv::engine {

using launch::Holder;

launch::HolderOptions Holders::holder_options() const {
  return {.runtime_dir = options_.runtime_dir,
          .store_dir = options_.store_dir,
          .helper_path = options_.helper_path};
}

std::shared_ptr<Holder> Holders::session() {
  const std::lock_guard lock(mutex_);
  if (!session_ || !session_->alive()) session_ = Holder::spawn_session(holder_options());
  return session_;
}

std::shared_ptr<Holder> Holders::session_if_any() {
  const std::lock_guard lock(mutex_);
  return session_ && session_->alive() ? session_ : nullptr;
}

std::shared_ptr<Holder> Holders::detached() {
  const std::lock_guard lock(mutex_);
  if (!detached_ || !detached_->alive()) detached_ = Holder::connect_or_spawn_detached(holder_options());
  return detached_;
}

std::shared_ptr<Holder> Holders::with_network(const std::string& name_or_id) {
  std::shared_ptr<Holder> found;
  ask_each([&](const auto& holder) {
    for (const auto& network : holder->networks())
      if (network.name == name_or_id || network.id == name_or_id) found = holder;
    return found != nullptr;
  });
  if (found) return found;
  throw NotFound("find network " + name_or_id + ": there is none of that name",
                 "create it with: devenv network create " + name_or_id);
}

void Holders::remember(const std::string& id, const std::shared_ptr<Holder>& holder) {
  const std::lock_guard lock(mutex_);
  known_[id] = holder;
}

void Holders::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  known_.erase(id);
}

std::vector<std::shared_ptr<Holder>> Holders::everyone() {
  std::vector<std::shared_ptr<Holder>> holders;
  if (auto own = session_if_any()) holders.push_back(own);
  for (const std::string& dir : Holder::sessions(options_.runtime_dir)) {
    if (!holders.empty() && holders.front()->session_dir() == dir) continue;
    if (auto holder = Holder::connect(dir)) holders.push_back(holder);
  }
  return holders;
}

void Holders::ask_each(const std::function<bool(const std::shared_ptr<Holder>&)>& ask) {
  const auto own = session_if_any();
  for (const auto& holder : everyone()) {
    try {
      if (ask(holder)) return;
    } catch (const NotFound&) {
      throw;
    } catch (const Conflict&) {
      throw;
    } catch (const Error&) {
      if (holder == own) throw;
    }
  }
}

std::shared_ptr<Holder> Holders::of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(id);
  return found != known_.end() && found->second->alive() ? found->second : nullptr;
}

std::optional<Located> Holders::find_known(const std::string& id) {
  const auto holder = of(id);
  if (!holder) return std::nullopt;
  if (auto record = holder->inspect(id)) return Located{holder, std::move(*record)};
  return std::nullopt;
}

std::vector<Located> Holders::all() {
  std::vector<Located> found;
  ask_each([&](const auto& holder) {
    for (auto& record : holder->list()) found.push_back({holder, std::move(record)});
    return false;
  });
  return found;
}

std::optional<Located> Holders::find(const std::string& id) {
  if (auto known = find_known(id)) return known;
  std::optional<Located> match;
  for (auto& located : all()) {
    if (located.record.id == id || located.record.name == id) return located;
    if (id.empty() || located.record.id.compare(0, id.size(), id) != 0) continue;
    if (match)
      throw Conflict("find container " + id + ": more than one id begins like that", "give more digits");
    match = std::move(located);
  }
  return match;
}

}  // namespace devenv::engine
