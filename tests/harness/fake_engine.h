// An Engine of plain data: containers do what the test scripts, and every call is noted in order.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "devenv/engine.h"

namespace devenv::testing {

struct FakeContainer {
  ContainerInfo info;
  std::vector<LogLine> log;
  std::set<std::uint16_t> listening;
  std::optional<ExitStatus> exit;
  int asked = 0;  ///< how often listening() was asked

  void print(const std::string& text, LogStream stream = LogStream::out) {
    log.push_back({0, stream, text, true});
  }
};

class FakeEngine : public Engine {
 public:
  using Script = std::function<void(FakeContainer&)>;

  /// Called when a container of this image starts, and each time it is asked whether it listens.
  std::map<std::string, Script> on_start, on_question;
  std::function<ExecResult(const std::vector<std::string>&)> on_exec;
  std::function<void(const BuildSpec&)> on_build;
  int stop_exit_code = 0;
  std::set<std::string> frozen;

  std::vector<std::string> events() const;
  std::vector<ContainerSpec> started() const;
  std::size_t running() const;
  /// From a script's point of view later: makes a container exit.
  void end(const std::string& name_prefix, ExitStatus exit);

  ImageInfo ensure_image(const std::string& reference, PullPolicy, const Progress&, Deadline) override;
  ImageInfo build(const BuildSpec& spec, const Progress& progress) override;
  ImageInfo bootstrap(const std::string&, bool, const Progress&) override { throw unused(); }
  std::vector<ImageInfo> images() override { throw unused(); }
  ImageInfo inspect_image(const std::string&) override { throw unused(); }
  NetworkInfo create_network(const NetworkSpec& spec) override;
  std::vector<NetworkInfo> networks() override { throw unused(); }
  void remove_network(const std::string& name) override;
  ContainerInfo start(const ContainerSpec& spec, Lifetime) override;
  std::unique_ptr<ProcessHandle> attach(const std::string&) override { throw unused(); }
  ContainerInfo inspect(const std::string& id) override;
  std::vector<ContainerInfo> containers(bool) override { throw unused(); }
  ExecResult exec(const std::string& id, const ExecSpec& spec, Deadline) override;
  std::unique_ptr<ProcessHandle> open_exec(const std::string&, const ExecSpec&) override { throw unused(); }
  std::unique_ptr<LogReader> logs(const std::string& id) override;
  void signal(const std::string&, int) override { throw unused(); }
  ExitStatus stop(const std::string& id, std::optional<std::chrono::milliseconds>) override;
  std::optional<ExitStatus> wait(const std::string& id, Deadline deadline) override;
  void remove(const std::string& id, bool force) override;
  bool listening(const std::string& id, std::uint16_t port, Protocol) override;
  bool has_state(const std::string& key) override;
  void freeze(const std::string& id, const std::string& key) override;
  std::vector<std::string> states() override { throw unused(); }
  void remove_state(const std::string&) override { throw unused(); }
  ImageRemoval remove_image(const std::string&, bool) override { throw unused(); }
  ImageRemoval prune_images(bool) override { throw unused(); }
  ImageRemoval prune_build_cache(bool) override { throw unused(); }
  std::shared_ptr<void> lock_state(const std::string& key, Deadline) override;
  VolumeInfo create_volume(const std::string&) override { throw unused(); }
  std::vector<VolumeInfo> volumes() override { throw unused(); }
  void remove_volume(const std::string&, bool) override { throw unused(); }

 private:
  static Error unused() { return Error("call a fake: not needed so far"); }
  FakeContainer& find(const std::string& id);
  void note(std::string event) { events_.push_back(std::move(event)); }

  mutable std::mutex mutex_;
  std::mutex state_lock_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
  std::vector<ContainerSpec> started_;
  std::map<std::string, FakeContainer> containers_;
  unsigned last_id_ = 0;
};

}  // namespace devenv::testing
