// A session: services that see each other on one private network and are removed together.
//
// All sessions of a process share one engine, made when first needed; a session costs nothing until its
// first service. Everything goes when the session is destroyed, or with the process, however it ends.
// Thread-safe, but for the current session, which is a matter of each thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "devenv/service.h"

namespace devenv {

struct SessionOptions {
  std::shared_ptr<Engine> engine = {};  ///< null: the process's own
  /// start() returns at once and services start at the same time; wait_ready() or first use waits.
  bool side_by_side = false;
  /// Called with every image reference, for mirrors. Default: puts $DEVENV_IMAGE_PREFIX in front of
  /// references without a registry, if it is set.
  std::function<std::string(const std::string&)> substitute_image = {};
};

class Session {
 public:
  explicit Session(SessionOptions options = {});
  ~Session();  ///< removes everything in it
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The one fixtures use when none is given: the innermost SessionScope of this thread, else process().
  static Session& current();
  /// Lives until the process ends.
  static Session& process();

  /// The one way to start a service. Throws StartError, unless side_by_side.
  Service start(ServiceSpec spec);
  /// Starts all at the same time and returns when all are ready. If one fails, all of these are removed and
  /// its error is thrown.
  std::vector<Service> start_all(std::vector<ServiceSpec> specs);
  /// Waits for every service. Throws the first failure, in order of start.
  void wait_ready();
  /// The one way out. Idempotent, never throws. The session can be used again afterwards.
  void remove_all() noexcept;

  Engine& engine();
  /// The name of the private network; made by the first call.
  std::string network();
  /// The last `lines` log lines of each service, for the report of a failed test; of one whose log cannot be
  /// read (its holder was killed), why.
  std::string log_tails(std::size_t lines = 20);

  class Impl;  // internal

 private:
  std::shared_ptr<Impl> impl_;
};

/// Makes a session the current one of this thread until destroyed. Scopes nest.
class SessionScope {
 public:
  explicit SessionScope(Session& session);
  ~SessionScope();
  SessionScope(const SessionScope&) = delete;
  SessionScope& operator=(const SessionScope&) = delete;

 private:
  Session* previous_;
};

/// The engine all sessions of this process share unless told otherwise; made by the first call.
std::shared_ptr<Engine> process_engine();

}  // namespace devenv
