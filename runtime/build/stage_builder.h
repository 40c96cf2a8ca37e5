// Builds stages: instruction by instruction, each a cache hit or new work. One per build.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cache_key.h"
#include "session.h"
#include "steps.h"

namespace devenv::build {

class StageBuilder {
 public:
  explicit StageBuilder(Session& session) : session_(session) {}

  /// The stage's result; built, with those it needs, when first asked for. Throws Error.
  const StageState& build(std::size_t stage);

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
  std::map<std::size_t, StageState> done_;
  std::set<std::size_t> building_;
  std::set<std::string> declared_;
};

/// RFC 3339, UTC, whole seconds.
std::string format_time(std::int64_t unix_s);

}  // namespace devenv::build
