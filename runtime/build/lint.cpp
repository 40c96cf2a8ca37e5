#include "lint.h"

#include <devenv/error.h>

#include <algorithm>
#include <optional>

#include "json_form.h"
#include "text.h"
#include "words.h"

namespace devenv::build {
namespace {

bool is_upper(const std::string& text) { return text == to_upper(text); }
bool is_lower(const std::string& text) { return text == to_lower(text); }

class Linter {
 public:
  Linter(const Syntax& syntax, const Dockerfile& dockerfile, const Variables& globals)
      : syntax_(syntax), dockerfile_(dockerfile), globals_(globals), warnings_(syntax.warnings) {}

  std::vector<Warning> run() {
    for (const Node& node : syntax_.nodes) check_json(node);
    check_casing();
    for (std::size_t i = 0; i < dockerfile_.stages.size(); ++i) {
      check_from(i);
      check_stage(i);
    }
    return std::move(warnings_);
  }

 private:
  void warn(const char* rule, const std::string& message, int line) {
    warnings_.push_back({rule, message, line});
  }

  void check_json(const Node& node) {
    if (!node.trigger.empty()) {
      Node inner = node.trigger[0];
      inner.first_line = node.first_line;
      return check_json(inner);
    }
    const std::string name = to_lower(node.name);
    static const std::set<std::string> exec = {"run", "cmd",  "entrypoint", "shell",
                                               "add", "copy", "volume",     "healthcheck"};
    if (node.json || !exec.contains(name)) return;
    std::string rest = split_instruction(node.original, syntax_.escape).rest;
    if (name == "healthcheck" && !node.args.empty())
      rest = trim(std::string_view(rest).substr(node.args[0].size()));
    const JsonForm form = read_json_form(rest);
    // `RUN [ -f x ]` is a shell's test, not a broken exec form.
    const bool test =
        rest.size() > 1 && rest[1] == ' ' && rest.find('"') == std::string::npos && form.offset <= 3;
    const bool quoted = rest.find_first_of("\"'") != std::string::npos || has_curly_quote(rest);
    if (form.kind == JsonForm::Kind::broken && quoted && !(test && !has_curly_quote(rest)))
      warn("JSONArgsRecommended",
           to_upper(name) + " looks like a JSON array but is not one, so it is read as plain text: " +
               explain_broken_json(rest, form.offset),
           node.first_line);
    else if ((name == "cmd" || name == "entrypoint") && !node.args.empty() && !custom_shell(node))
      warn("JSONArgsRecommended",
           "JSON arguments recommended for " + to_upper(name) +
               " to prevent unintended behavior related to OS signals",
           node.first_line);
  }

  static bool has_curly_quote(const std::string& text) {
    const std::u32string runes = to_runes(text);
    return runes.find_first_of(U"\u2018\u2019\u201C\u201D\u201E") != runes.npos;
  }

  // A SHELL of the same stage says that the shell is wanted.
  bool custom_shell(const Node& node) const {
    bool shell = false;
    for (const Node& other : syntax_.nodes) {
      if (&other == &node || other.first_line >= node.first_line) break;
      const std::string name = to_lower(other.name);
      if (name == "from") shell = false;
      if (name == "shell") shell = true;
    }
    return shell;
  }

  void check_casing() {
    long upper = 0, lower = 0;
    for (const Node& node : syntax_.nodes) (is_upper(node.name) ? upper : lower) += 1;
    for (const Node& node : syntax_.nodes) {
      const bool wanted_upper = upper >= lower;
      if (wanted_upper ? is_upper(node.name) : is_lower(node.name)) continue;
      warn("ConsistentInstructionCasing",
           "Command '" + node.name + "' should match the case of the command majority (" +
               (wanted_upper ? "uppercase" : "lowercase") + ")",
           node.first_line);
    }
  }

  void check_from(std::size_t index) {
    const Dockerfile::Stage& stage = dockerfile_.stages[index];
    const From& from = stage.from;
    if (from.stage_as_written != from.stage)
      warn("StageNameCasing", "Stage name '" + from.stage_as_written + "' should be lowercase", stage.line);
    if (from.stage == "scratch" || from.stage == "context")
      warn("ReservedStageName",
           "Stage name should not use the same name as reserved stage \"" + from.stage + "\"", stage.line);
    for (std::size_t i = 0; i < index && !from.stage.empty(); ++i) {
      if (dockerfile_.stages[i].from.stage != from.stage) continue;
      warn("DuplicateStageName", "Duplicate stage name \"" + from.stage + "\", stage names should be unique",
           stage.line);
      break;
    }
    check_from_casing(stage);
    check_from_variables(stage);
  }

  void check_from_casing(const Dockerfile::Stage& stage) {
    const std::string& as = stage.from.keyword_as;
    const auto node = std::find_if(syntax_.nodes.begin(), syntax_.nodes.end(),
                                   [&](const Node& each) { return each.first_line == stage.line; });
    if (as.empty() || node == syntax_.nodes.end()) return;
    if ((is_upper(as) && is_upper(node->name)) || (is_lower(as) && is_lower(node->name))) return;
    warn("FromAsCasing", "'" + as + "' and '" + node->name + "' keywords' casing do not match", stage.line);
  }

  void check_from_variables(const Dockerfile::Stage& stage) {
    for (const std::string& text : {stage.from.image, stage.from.platform}) {
      for (const std::string& name : unset_in(text, globals_))
        warn("UndefinedArgInFrom", "FROM argument '" + name + "' is not declared", stage.line);
    }
    const std::string& platform = stage.from.platform;
    if (platform == "$TARGETPLATFORM" || platform == "${TARGETPLATFORM}")
      warn("RedundantTargetPlatform",
           "Setting platform to predefined " + platform +
               " in FROM is redundant as this is the default behavior",
           stage.line);
    else if (!platform.empty() && platform.find('$') == std::string::npos)
      warn("FromPlatformFlagConstDisallowed",
           "FROM --platform flag should not use constant value \"" + platform + "\"", stage.line);
  }

  static std::set<std::string> unset_in(const std::string& text, const Variables& variables) {
    try {
      return expand(text, variables).unset;
    } catch (const Error&) {
      return {};  // the build will say so
    }
  }

  void check_stage(std::size_t index) {
    const From& from = dockerfile_.stages[index].from;
    const bool child =
        std::any_of(dockerfile_.stages.begin(), dockerfile_.stages.begin() + static_cast<long>(index),
                    [&](const auto& stage) { return stage.from.stage == to_lower(from.image); });
    // A parent stage may have set an absolute one.
    bool absolute = false;
    std::optional<int> cmd, entrypoint, healthcheck;
    for (const Instruction& instruction : dockerfile_.stages[index].instructions) {
      check_instruction(instruction, absolute || child);
      if (const Workdir* workdir = std::get_if<Workdir>(&instruction.value))
        absolute = absolute || workdir->path.starts_with('/') || workdir->path.starts_with('$');
      if (std::holds_alternative<Cmd>(instruction.value)) repeated("CMD", cmd, instruction.first_line);
      if (std::holds_alternative<Entrypoint>(instruction.value))
        repeated("ENTRYPOINT", entrypoint, instruction.first_line);
      if (std::holds_alternative<Healthcheck>(instruction.value))
        repeated("HEALTHCHECK", healthcheck, instruction.first_line);
    }
  }

  void repeated(const std::string& name, std::optional<int>& last, int line) {
    if (last)
      warn("MultipleInstructionsDisallowed",
           "Multiple " + name +
               " instructions should not be used in the same stage because only the last one will be used",
           *last);
    last = line;
  }

  void check_instruction(const Instruction& instruction, bool absolute_workdir) {
    const int line = instruction.first_line;
    if (std::holds_alternative<Maintainer>(instruction.value))
      warn("MaintainerDeprecated", "Maintainer instruction is deprecated in favor of using label", line);
    if (const Workdir* workdir = std::get_if<Workdir>(&instruction.value)) {
      if (!absolute_workdir && !workdir->path.starts_with('/') && !workdir->path.starts_with('$'))
        warn("WorkdirRelativePath",
             "Relative workdir \"" + workdir->path +
                 "\" can have unexpected results if the base image has a WORKDIR",
             line);
    } else if (const Expose* expose = std::get_if<Expose>(&instruction.value)) {
      for (const std::string& port : expose->ports) check_port(port, line);
    } else if (const Env* env = std::get_if<Env>(&instruction.value)) {
      check_pairs("ENV", env->pairs, env->legacy, line);
    } else if (const Label* label = std::get_if<Label>(&instruction.value)) {
      check_pairs("LABEL", label->pairs, label->legacy, line);
    } else if (const Arg* arg = std::get_if<Arg>(&instruction.value)) {
      for (const auto& [name, value] : arg->names) check_secret("ARG", name, line);
    }
  }

  void check_pairs(const std::string& name, const std::vector<Pair>& pairs, bool legacy, int line) {
    if (legacy)
      warn("LegacyKeyValueFormat",
           "\"" + name + " key=value\" should be used instead of legacy \"" + name + " key value\" format",
           line);
    if (name != "ENV") return;
    for (const auto& [key, value] : pairs) check_secret("ENV", key, line);
  }

  void check_secret(const std::string& name, const std::string& key, int line) {
    static const std::vector<std::string> tokens = {"apikey", "auth",     "credential", "credentials",
                                                    "key",    "password", "pword",      "passwd",
                                                    "secret", "token"};
    std::vector<std::string> parts(1);
    for (const char c : to_lower(key)) {
      if (c == '_')
        parts.emplace_back();
      else
        parts.back() += c;
    }
    const bool open = std::find(parts.begin(), parts.end(), "public") != parts.end();
    const bool secret = std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
      return std::find(tokens.begin(), tokens.end(), part) != tokens.end();
    });
    if (secret && !open)
      warn("SecretsUsedInArgOrEnv",
           "Do not use ARG or ENV instructions for sensitive data (" + name + " \"" + key + "\")", line);
  }

  void check_port(const std::string& port, int line) {
    const std::size_t slash = port.find('/');
    const std::string protocol = slash == std::string::npos ? "" : port.substr(slash + 1);
    if (!is_lower(protocol))
      warn("ExposeProtoCasing", "Defined protocol '" + port + "' in EXPOSE instruction should be lowercase",
           line);
    if (port.find(':') != std::string::npos)
      warn("ExposeInvalidFormat",
           "EXPOSE instruction should not define an IP address or host-port mapping, found '" + port + "'",
           line);
  }

  const Syntax& syntax_;
  const Dockerfile& dockerfile_;
  const Variables& globals_;
  std::vector<Warning> warnings_;
};

}  // namespace

CheckDirective read_check_directive(const Syntax& syntax) {
  CheckDirective check;
  for (const Directive& directive : syntax.directives) {
    if (directive.name != "check") continue;
    std::string_view rest = directive.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string option(trim(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (option == "error=true") check.error = true;
      if (!option.starts_with("skip=")) continue;
      std::string rules = option.substr(5) + ",";
      for (std::size_t comma; (comma = rules.find(',')) != std::string::npos; rules.erase(0, comma + 1))
        check.skip.emplace(trim(std::string_view(rules).substr(0, comma)));
    }
  }
  return check;
}

std::vector<Warning> lint(const Syntax& syntax, const Dockerfile& dockerfile, const Variables& globals) {
  const CheckDirective check = read_check_directive(syntax);
  std::vector<Warning> warnings;
  if (check.skip.contains("all")) return warnings;
  for (Warning& warning : Linter(syntax, dockerfile, globals).run())
    if (!check.skip.contains(warning.rule)) warnings.push_back(std::move(warning));
  std::stable_sort(warnings.begin(), warnings.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  return warnings;
}

std::string show(const Warning& warning, const std::string& file) {
  return file + ":" + std::to_string(warning.line) + ": " + warning.rule + ": " + warning.message;
}

}  // namespace devenv::build
