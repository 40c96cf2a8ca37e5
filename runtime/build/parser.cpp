#include "parser.h"

#include <devenv/error.h>

#include <set>

#include "json_form.h"
#include "text.h"
#include "words.h"

namespace devenv::build {
namespace {

constexpr int max_trigger_depth = 100;  // ONBUILD ONBUILD …; refused later, but it must not eat the stack

Node parse_line(std::string_view line, char escape, int depth);

void take_json_or(std::string_view rest, Node& node, bool whole) {
  JsonForm form = read_json_form(rest);
  if (form.kind == JsonForm::Kind::not_strings)
    throw Error("when using JSON array syntax, arrays must be comprised of strings only",
                "quote every element: [\"a\", \"1\"]");
  if (form.kind == JsonForm::Kind::strings) {
    node.args.insert(node.args.end(), form.elements.begin(), form.elements.end());
    node.json = true;
  } else if (whole) {
    node.args.emplace_back(rest);
  } else {
    node.args = split_fields(rest);
  }
}

void take_healthcheck(std::string_view rest, Node& node) {
  const auto is_blank = [](char c) { return is_space(static_cast<unsigned char>(c)); };
  std::size_t end = 0;
  while (end < rest.size() && !is_blank(rest[end])) ++end;
  if (end == 0) return;  // a byte that would be a blank in Latin-1
  std::size_t next = end;
  while (next < rest.size() && is_blank(rest[next])) ++next;
  node.args.emplace_back(rest.substr(0, end));
  if (next < rest.size()) take_json_or(rest.substr(next), node, true);
}

void take_arguments(const std::string& name, std::string_view rest, char escape, int depth, Node& node) {
  static const std::set<std::string_view> exec_forms = {"run", "cmd", "entrypoint", "shell"};
  static const std::set<std::string_view> lists = {"add", "copy", "volume"};
  static const std::set<std::string_view> whole = {"user", "workdir", "stopsignal", "maintainer"};
  static const std::set<std::string_view> known = {"env",    "label",       "arg",    "from",
                                                   "expose", "healthcheck", "onbuild"};
  if (!exec_forms.contains(name) && !lists.contains(name) && !whole.contains(name) && !known.contains(name)) {
    node.args = {""};  // what BuildKit shows of an instruction it does not know
    return;
  }
  if (rest.empty()) return;
  if (exec_forms.contains(name)) return take_json_or(rest, node, true);
  if (lists.contains(name)) return take_json_or(rest, node, false);
  if (whole.contains(name)) {
    node.args = {std::string(rest)};
  } else if (name == "env" || name == "label") {
    node.args = split_pairs(rest, escape, to_upper(name));
  } else if (name == "arg") {
    node.args = split_words(rest, escape);
  } else if (name == "healthcheck") {
    take_healthcheck(rest, node);
  } else if (name == "onbuild") {
    node.trigger.push_back(parse_line(rest, escape, depth + 1));
  } else {
    node.args = split_fields(rest);
  }
}

Node parse_line(std::string_view line, char escape, int depth) {
  if (depth > max_trigger_depth) throw Error("ONBUILD is nested too deeply");
  SplitLine split = split_instruction(line, escape);
  Node node;
  node.name = std::move(split.name);
  node.flags = std::move(split.flags);
  node.original = line;
  take_arguments(to_lower(node.name), split.rest, escape, depth, node);
  return node;
}

bool takes_heredocs(const Node& node) {
  const Node& inner = node.trigger.empty() ? node : node.trigger.front();
  const std::string name = to_lower(inner.name);
  return (name == "add" || name == "copy" || name == "run") && !inner.json;
}

Node parse_instruction(Lexer& lexer, LogicalLine line, const std::string& file) {
  Node node;
  std::vector<Heredoc> heredocs;
  try {
    node = parse_line(line.text, lexer.escape(), 0);
    if (takes_heredocs(node) && line.text.find("<<") != std::string::npos)
      heredocs = find_heredocs(line.text);
  } catch (const Error& error) {
    fail_at(file, line.first, error.what());
  }
  for (Heredoc& heredoc : heredocs) {
    lexer.read_body(heredoc, line.first);
    node.heredocs.push_back(std::move(heredoc));
  }
  node.comments = std::move(line.comments);
  node.first_line = line.first;
  node.last_line = lexer.line();
  return node;
}

std::string dump_body(const Node& node) {
  std::string out = to_lower(node.name);
  for (std::size_t i = 0; i < node.flags.size(); ++i) out += (i == 0 ? " [" : " ") + quote(node.flags[i]);
  if (!node.flags.empty()) out += ']';
  for (const Node& inner : node.trigger) out += " " + dump(inner);
  for (const std::string& arg : node.args) out += " " + quote(arg);
  return std::string(trim(out));
}

}  // namespace

Syntax parse_dockerfile(std::string_view text, const std::string& file) {
  Lexer lexer(text, file);
  Syntax syntax;
  while (auto line = lexer.next()) syntax.nodes.push_back(parse_instruction(lexer, std::move(*line), file));
  if (syntax.nodes.empty())
    fail_at(file, std::max(lexer.line(), 1), "file with no instructions", "begin with FROM and an image");
  syntax.escape = lexer.escape();
  syntax.directives = lexer.directives();
  syntax.warnings = std::move(lexer.warnings());
  return syntax;
}

Node parse_trigger(std::string_view text, const std::string& file, char escape) {
  Lexer lexer(text, file, escape);
  auto line = lexer.next();
  if (!line) throw Error("parse ONBUILD trigger of " + file + ": it is empty");
  return parse_instruction(lexer, std::move(*line), file);
}

std::string dump(const Node& node) { return "(" + dump_body(node) + ")"; }

}  // namespace devenv::build
