#include "graph.h"

#include <devenv/error.h>

#include <algorithm>
#include <functional>

#include "mount.h"
#include "runtime/base/nearest.h"
#include "text.h"

namespace devenv::build {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos;
}

std::optional<std::size_t> find_stage(const Dockerfile& dockerfile, const std::string& name,
                                      std::size_t before) {
  const std::string wanted = to_lower(name);
  // Of two stages with one name the later wins.
  for (std::size_t i = std::min(before, dockerfile.stages.size()); i-- > 0;)
    if (!dockerfile.stages[i].from.stage.empty() && dockerfile.stages[i].from.stage == wanted) return i;
  return {};
}

std::string stage_title(const Dockerfile& dockerfile, std::size_t index) {
  const std::string& name = dockerfile.stages[index].from.stage;
  return name.empty() ? std::to_string(index) : name;
}

Source resolve_base(const Dockerfile& dockerfile, std::size_t index, const Variables& globals) {
  const Dockerfile::Stage& stage = dockerfile.stages[index];
  std::string name;
  try {
    name = process_word(stage.from.image, globals, dockerfile.escape);
  } catch (const Error& error) {
    fail_at(dockerfile.file, stage.line, error.what());
  }
  if (name.empty())
    fail_at(dockerfile.file, stage.line, "base name (" + stage.from.image + ") should not be blank",
            "give the ARG it uses a default before the first FROM, or pass --build-arg");
  if (const auto found = find_stage(dockerfile, name, index)) return {Source::Kind::stage, *found, {}};
  if (name == "scratch") return {Source::Kind::scratch, 0, {}};
  return {Source::Kind::image, 0, name};
}

std::vector<std::string> sources_named_by(const Instruction& instruction) {
  std::vector<std::string> names;
  if (const Copy* copy = std::get_if<Copy>(&instruction.value)) {
    if (!copy->from.empty()) names.push_back(copy->from);
  } else if (const Run* run = std::get_if<Run>(&instruction.value)) {
    for (const MountFields& mount : run->mounts)
      if (const std::string from = mount_from(mount); !from.empty()) names.push_back(from);
  }
  return names;
}

StageNode make_node(const Dockerfile& dockerfile, std::size_t index, const Variables& globals) {
  StageNode node;
  node.base = resolve_base(dockerfile, index, globals);
  try {
    node.platform = process_word(dockerfile.stages[index].from.platform, globals, dockerfile.escape);
  } catch (const Error& error) {
    fail_at(dockerfile.file, dockerfile.stages[index].line, error.what());
  }
  if (node.base.kind == Source::Kind::stage) node.needs.insert(node.base.stage);
  for (const Instruction& instruction : dockerfile.stages[index].instructions) {
    for (const std::string& name : sources_named_by(instruction)) {
      try {
        const Source source = resolve_from(dockerfile, name, index);
        if (source.kind == Source::Kind::stage) node.needs.insert(source.stage);
      } catch (const Error& error) {
        fail_at(dockerfile.file, instruction.first_line, error.what());
      }
    }
  }
  return node;
}

std::size_t find_target(const Dockerfile& dockerfile, const std::string& target) {
  if (target.empty()) return dockerfile.stages.size() - 1;
  if (const auto found = find_stage(dockerfile, target, dockerfile.stages.size())) return *found;
  if (is_number(target) && std::stoul(target) < dockerfile.stages.size()) return std::stoul(target);
  std::vector<std::string> names;
  for (const auto& stage : dockerfile.stages)
    if (!stage.from.stage.empty()) names.push_back(stage.from.stage);
  std::string hint = nearest_name(target, names);
  if (!hint.empty()) {
    hint = "did you mean " + hint + "?";
  } else {
    hint = names.empty() ? "no stage has a name; give one with FROM … AS name" : "the stages are";
    for (const std::string& name : names) hint += " " + name;
  }
  throw NotFound("build target " + target + ": no such stage in " + dockerfile.file, hint);
}

// Depth first; `path` is the chain of stages being visited.
void visit(const Dockerfile& dockerfile, Graph& graph, std::size_t index, std::vector<std::size_t>& path) {
  if (std::find(graph.order.begin(), graph.order.end(), index) != graph.order.end()) return;
  if (const auto start = std::find(path.begin(), path.end(), index); start != path.end()) {
    std::string names;
    for (auto it = start; it != path.end(); ++it) names += stage_title(dockerfile, *it) + " -> ";
    fail_at(dockerfile.file, dockerfile.stages[index].line,
            "circular dependency of stages: " + names + stage_title(dockerfile, index),
            "a stage can only take files from stages that do not need it");
  }
  path.push_back(index);
  for (const std::size_t needed : graph.stages[index].needs) visit(dockerfile, graph, needed, path);
  path.pop_back();
  graph.order.push_back(index);
}

}  // namespace

Source resolve_from(const Dockerfile& dockerfile, const std::string& from, std::size_t current) {
  if (const auto found = find_stage(dockerfile, from, dockerfile.stages.size())) {
    // An earlier stage of that name is meant before a later one.
    if (const auto earlier = find_stage(dockerfile, from, current))
      return {Source::Kind::stage, *earlier, {}};
    return {Source::Kind::stage, *found, {}};
  }
  if (is_number(from)) {
    const std::size_t index = std::stoul(from);
    if (index >= current)
      throw Error("--from=" + from + ": there is no earlier stage with that number",
                  "stages count from 0; this is stage " + std::to_string(current));
    return {Source::Kind::stage, index, {}};
  }
  if (from == "scratch") return {Source::Kind::scratch, 0, {}};
  return {Source::Kind::image, 0, from};
}

Graph plan_stages(const Dockerfile& dockerfile, const Variables& globals, const std::string& target) {
  Graph graph;
  for (std::size_t i = 0; i < dockerfile.stages.size(); ++i)
    graph.stages.push_back(make_node(dockerfile, i, globals));
  graph.target = find_target(dockerfile, target);
  std::vector<std::size_t> path;
  visit(dockerfile, graph, graph.target, path);
  return graph;
}

const Variables& platform_variables() {
#if defined(__x86_64__)
  static const std::string arch = "amd64", variant;
#elif defined(__aarch64__)
  static const std::string arch = "arm64", variant;
#elif defined(__arm__)
  static const std::string arch = "arm", variant = "v7";
#else
  static const std::string arch = "unknown", variant;
#endif
  static const std::string platform = "linux/" + arch + (variant.empty() ? "" : "/" + variant);
  static const Variables variables = {
      {"BUILDPLATFORM", platform},  {"BUILDOS", "linux"},  {"BUILDARCH", arch},  {"BUILDVARIANT", variant},
      {"TARGETPLATFORM", platform}, {"TARGETOS", "linux"}, {"TARGETARCH", arch}, {"TARGETVARIANT", variant}};
  return variables;
}

Variables expand_globals(const Dockerfile& dockerfile, const Variables& build_args) {
  Variables globals = platform_variables();
  for (const Instruction& instruction : dockerfile.global_args) {
    Variables declared;
    for (const auto& [name, value] : std::get<Arg>(instruction.value).names) {
      try {
        const std::string key = process_word(name, globals, dockerfile.escape);
        if (const auto given = build_args.find(key); given != build_args.end())
          declared[key] = given->second;
        else if (value)
          declared[key] = process_word(*value, globals, dockerfile.escape);
      } catch (const Error& error) {
        fail_at(dockerfile.file, instruction.first_line, error.what());
      }
    }
    for (auto& [key, value] : declared) globals[key] = value;
  }
  return globals;
}

}  // namespace devenv::build
