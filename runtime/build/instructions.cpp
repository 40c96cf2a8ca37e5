#include "instructions.h"

#include <devenv/error.h>

#include <algorithm>
#include <functional>
#include <map>

#include "flags.h"
#include "runtime/base/nearest.h"
#include "text.h"

namespace devenv::build {
namespace {

using Reader = std::function<AnyInstruction(const Node&)>;

[[noreturn]] void refuse(const Node& node, const std::string& what, const std::string& hint = {}) {
  throw Error(to_upper(node.name) + " " + what, hint);
}

void need_one_argument(const Node& node) {
  if (node.args.size() != 1) refuse(node, "requires exactly one argument");
}
void need_arguments(const Node& node) {
  if (node.args.empty()) refuse(node, "requires at least one argument");
}
void take_no_flags(const Node& node) { Flags(node.flags, {}); }

CommandLine command_line(const Node& node) { return {node.args, !node.json}; }

bool valid_stage_name(const std::string& name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos;
}

AnyInstruction read_from(const Node& node) {
  From from;
  if (node.args.size() == 3 && to_lower(node.args[1]) == "as") {
    from.stage_as_written = node.args[2];
    from.keyword_as = node.args[1];
    from.stage = to_lower(node.args[2]);
    if (!valid_stage_name(from.stage))
      throw Error("invalid name for build stage: " + quote(node.args[2]) +
                      ", name can't start with a number or contain symbols",
                  "use letters, digits, '-', '_' and '.'");
  } else if (node.args.size() != 1) {
    refuse(node, "requires either one or three arguments", "write FROM image [AS name]");
  }
  from.image = node.args[0];
  from.platform = Flags(node.flags, {{"platform", FlagKind::text}}).text("platform");
  return from;
}

MountFields read_mount(const std::string& text) {
  MountFields fields;
  for (const std::string& field : split_csv(text)) {
    const std::size_t equals = field.find('=');
    fields.emplace_back(to_lower(trim(field.substr(0, equals))),
                        equals == std::string::npos ? "" : field.substr(equals + 1));
  }
  return fields;
}

AnyInstruction read_run(const Node& node) {
  const Flags flags(node.flags,
                    {{"mount", FlagKind::list}, {"network", FlagKind::text}, {"security", FlagKind::text}});
  Run run{command_line(node), node.heredocs, {}, flags.text("network"), flags.text("security")};
  for (const std::string& mount : flags.list("mount")) run.mounts.push_back(read_mount(mount));
  if (!run.network.empty() && run.network != "default" && run.network != "none" && run.network != "host")
    throw Error("invalid network mode " + quote(run.network), "use default, none or host");
  if (run.security == "insecure")
    throw Error("RUN --security=insecure is not allowed",
                "a build gives no extra privileges; use the sandbox");
  if (!run.security.empty() && run.security != "sandbox")
    throw Error("invalid security mode " + quote(run.security), "use sandbox");
  if (run.command.words.empty()) refuse(node, "requires at least one argument");
  return run;
}

AnyInstruction read_copy(const Node& node) {
  Copy copy;
  copy.add = to_lower(node.name) == "add";
  std::map<std::string, FlagKind> known = {{"chown", FlagKind::text},
                                           {"chmod", FlagKind::text},
                                           {"link", FlagKind::boolean},
                                           {"exclude", FlagKind::list}};
  if (copy.add)
    known.insert(
        {{"checksum", FlagKind::text}, {"keep-git-dir", FlagKind::boolean}, {"unpack", FlagKind::boolean}});
  else
    known.insert({{"from", FlagKind::text}, {"parents", FlagKind::boolean}});
  const Flags flags(node.flags, known);
  if (node.args.size() < 2)
    refuse(node, "requires at least two arguments, but only " +
                     std::string(node.args.empty() ? "none" : "one") +
                     " was provided. Destination could not be determined");
  copy.destination = node.args.back();
  if (read_heredoc_marker(copy.destination)) refuse(node, "cannot accept a heredoc as a destination");
  for (std::size_t i = 0; i + 1 < node.args.size(); ++i) {
    const auto marker = node.heredocs.empty() ? std::nullopt : read_heredoc_marker(node.args[i]);
    const auto body = std::find_if(node.heredocs.begin(), node.heredocs.end(),
                                   [&](const Heredoc& each) { return marker && each.name == marker->name; });
    if (body == node.heredocs.end())
      copy.sources.push_back(node.args[i]);
    else
      copy.files.push_back(
          {body->name, marker->chomp ? chomp_tabs(body->content) : body->content, marker->expand});
  }
  copy.from = flags.text("from");
  copy.chown = flags.text("chown");
  copy.chmod = flags.text("chmod");
  copy.checksum = flags.text("checksum");
  copy.link = flags.is_true("link");
  copy.parents = flags.is_true("parents");
  copy.keep_git_dir = flags.is_true("keep-git-dir");
  copy.unpack = flags.boolean("unpack");
  copy.excludes = flags.list("exclude");
  if (copy.from.find('$') != std::string::npos)
    throw Error("COPY --from=" + copy.from + ": variables are not expanded here",
                "use FROM with the variable and AS name, then COPY --from=name");
  return copy;
}

template <class T>
AnyInstruction read_pairs(const Node& node) {
  take_no_flags(node);
  need_arguments(node);
  T value;
  for (std::size_t i = 0; i + 2 < node.args.size(); i += 3) {
    if (node.args[i].empty()) refuse(node, "names can not be blank");
    value.pairs.emplace_back(node.args[i], node.args[i + 1]);
    value.legacy = node.args[i + 2].empty();
  }
  return value;
}

AnyInstruction read_arg(const Node& node) {
  need_arguments(node);
  Arg arg;
  for (const std::string& word : node.args) {
    const std::size_t equals = word.find('=');
    if (equals == 0) refuse(node, "names can not be blank");
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    arg.names.emplace_back(word.substr(0, equals), std::move(value));
  }
  return arg;
}

std::int64_t interval(const Flags& flags, const std::string& name) {
  const std::string text = flags.text(name);
  if (text.empty()) return 0;
  const long long nanoseconds = parse_duration_ns(text);
  if (nanoseconds != 0 && nanoseconds < 1000000)
    throw Error("interval --" + name + "=" + text + " cannot be less than 1ms");
  return nanoseconds;
}

AnyInstruction read_healthcheck(const Node& node) {
  need_arguments(node);
  const std::string type = to_upper(node.args[0]);
  Healthcheck check;
  if (type == "NONE") {
    if (node.args.size() > 1) throw Error("HEALTHCHECK NONE takes no arguments");
    check.test = {"NONE"};
    return check;
  }
  const Flags flags(node.flags, {{"interval", FlagKind::text},
                                 {"timeout", FlagKind::text},
                                 {"start-period", FlagKind::text},
                                 {"start-interval", FlagKind::text},
                                 {"retries", FlagKind::text}});
  if (type != "CMD")
    throw Error("unknown type " + quote(node.args[0]) + " in HEALTHCHECK", "try CMD or NONE");
  if (node.args.size() < 2) throw Error("missing command after HEALTHCHECK CMD");
  check.test = node.args;
  check.test[0] = node.json ? "CMD" : "CMD-SHELL";
  check.interval_ns = interval(flags, "interval");
  check.timeout_ns = interval(flags, "timeout");
  check.start_period_ns = interval(flags, "start-period");
  check.start_interval_ns = interval(flags, "start-interval");
  const std::string retries = flags.text("retries");
  if (retries.find_first_not_of("0123456789") != std::string::npos || retries.size() > 9)
    throw Error("--retries=" + retries + " is not a number from 0 on");
  check.retries = retries.empty() ? 0 : std::stoi(retries);
  return check;
}

AnyInstruction read_onbuild(const Node& node) {
  if (node.trigger.empty()) refuse(node, "requires at least one argument");
  take_no_flags(node);
  const std::string trigger = to_upper(node.trigger[0].name);
  if (trigger == "ONBUILD") throw Error("chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger == "MAINTAINER" || trigger == "FROM")
    throw Error(trigger + " isn't allowed as an ONBUILD trigger");
  Node inner = node.trigger[0];
  inner.heredocs = node.heredocs;
  read_instruction(inner, "");  // refuse now what could only fail in somebody else's build
  std::string text(trim(std::string_view(trim(node.original)).substr(7)));
  for (const Heredoc& heredoc : node.heredocs) text += "\n" + heredoc.content + heredoc.name;
  return Onbuild{text};
}

AnyInstruction read_shell(const Node& node) {
  take_no_flags(node);
  need_arguments(node);
  if (!node.json)
    throw Error("SHELL requires the arguments to be in JSON form",
                "write SHELL [\"/bin/bash\", \"-c\"] with straight double quotes");
  return Shell{node.args};
}

AnyInstruction read_volume(const Node& node) {
  take_no_flags(node);
  need_arguments(node);
  Volume volume;
  for (const std::string& path : node.args) {
    volume.paths.emplace_back(trim(path));
    if (volume.paths.back().empty()) throw Error("VOLUME specified can not be an empty string");
  }
  return volume;
}

AnyInstruction read_entrypoint(const Node& node) {
  take_no_flags(node);
  return Entrypoint{command_line(node)};
}
AnyInstruction read_cmd(const Node& node) {
  take_no_flags(node);
  return Cmd{command_line(node)};
}
AnyInstruction read_expose(const Node& node) {
  take_no_flags(node);
  need_arguments(node);
  return Expose{node.args};
}

template <class T>
AnyInstruction read_one(const Node& node) {
  take_no_flags(node);
  need_one_argument(node);
  return T{node.args[0]};
}

const std::map<std::string, Reader>& readers() {
  static const std::map<std::string, Reader> all = {{"from", read_from},
                                                    {"run", read_run},
                                                    {"copy", read_copy},
                                                    {"add", read_copy},
                                                    {"env", read_pairs<Env>},
                                                    {"label", read_pairs<Label>},
                                                    {"arg", read_arg},
                                                    {"cmd", read_cmd},
                                                    {"entrypoint", read_entrypoint},
                                                    {"expose", read_expose},
                                                    {"healthcheck", read_healthcheck},
                                                    {"maintainer", read_one<Maintainer>},
                                                    {"onbuild", read_onbuild},
                                                    {"shell", read_shell},
                                                    {"stopsignal", read_one<Stopsignal>},
                                                    {"user", read_one<User>},
                                                    {"volume", read_volume},
                                                    {"workdir", read_one<Workdir>}};
  return all;
}

[[noreturn]] void refuse_unknown(const Node& node) {
  std::vector<std::string> names;
  for (const auto& entry : readers()) names.push_back(to_upper(entry.first));
  const std::string nearest = nearest_name(node.name, names);
  throw Error("unknown instruction: " + node.name, nearest.empty() ? "" : "did you mean " + nearest + "?");
}

}  // namespace

Instruction read_instruction(const Node& node, const std::string& file) {
  try {
    const auto reader = readers().find(to_lower(node.name));
    if (reader == readers().end()) refuse_unknown(node);
    return {reader->second(node), node.name, node.original, node.first_line, node.last_line, file};
  } catch (const Error& error) {
    if (file.empty()) throw;
    fail_at(file, node.first_line, error.what());
  }
}

Dockerfile read_dockerfile(const Syntax& syntax, const std::string& file) {
  Dockerfile dockerfile;
  dockerfile.escape = syntax.escape;
  dockerfile.file = file;
  for (const Node& node : syntax.nodes) {
    Instruction instruction = read_instruction(node, file);
    if (const From* from = std::get_if<From>(&instruction.value))
      dockerfile.stages.push_back({*from, node.first_line, {}});
    else if (!dockerfile.stages.empty())
      dockerfile.stages.back().instructions.push_back(std::move(instruction));
    else if (std::holds_alternative<Arg>(instruction.value))
      dockerfile.global_args.push_back(std::move(instruction));
    else
      fail_at(file, node.first_line,
              "no build stage in current context: " + to_upper(node.name) + " before FROM",
              "begin with FROM; only ARG may come before it");
  }
  if (dockerfile.stages.empty())
    fail_at(file, syntax.nodes.back().last_line, "no build stage: there is no FROM", "add FROM and an image");
  return dockerfile;
}

}  // namespace devenv::build
