#include "steps.h"

#include <devenv/error.h>

#include <algorithm>

#include "text.h"

namespace devenv::build {
namespace {

const std::vector<std::string>& proxy_names() {
  static const std::vector<std::string> names = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
                                                 "FTP_PROXY",  "ftp_proxy",  "NO_PROXY",    "no_proxy",
                                                 "ALL_PROXY",  "all_proxy"};
  return names;
}

// A RUN of nothing but one heredoc is that script; others are handed to the shell with their bodies.
std::string shell_text(const Run& run, std::optional<std::string>& script) {
  const std::string& text = run.command.words[0];
  if (run.heredocs.empty()) return text;
  if (read_heredoc_marker(text)) {
    const Heredoc& heredoc = run.heredocs[0];
    const std::string content = heredoc.chomp ? chomp_tabs(heredoc.content) : heredoc.content;
    if (content.starts_with("#!")) script = content;
    return content;
  }
  std::string full = text;
  for (const Heredoc& heredoc : run.heredocs) full += "\n" + heredoc.content + heredoc.name;
  return full;
}

std::string run_history(const RunStep& step, const StageState& state) {
  std::string shown = "RUN ";
  if (!state.args.empty()) {
    shown += "|" + std::to_string(state.args.size());
    for (const auto& [key, value] : state.args) shown += " " + key + "=" + value;
    shown += " ";
  }
  for (std::size_t i = 0; i < step.argv.size(); ++i) shown += (i == 0 ? "" : " ") + step.argv[i];
  return shown + " # buildkit";
}

std::optional<unsigned> read_chmod(const std::string& text) {
  if (text.empty()) return {};
  if (text.size() > 5 || text.find_first_not_of("01234567") != std::string::npos)
    throw Error("invalid --chmod=" + text, "use octal digits, as in --chmod=755");
  return static_cast<unsigned>(std::stoul(text, nullptr, 8));
}

}  // namespace

RunStep plan_run(const Run& run, const StageState& state, const BuildInputs& inputs, WordExpander& expander) {
  RunStep step;
  if (run.command.shell) {
    const std::string text = shell_text(run, step.script);
    step.argv = shell_of(state);
    step.argv.push_back(text);
    if (step.script) step.argv = {script_path};
  } else {
    step.argv = run.command.words;
  }
  step.env = state.args;
  for (const std::string& pair : state.image.config.env) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string key = pair.substr(0, equals);
    // An ARG that came after the ENV of its name wins.
    const auto is_key = [&](const Pair& arg) { return arg.first == key; };
    if (std::none_of(state.args.begin(), state.args.end(), is_key))
      step.env.emplace_back(key, equals < pair.size() ? pair.substr(equals + 1) : "");
  }
  for (const std::string& name : proxy_names()) {
    const auto given = inputs.build_args.find(name);
    if (given != inputs.build_args.end() && !state.variables.contains(name))
      step.proxies.emplace_back(name, given->second);
  }
  step.user = state.image.config.user;
  step.workdir = state.image.config.working_dir.empty() ? "/" : state.image.config.working_dir;
  step.network = run.network;
  for (const MountFields& fields : run.mounts)
    step.mounts.push_back(
        read_mount(fields, step.workdir, [&](const std::string& value) { return expander(value); }));
  step.created_by = run_history(step, state);
  return step;
}

CopyStep plan_copy(const Copy& copy, const StageState& state, WordExpander& expander) {
  CopyStep step;
  step.add = copy.add;
  step.from = copy.from;
  const std::string verb = copy.add ? "ADD" : "COPY";
  for (const std::string& source : copy.sources) {
    step.sources.push_back(expander(source));
    if (step.sources.back().empty())
      throw Error(verb + " source " + quote(source) + " is blank after expansion");
  }
  for (const InlineFile& file : copy.files)
    step.files.push_back({file.name, file.expand ? expander.content(file.content) : file.content, false});
  const std::string destination = expander(copy.destination);
  if (destination.empty())
    throw Error(verb + " destination " + quote(copy.destination) + " is blank after expansion");
  step.destination = absolute_path(state, destination);
  if (step.sources.size() + step.files.size() > 1 && !step.destination.ends_with('/'))
    throw Error("when using " + verb +
                    " with more than one source file, the destination must be a directory and "
                    "end with a /",
                "write " + destination + "/");
  step.chown = expander(copy.chown);
  step.mode = read_chmod(expander(copy.chmod));
  step.checksum = expander(copy.checksum);
  step.link = copy.link;
  step.parents = copy.parents;
  step.unpack = copy.unpack;
  step.excludes = copy.excludes;

  step.created_by = verb;
  for (const std::string& source : step.sources) step.created_by += " " + source;
  for (const InlineFile& file : step.files) step.created_by += " <<" + file.name;
  step.created_by += " " + step.destination + " # buildkit";
  return step;
}

}  // namespace devenv::build
