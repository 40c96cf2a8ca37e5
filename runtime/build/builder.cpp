#include "builder.h"

#include <devenv/error.h>

#include <cstdlib>
#include <mutex>

#include "lint.h"
#include "runtime/base/sha256.h"
#include "session.h"
#include "stage_builder.h"
#include "text.h"

namespace devenv::build {
namespace {

Variables build_args_of(const BuildSpec& spec) {
  Variables args;
  for (const auto& [name, value] : spec.build_args) args[name] = value;
  return args;
}

std::optional<std::int64_t> source_date_epoch(const Variables& args) {
  const auto found = args.find("SOURCE_DATE_EPOCH");
  if (found == args.end() || found->second.empty()) return {};
  if (found->second.size() > 12 || found->second.find_first_not_of("0123456789") != std::string::npos)
    throw Error("read build argument SOURCE_DATE_EPOCH=" + found->second + ": not a number of seconds");
  return std::stoll(found->second);
}

void report_warnings(const Session& session, const Syntax& syntax) {
  const auto warnings = lint(syntax, session.dockerfile, session.inputs.globals);
  for (const Warning& warning : warnings) session.say("warning: " + show(warning, session.dockerfile.file));
  if (!warnings.empty() && read_check_directive(syntax).error)
    fail_at(session.dockerfile.file, warnings[0].line, warnings[0].rule + ": " + warnings[0].message,
            "the directive check=error=true makes warnings errors");
}

Session open_session(const BuildSpec& spec, Backend& backend, const Progress& progress) {
  Session session{.spec = spec, .backend = backend, .progress = progress, .files = open_build_files(spec)};
  const Syntax syntax = parse_dockerfile(session.files.dockerfile, session.files.name);
  session.dockerfile = read_dockerfile(syntax, session.files.name);
  session.inputs.build_args = build_args_of(spec);
  session.inputs.escape = syntax.escape;
  session.inputs.globals = expand_globals(session.dockerfile, session.inputs.build_args);
  session.source_date_epoch = source_date_epoch(session.inputs.build_args);
  session.graph = plan_stages(session.dockerfile, session.inputs.globals, spec.target);
  const std::string& target = session.dockerfile.stages[session.graph.target].from.stage;
  session.inputs.globals["TARGETSTAGE"] = target.empty() ? "default" : target;
  session.rules = IgnoreRules(session.files.ignore_patterns);
  report_warnings(session, syntax);
  return session;
}

// Which digests are remembered, per context directory.
std::string memo_key(const BuildSpec& spec) { return sha256_hex("context digests " + spec.context_dir); }

void warn_unused_args(const Session& session, const std::set<std::string>& declared) {
  static const std::set<std::string, std::less<>> predefined = {
      "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "source_date_epoch"};
  std::set<std::string> used = declared;
  for (const Instruction& instruction : session.dockerfile.global_args)
    for (const auto& [name, value] : std::get<Arg>(instruction.value).names) used.insert(name);
  std::string unused;
  for (const auto& [name, value] : session.inputs.build_args)
    if (!used.contains(name) && !predefined.contains(to_lower(name)))
      unused += (unused.empty() ? "" : ", ") + name;
  if (!unused.empty()) session.say("warning: build arguments not used by any ARG: " + unused);
}

}  // namespace

ImageInfo run_build(const BuildSpec& spec, Backend& backend, const Progress& report) {
  std::mutex reporting;
  const Progress progress = [&](const std::string& line) {
    const std::lock_guard lock(reporting);
    if (report) report(line);
  };
  Session session = open_session(spec, backend, progress);
  if (!spec.context_dir.empty()) session.memo = DigestMemo(backend.cache_get(memo_key(spec)).value_or(""));
  StageBuilder stages(session);
  StageState result = stages.build_all();
  warn_unused_args(session, stages.declared_args());
  if (session.memo.changed()) backend.cache_put(memo_key(spec), session.memo.text());

  for (const auto& [name, value] : spec.labels) result.image.config.labels[name] = value;
  if (session.source_date_epoch) result.image.created = format_time(*session.source_date_epoch);
  result.image.diff_ids.clear();
  for (const Layer& layer : result.layers) result.image.diff_ids.push_back(layer.diff_id);
  ImageInfo image = backend.write_image(store::serialise(result.image), result.layers, spec.tags);
  session.say("built " + image.id);
  return image;
}

}  // namespace devenv::build
