// What a start waits for: conditions asked of a running container until one answer is yes.
//
// A Wait is a value: cheap to copy, immutable, shared between threads as it likes. The poller asks it every
// 2 ms at first and backs off to 50 ms; a container whose process exits ends the wait at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devenv/engine.h"

namespace devenv {

/// The container a question is put to.
struct WaitTarget {
  Engine& engine;
  ContainerInfo container;

  /// Where `container_port` is reachable from this machine: a port on 127.0.0.1. Throws Error when it is not
  /// published.
  std::uint16_t host_port(std::uint16_t container_port) const;
};

/// One answer to one question.
struct WaitAnswer {
  enum class Verdict {
    ready,
    not_yet,
    never,  ///< asking again is pointless
  };
  Verdict verdict = Verdict::not_yet;
  std::string text;  ///< what was seen, for the message of a failure: "GET /health: 503"

  static WaitAnswer ready(std::string text = {}) { return {Verdict::ready, std::move(text)}; }
  static WaitAnswer not_yet(std::string text) { return {Verdict::not_yet, std::move(text)}; }
  static WaitAnswer never(std::string text) { return {Verdict::never, std::move(text)}; }
  bool is_ready() const { return verdict == Verdict::ready; }
};

/// A condition put to one container; has memory (how far a log was read). One thread.
class WaitProbe {
 public:
  virtual ~WaitProbe() = default;
  /// Asks once and returns soon: `deadline` bounds this one question. Exceptions end the wait.
  virtual WaitAnswer ask(Deadline deadline) = 0;
  /// Asked once more when the container's process has exited; nothing can change any more. Without a text
  /// the last answer before the exit stands.
  virtual WaitAnswer ask_after_exit(const ExitStatus& exit);
};

/// A kind of condition. Derive from it for one of your own; wait::check() is shorter.
class WaitStrategy {
 public:
  virtual ~WaitStrategy() = default;
  /// Completes "waited for …": "port 5432/tcp to be listened on".
  virtual std::string describe() const = 0;
  virtual std::unique_ptr<WaitProbe> begin(const WaitTarget& target) const = 0;
};

/// A condition with its own limits. Default-constructed: nothing to wait for.
class Wait {
 public:
  Wait() = default;
  explicit Wait(std::shared_ptr<const WaitStrategy> strategy) : strategy_(std::move(strategy)) {}

  /// The same condition, given up after `timeout` even if the start's own timeout is longer.
  Wait within(std::chrono::milliseconds timeout) const;
  /// The same condition, asked at this fixed interval instead of the backing-off one.
  Wait every(std::chrono::milliseconds interval) const;

  explicit operator bool() const { return strategy_ != nullptr; }
  std::string describe() const;
  const WaitStrategy* strategy() const { return strategy_.get(); }
  std::optional<std::chrono::milliseconds> timeout() const { return timeout_; }
  std::optional<std::chrono::milliseconds> interval() const { return interval_; }

 private:
  std::shared_ptr<const WaitStrategy> strategy_;
  std::optional<std::chrono::milliseconds> timeout_;
  std::optional<std::chrono::milliseconds> interval_;
};

/// How an HTTP answer is judged. A redirect is an answer, not followed.
struct HttpCheck {
  std::string path = "/";
  std::string method = "GET";
  std::vector<int> statuses = {};  ///< empty: any 2xx or 3xx
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string user = {}, password = {};  ///< basic authentication when user is set
  std::string body = {};                 ///< sent
  std::string body_matches = {};         ///< ECMAScript regex searched in the answer's body
  bool tls = false;                      ///< https; the certificate is not verified
};

namespace wait {

/// A socket in the container listens on the port, on an address others can reach. Looked up in its network
/// namespace: needs no shell in the image, connects to nothing.
Wait port(std::uint16_t container_port, Protocol protocol = Protocol::tcp);
/// All of them.
Wait ports(const std::vector<std::uint16_t>& container_ports);
/// Connecting to the published port from this machine succeeds and is not closed at once.
Wait connection(std::uint16_t container_port);
/// A line of its output (either stream) in which the ECMAScript regex is found; the `times`-th such line.
Wait log(const std::string& regex, int times = 1);
/// An HTTP request to the published port is answered as `check` says.
Wait http(std::uint16_t container_port, HttpCheck check = {});
/// The command, run in the container, exits with 0.
Wait command(std::vector<std::string> argv);
/// The path exists in the container (asked with its `test`).
Wait file(const std::string& path);
/// The container's own process exits with `code`: for one-shot containers.
Wait exit(int code = 0);
/// Anything else. `description` completes "waited for …".
Wait check(std::string description, std::function<WaitAnswer(const WaitTarget&)> question);
/// Every one; the failure names the ones missing.
Wait all_of(std::vector<Wait> waits);
/// Whichever comes first.
Wait any_of(std::vector<Wait> waits);

}  // namespace wait

}  // namespace devenv
