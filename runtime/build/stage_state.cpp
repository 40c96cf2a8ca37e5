#include "stage_state.h"

#include <devenv/error.h>

#include <algorithm>

#include "runtime/base/signals.h"
#include "text.h"

namespace devenv::build {
namespace {

constexpr char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void set_pair(std::vector<Pair>& pairs, const std::string& key, const std::string& value) {
  const auto found =
      std::find_if(pairs.begin(), pairs.end(), [&](const Pair& pair) { return pair.first == key; });
  if (found != pairs.end()) pairs.erase(found);
  pairs.emplace_back(key, value);
}

std::string show_list(const std::vector<std::string>& words) {
  std::string out = "[";
  for (std::size_t i = 0; i < words.size(); ++i) out += (i == 0 ? "" : " ") + quote(words[i]);
  return out + "]";
}

std::vector<std::string> with_shell(const CommandLine& command, const StageState& state) {
  if (!command.shell || command.words.empty()) return command.words;
  std::vector<std::string> words = shell_of(state);
  words.insert(words.end(), command.words.begin(), command.words.end());
  return words;
}

// The parts of `8000-8010/tcp`. Throws for what is no port.
std::pair<int, int> port_range(const std::string& text, const std::string& whole) {
  const auto number = [&](const std::string& digits) {
    const bool valid = !digits.empty() && digits.size() <= 5 &&
                       digits.find_first_not_of("0123456789") == std::string::npos &&
                       std::stoi(digits) <= 65535;
    if (!valid) throw Error("invalid containerPort: " + whole, "write EXPOSE 8080, 53/udp or 8000-8010/tcp");
    return std::stoi(digits);
  };
  const std::size_t dash = text.find('-');
  const int first = number(text.substr(0, dash));
  const int last = dash == std::string::npos ? first : number(text.substr(dash + 1));
  if (last < first) throw Error("invalid range of ports: " + whole, "the first must be the smaller");
  return {first, last};
}

void expose(const std::string& word, std::set<std::string>& ports) {
  std::string port = word;
  if (const std::size_t colon = port.rfind(':'); colon != std::string::npos) port.erase(0, colon + 1);
  const std::size_t slash = port.find('/');
  const std::string protocol = slash == std::string::npos ? "tcp" : to_lower(port.substr(slash + 1));
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    throw Error("invalid proto: " + protocol + " in " + word, "use tcp, udp or sctp");
  const auto [first, last] = port_range(port.substr(0, slash), word);
  for (int number = first; number <= last; ++number) ports.insert(std::to_string(number) + "/" + protocol);
}

std::string apply_arg(const Arg& arg, StageState& state, const BuildInputs& inputs, WordExpander& expander) {
  std::string shown = "ARG";
  std::vector<std::pair<std::string, std::optional<std::string>>> resolved;
  for (const auto& [name, value] : arg.names) {
    const std::string key = expander(name);
    std::optional<std::string> result;
    if (const auto given = inputs.build_args.find(key); given != inputs.build_args.end())
      result = given->second;
    else if (value)
      result = expander(*value);
    else if (const auto global = inputs.globals.find(key); global != inputs.globals.end())
      result = global->second;
    shown += " " + key + (result ? "=" + *result : "");
    resolved.emplace_back(key, result);
  }
  for (const auto& [key, value] : resolved) {
    state.declared.insert(key);
    if (!value) continue;
    set_pair(state.args, key, *value);
    state.variables[key] = *value;
  }
  return shown;
}

std::string apply_env(const Env& env, StageState& state, WordExpander& expander) {
  std::string shown = "ENV";
  std::vector<Pair> resolved;
  for (const auto& [key, value] : env.pairs) {
    resolved.emplace_back(expander(key), expander(value));
    if (resolved.back().first.empty()) throw Error("ENV names can not be blank");
  }
  for (const auto& [key, value] : resolved) {
    set_env(state.image.config.env, key, value);
    std::erase_if(state.args, [&key = key](const Pair& pair) { return pair.first == key; });
    state.variables[key] = value;
    shown += " " + key + "=" + value;
  }
  return shown;
}

std::string apply_label(const Label& label, StageState& state, WordExpander& expander) {
  std::string shown = "LABEL";
  for (const auto& [key, value] : label.pairs) {
    const std::string name = expander(key), text = expander(value);
    state.image.config.labels[name] = text;
    shown += " " + name + "=" + text;
  }
  return shown;
}

std::string apply_entrypoint(const Entrypoint& entrypoint, StageState& state) {
  state.image.config.entrypoint = with_shell(entrypoint.command, state);
  // An inherited CMD was meant for the inherited ENTRYPOINT.
  if (!state.cmd_set) state.image.config.cmd.clear();
  return "ENTRYPOINT " + show_list(state.image.config.entrypoint);
}

std::string apply_healthcheck(const Healthcheck& check, StageState& state) {
  state.image.config.healthcheck = store::Healthcheck{
      check.test,   check.interval_ns, check.timeout_ns, check.start_period_ns, check.start_interval_ns,
      check.retries};
  return "HEALTHCHECK " + show_list(check.test);
}

std::string apply_user(const User& user, StageState& state, WordExpander& expander) {
  const std::string name = expander(user.user);
  if (name.empty()) throw Error("USER is blank after expansion of " + quote(user.user));
  state.image.config.user = name;
  return "USER " + name;
}

std::string apply_workdir(const Workdir& workdir, StageState& state, WordExpander& expander) {
  const std::string path = expander(workdir.path);
  if (path.empty()) throw Error("WORKDIR is blank after expansion of " + quote(workdir.path));
  state.image.config.working_dir = clean_path(absolute_path(state, path));
  return "WORKDIR " + state.image.config.working_dir;
}

}  // namespace

StageState start_stage(store::ImageConfig image, Layers layers) {
  StageState state;
  state.image = std::move(image);
  state.layers = std::move(layers);
  auto& env = state.image.config.env;
  const auto is_path = [](const std::string& pair) { return pair.starts_with("PATH="); };
  if (std::none_of(env.begin(), env.end(), is_path)) env.push_back(std::string("PATH=") + default_path);
  for (const std::string& pair : env) {
    const std::size_t equals = pair.find('=');
    state.variables[pair.substr(0, equals)] = equals == std::string::npos ? "" : pair.substr(equals + 1);
  }
  return state;
}

StageState continue_stage(const StageState& parent) {
  StageState state = parent;
  state.cmd_set = false;
  return state;
}

void set_env(std::vector<std::string>& env, const std::string& key, const std::string& value) {
  for (std::string& pair : env) {
    if (!pair.starts_with(key + "=")) continue;
    pair = key + "=" + value;
    return;
  }
  env.push_back(key + "=" + value);
}

std::string absolute_path(const StageState& state, const std::string& path) {
  const std::string& workdir = state.image.config.working_dir;
  const std::string joined = path.starts_with('/') ? path : (workdir.empty() ? "/" : workdir + "/") + path;
  const std::string clean = clean_path("/" + joined);
  const bool directory = path.ends_with('/') || path == "." || path.ends_with("/.");
  return directory && clean != "/" ? clean + "/" : clean;
}

std::vector<std::string> shell_of(const StageState& state) {
  if (!state.image.config.shell.empty()) return state.image.config.shell;
  return {"/bin/sh", "-c"};
}

std::string WordExpander::operator()(const std::string& word) {
  Expansion result = expand(word, variables_, {.escape = escape_});
  unset_.merge(result.unset);
  return result.text;
}

std::vector<std::string> WordExpander::words(const std::string& word) {
  Expansion result = expand(word, variables_, {.escape = escape_});
  unset_.merge(result.unset);
  return result.words;
}

std::string WordExpander::content(const std::string& text) {
  Expansion result = expand(text, variables_, {.skip_quotes = true});
  unset_.merge(result.unset);
  return result.text;
}

std::string apply_to_config(const Instruction& instruction, StageState& state, const BuildInputs& inputs,
                            WordExpander& expander) {
  store::RunConfig& config = state.image.config;
  const AnyInstruction& value = instruction.value;
  if (const auto* arg = std::get_if<Arg>(&value)) return apply_arg(*arg, state, inputs, expander);
  if (const auto* env = std::get_if<Env>(&value)) return apply_env(*env, state, expander);
  if (const auto* label = std::get_if<Label>(&value)) return apply_label(*label, state, expander);
  if (const auto* entrypoint = std::get_if<Entrypoint>(&value)) return apply_entrypoint(*entrypoint, state);
  if (const auto* check = std::get_if<Healthcheck>(&value)) return apply_healthcheck(*check, state);
  if (const auto* user = std::get_if<User>(&value)) return apply_user(*user, state, expander);
  if (const auto* workdir = std::get_if<Workdir>(&value)) return apply_workdir(*workdir, state, expander);
  if (const auto* cmd = std::get_if<Cmd>(&value)) {
    config.cmd = with_shell(cmd->command, state);
    state.cmd_set = true;
    return "CMD " + show_list(config.cmd);
  }
  if (const auto* ports = std::get_if<Expose>(&value)) {
    for (const std::string& port : ports->ports)
      for (const std::string& word : expander.words(port)) expose(word, config.exposed_ports);
  } else if (const auto* maintainer = std::get_if<Maintainer>(&value)) {
    state.image.author = maintainer->name;
  } else if (const auto* onbuild = std::get_if<Onbuild>(&value)) {
    config.onbuild.push_back(onbuild->trigger);
  } else if (const auto* shell = std::get_if<Shell>(&value)) {
    config.shell = shell->words;
  } else if (const auto* stop = std::get_if<Stopsignal>(&value)) {
    config.stop_signal = expander(stop->signal);
    if (!signal_number(config.stop_signal))
      throw Error("STOPSIGNAL " + config.stop_signal + ": no such signal", "as in SIGTERM, HUP or 9");
  } else if (const auto* volume = std::get_if<Volume>(&value)) {
    for (const std::string& path : volume->paths) {
      const std::string expanded = expander(path);
      if (expanded.empty()) throw Error("VOLUME specified can not be an empty string");
      config.volumes.insert(clean_path(expanded.starts_with('/') ? expanded : "/" + expanded));
    }
  }
  return instruction.text;
}

}  // namespace devenv::build
