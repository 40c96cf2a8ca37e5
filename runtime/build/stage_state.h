// What a stage's instructions have made so far: the image config, the declared ARGs, the layers. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "builder.h"
#include "expand.h"
#include "instructions.h"
#include "runtime/store/image_config.h"

namespace devenv::build {

struct StageState {
  store::ImageConfig image;
  Layers layers;
  std::vector<Pair> args;  ///< declared ARGs with a value, in order; the environment of RUN, not of the image
  std::set<std::string> declared;  ///< ARGs declared, with a value or not
  bool cmd_set = false;            ///< CMD was given in this stage

  /// What words are expanded with. Of an ENV and an ARG of one name, the later one.
  Variables variables;
};

/// What is the same for all stages of a build.
struct BuildInputs {
  Variables globals;     ///< expanded global ARGs and platform values
  Variables build_args;  ///< as given by the user
  char escape = '\\';
};

/// `image` with a base's config: its environment becomes the variables. PATH gets docker's default.
StageState start_stage(store::ImageConfig image, Layers layers);

/// A stage that continues another: its ARGs are inherited, its CMD counts as the base's.
StageState continue_stage(const StageState& parent);

/// "K=V" list with `key` set in place or appended.
void set_env(std::vector<std::string>& env, const std::string& key, const std::string& value);

/// `path` joined to the working directory, cleaned; a trailing slash stays.
std::string absolute_path(const StageState& state, const std::string& path);

/// The shell that runs shell forms.
std::vector<std::string> shell_of(const StageState& state);

/// Expands with the variables of `state`; adds variables that were not set to `unset`.
class WordExpander {
 public:
  WordExpander(const StageState& state, const BuildInputs& inputs)
      : variables_(state.variables), escape_(inputs.escape) {}
  std::string operator()(const std::string& word);
  std::vector<std::string> words(const std::string& word);
  /// A heredoc's content: quotes stay.
  std::string content(const std::string& text);
  const std::set<std::string>& unset() const { return unset_; }

 private:
  Variables variables_;
  char escape_;
  std::set<std::string> unset_;
};

/// Applies an instruction that changes only the config (all but RUN, COPY, ADD, FROM; of WORKDIR the path).
/// Returns what the history shows. Throws Error without a place.
std::string apply_to_config(const Instruction& instruction, StageState& state, const BuildInputs& inputs,
                            WordExpander& expander);

}  // namespace devenv::build
