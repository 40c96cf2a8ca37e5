#include "stage_builder.h"

#include <devenv/error.h>
#include <fcntl.h>

#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

#include "copy.h"
#include "run_mounts.h"
#include "runtime/base/files.h"
#include "runtime/base/nearest.h"
#include "text.h"

namespace devenv::build {
namespace {

bool makes_step(const Instruction& instruction) {
  return std::holds_alternative<Run>(instruction.value) || std::holds_alternative<Copy>(instruction.value) ||
         std::holds_alternative<Workdir>(instruction.value);
}

std::string one_line(const std::string& text) {
  std::string line(trim(text.substr(0, text.find('\n'))));
  return line.size() > 200 ? line.substr(0, 197) + "..." : line;
}

std::string seconds_since(std::chrono::steady_clock::time_point start) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

store::ImageConfig empty_image() {
  store::ImageConfig image;
  image.platform = store::host_platform();
  return image;
}

// How many steps a stage has, its FROM included.
int count_steps(const Dockerfile::Stage& stage) {
  int steps = 1;
  for (const Instruction& instruction : stage.instructions) steps += makes_step(instruction);
  return steps;
}

}  // namespace

std::string format_time(std::int64_t unix_s) {
  const std::time_t time = unix_s;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

const StageState& StageBuilder::build_all() {
  const std::vector<std::size_t>& order = session_.graph.order;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; order.size() > 1 && i < order.size(); ++i)
    threads.emplace_back([this, stage = order[i]] {
      try {
        build(stage, std::nullopt);
      } catch (...) {
        // Kept, to be thrown where somebody can catch it.
      }
    });
  for (std::thread& thread : threads) thread.join();
  if (first_failure_) rethrow_failure();
  return build(session_.graph.target, std::nullopt);
}

const StageState& StageBuilder::build(std::size_t stage, std::optional<std::size_t> asker) {
  std::unique_lock lock(mutex_);
  Slot& slot = slots_[stage];
  if (asker) {
    refuse_cycle(stage, *asker);
    waits_for_[*asker] = stage;
  }
  if (!slot.begun) {
    slot.begun = true;
    lock.unlock();
    make(stage, slot);
    lock.lock();
  }
  ended_.wait(lock, [&] { return slot.ended; });
  if (asker) waits_for_.erase(*asker);
  if (!slot.state) rethrow_failure();
  return *slot.state;
}

void StageBuilder::make(std::size_t stage, Slot& slot) {
  std::optional<StageState> state;
  std::exception_ptr failure;
  try {
    state = make_state(stage);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    slot.state = std::move(state);
    slot.ended = true;
    if (!first_failure_) first_failure_ = failure;
    ended_.notify_all();
  }
  if (failure) session_.backend.stop_runs();
}

/// The graph has no cycles, but ONBUILD triggers of an image are not in it.
void StageBuilder::refuse_cycle(std::size_t stage, std::size_t asker) const {
  for (std::size_t at = stage;;) {
    if (at == asker)
      fail_at(session_.dockerfile.file, session_.dockerfile.stages[stage].line,
              "circular dependency: an ONBUILD trigger needs the stage it runs in");
    const auto next = waits_for_.find(at);
    if (next == waits_for_.end()) return;
    at = next->second;
  }
}

void StageBuilder::rethrow_failure() { std::rethrow_exception(first_failure_); }

StageState StageBuilder::make_state(std::size_t stage) {
  const Dockerfile::Stage& text = session_.dockerfile.stages[stage];
  Current current;
  current.index = stage;
  current.title = text.from.stage.empty() ? "stage-" + std::to_string(stage) : text.from.stage;
  current.steps = count_steps(text);
  current.state = start(current);
  current.created = current.state.image.created;
  run_triggers(current);
  for (const Instruction& instruction : text.instructions) run_instruction(current, instruction);
  if (!current.created.empty()) current.state.image.created = current.created;
  return std::move(current.state);
}

StageState StageBuilder::start(Current& current) {
  const StageNode& node = session_.graph.stages[current.index];
  const Dockerfile::Stage& text = session_.dockerfile.stages[current.index];
  if (node.base.kind == Source::Kind::stage) {
    const StageState& parent = build(node.base.stage, current.index);
    announce(current, "FROM " + text.from.image);
    return continue_stage(parent);
  }
  if (node.base.kind == Source::Kind::scratch) {
    announce(current, "FROM scratch");
    return start_stage(empty_image(), {});
  }
  announce(current, "FROM " + node.base.image);
  try {
    const BaseImage& base = session_.base_images->get(node.base.image, node.platform);
    return start_stage(store::parse_image_config(base.config_json, "config of " + node.base.image),
                       base.layers);
  } catch (const NotFound& error) {
    throw NotFound(session_.dockerfile.file + ":" + std::to_string(text.line) + ": " + error.what());
  } catch (const Error& error) {
    fail_at(session_.dockerfile.file, text.line, error.what());
  }
}

void StageBuilder::run_triggers(Current& current) {
  const std::vector<std::string> triggers = std::exchange(current.state.image.config.onbuild, {});
  if (triggers.empty()) return;
  const std::string file = "ONBUILD of " + session_.dockerfile.stages[current.index].from.image;
  std::vector<Instruction> instructions;
  for (const std::string& trigger : triggers) {
    const std::string name = to_lower(split_fields(trim(trigger), 2)[0]);
    if (name == "from" || name == "maintainer" || name == "onbuild")
      fail_at(file, 1, to_upper(name) + " isn't allowed as an ONBUILD trigger");
    instructions.push_back(read_instruction(parse_trigger(trigger, file), file));
    current.steps += makes_step(instructions.back());
  }
  for (const Instruction& instruction : instructions) run_instruction(current, instruction);
}

void StageBuilder::run_instruction(Current& current, const Instruction& instruction) {
  WordExpander expander(current.state, session_.inputs);
  {
    const std::lock_guard lock(mutex_);
    if (first_failure_) rethrow_failure();  // another stage's: nobody wants this one any more
    if (const Arg* arg = std::get_if<Arg>(&instruction.value))
      for (const auto& [name, value] : arg->names) declared_.insert(name);
  }
  store::History history;
  history.comment = "devenv";
  const std::size_t layers = current.state.layers.size();
  try {
    history.created_by = dispatch(current, instruction, expander);
  } catch (const NotFound& error) {
    throw NotFound(instruction.file + ":" + std::to_string(instruction.first_line) + ": " + error.what());
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.starts_with(instruction.file + ":")) throw;
    fail_at(instruction.file, instruction.first_line, message);
  }
  warn_unset(current, expander, instruction);
  history.empty_layer = current.state.layers.size() == layers;
  history.created = current.created;
  current.state.image.history.push_back(std::move(history));
}

std::string StageBuilder::dispatch(Current& current, const Instruction& instruction, WordExpander& expander) {
  if (const Run* each = std::get_if<Run>(&instruction.value))
    return run(current, *each, instruction, expander);
  if (const Copy* each = std::get_if<Copy>(&instruction.value))
    return copy(current, *each, instruction, expander);
  if (std::holds_alternative<Workdir>(instruction.value)) return workdir(current, instruction, expander);
  return apply_to_config(instruction, current.state, session_.inputs, expander);
}

std::string StageBuilder::workdir(Current& current, const Instruction& instruction, WordExpander& expander) {
  std::string shown = apply_to_config(instruction, current.state, session_.inputs, expander);
  const std::string path = current.state.image.config.working_dir, user = current.state.image.config.user;
  cached_layer(current, workdir_key(path, user, parent_chain(current)), shown, [&](WorkLayer& layer) {
    make_directory(layer.root(), path, resolve_user(layer.root(), user));
  });
  return shown;
}

std::string StageBuilder::run(Current& current, const Run& run, const Instruction& instruction,
                              WordExpander& expander) {
  const RunStep step = plan_run(run, current.state, session_.inputs, expander);
  const auto open = [&](const std::string& from) { return open_source(from, current.index); };
  const std::string network = step.network.empty() ? session_.spec.network : step.network;
  const std::string key = run_key(step, parent_chain(current), network, mount_digests(session_, step, open));
  cached_layer(current, key, one_line(instruction.text),
               [&](WorkLayer& layer) { execute(current, step, instruction, layer); });
  return step.created_by;
}

bool StageBuilder::use_cached(Current& current, const std::string& key, const std::string& title) {
  const auto text = session_.backend.cache_get(key);
  if (!text) return false;
  const std::optional<CachedStep> cached = read_cached_step(*text);
  if (!cached || !session_.backend.has_layer({cached->diff_id, cached->chain_id})) return false;
  announce(current, "CACHED " + title);
  current.state.layers.push_back({cached->diff_id, cached->chain_id});
  current.created = cached->created;
  return true;
}

bool StageBuilder::cached_layer(Current& current, const std::string& key, const std::string& title,
                                const Work& work, const std::string& quick_key) {
  if (!session_.spec.no_cache && use_cached(current, key, title)) {
    if (!quick_key.empty()) session_.backend.cache_put(quick_key, *session_.backend.cache_get(key));
    return true;
  }
  // Two builds of the same step do the work once: the second waits here and finds the first's result, or does
  // it itself when there is none because the first failed or was killed.
  const std::shared_ptr<void> lock = session_.spec.no_cache ? nullptr : session_.backend.cache_lock(key, [&] {
    session_.say("[" + current.title + " " + std::to_string(current.step + 1) + "/" +
                 std::to_string(current.steps) + "] waiting for another build of the same step: " + title);
  });
  if (lock && use_cached(current, key, title)) return true;
  const auto started = std::chrono::steady_clock::now();
  announce(current, title);
  const auto layer = session_.backend.work_layer(current.state.layers);
  work(*layer);
  const Layer made = layer->commit(session_.source_date_epoch);
  const CachedStep cached{made.diff_id, made.chain_id,
                          format_time(session_.source_date_epoch.value_or(std::time(nullptr)))};
  session_.backend.cache_put(key, to_text(cached));
  if (!quick_key.empty()) session_.backend.cache_put(quick_key, to_text(cached));
  current.state.layers.push_back(made);
  current.created = cached.created;
  session_.say("[" + current.title + " " + std::to_string(current.step) + "/" +
               std::to_string(current.steps) + "] done in " + seconds_since(started));
  return true;
}

void StageBuilder::announce(Current& current, const std::string& text) {
  ++current.step;
  session_.say("[" + current.title + " " + std::to_string(current.step) + "/" +
               std::to_string(current.steps) + "] " + text);
}

void StageBuilder::warn_unset(const Current& current, const WordExpander& expander,
                              const Instruction& instruction) {
  for (const std::string& name : expander.unset()) {
    const bool parameter = name.empty() || (!is_letter(decode_rune(name).value) && name[0] != '_');
    if (parameter || current.state.declared.contains(name)) continue;
    std::vector<std::string> names;
    for (const auto& [known, value] : current.state.variables) names.push_back(known);
    const std::string nearest = nearest_name(name, names);
    const bool global = session_.inputs.globals.contains(name);
    session_.say("warning: " + instruction.file + ":" + std::to_string(instruction.first_line) +
                 ": UndefinedVar: Usage of undefined variable '$" + name + "'" +
                 (global            ? " (declare it in this stage with ARG " + name + ")"
                  : nearest.empty() ? ""
                                    : " (did you mean $" + nearest + "?)"));
  }
}

std::string StageBuilder::parent_chain(const Current& current) {
  return current.state.layers.empty() ? "" : current.state.layers.back().chain_id;
}

std::unique_ptr<OpenSource> StageBuilder::open_source(const std::string& from, std::size_t current) {
  if (from.empty()) {
    if (!session_.files.context)
      throw Error("there is no build context to copy from", "build with a directory");
    const auto open = [this] {
      return open_file_at(session_.files.context.get(), ".", O_RDONLY | O_DIRECTORY);
    };
    return std::make_unique<OpenSource>(open, &session_.rules, "", true);
  }
  const Source source = resolve_from(session_.dockerfile, from, current);
  Layers layers;
  if (source.kind == Source::Kind::stage)
    layers = build(source.stage, current).layers;
  else if (source.kind == Source::Kind::image)
    layers = session_.base_images->get(source.image, "").layers;
  std::string identity = layers.empty() ? "scratch" : layers.back().chain_id;
  const auto open = [this, layers] { return session_.backend.open_layers(layers); };
  return std::make_unique<OpenSource>(open, nullptr, std::move(identity), false);
}

}  // namespace devenv::build
