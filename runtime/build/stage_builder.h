// Builds stages: instruction by instruction, each a cache hit or new work. One per build; thread-safe, so
// that stages can be built side by side.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cache_key.h"
#include "session.h"
#include "steps.h"

namespace devenv::build {

class StageBuilder {
 public:
  explicit StageBuilder(Session& session) : session_(session) {}

  /// Those of the graph, each on a thread of its own when there are several. Returns the target's result.
  /// Throws what the first that failed did; the others are stopped then.
  const StageState& build_all();

  /// ARGs any stage declared: the others of the build's arguments were not used.
  const std::set<std::string>& declared_args() const { return declared_; }

 private:
  struct Current {
    std::size_t index = 0;
    std::string title;  ///< stage's name for progress lines
    int step = 0, steps = 0;
    StageState state;
    std::string created;  ///< of the newest layer
  };
  using Work = std::function<void(WorkLayer& layer)>;
  struct Slot {
    bool begun = false, ended = false;
    std::optional<StageState> state;  ///< none once ended: it failed
  };

  /// The stage's result; built here when nobody has begun to, else waited for. `asker`: the stage that needs
  /// it.
  const StageState& build(std::size_t stage, std::optional<std::size_t> asker);
  void make(std::size_t stage, Slot& slot);
  StageState make_state(std::size_t stage);
  void refuse_cycle(std::size_t stage, std::size_t asker) const;
  [[noreturn]] void rethrow_failure();

  StageState start(Current& current);
  void run_triggers(Current& current);
  void run_instruction(Current& current, const Instruction& instruction);
  std::string dispatch(Current& current, const Instruction& instruction, WordExpander& expander);
  std::string run(Current& current, const Run& run, const Instruction& instruction, WordExpander& expander);
  std::string copy(Current& current, const Copy& copy, const Instruction& instruction,
                   WordExpander& expander);
  std::string workdir(Current& current, const Instruction& instruction, WordExpander& expander);
  void fill_copy(Current& current, const CopyStep& step, WorkLayer& layer, const OpenSource* source);
  void add_url(const CopyStep& step, const std::string& url, struct CopyTarget& target);
  std::vector<std::string> copy_digests(const CopyStep& step, const OpenSource& source);
  void execute(Current& current, const RunStep& step, const Instruction& instruction, WorkLayer& layer);
  std::unique_ptr<OpenSource> open_source(const std::string& from, std::size_t current);

  /// The layer `key` leads to, or of `work`. Returns whether there is one.
  bool cached_layer(Current& current, const std::string& key, const std::string& title, const Work& work,
                    const std::string& quick_key = {});
  bool use_cached(Current& current, const std::string& key, const std::string& title);
  void announce(Current& current, const std::string& text);
  void warn_unset(const Current& current, const WordExpander& expander, const Instruction& instruction);
  static std::string parent_chain(const Current& current);

  Session& session_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable ended_;
  std::map<std::size_t, Slot> slots_;
  std::map<std::size_t, std::size_t> waits_for_;
  std::exception_ptr first_failure_;
  std::set<std::string> declared_;
};

/// RFC 3339, UTC, whole seconds.
std::string format_time(std::int64_t unix_s);

}  // namespace devenv::build
