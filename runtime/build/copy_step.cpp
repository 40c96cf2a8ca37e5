// COPY and ADD of the stage builder.
#include <devenv/error.h>
#include <fcntl.h>

#include <algorithm>

#include "copy.h"
#include "runtime/base/files.h"
#include "stage_builder.h"
#include "text.h"

namespace devenv::build {
namespace {

bool is_url(const std::string& source) {
  return source.starts_with("http://") || source.starts_with("https://");
}

bool is_git(const std::string& source) {
  return source.starts_with("git@") || source.starts_with("git://") || source.starts_with("ssh://") ||
         (is_url(source) && source.substr(0, source.find('#')).ends_with(".git"));
}

std::string joined(const std::vector<std::string>& sources) {
  std::string out;
  for (const std::string& source : sources) out += std::to_string(source.size()) + ":" + source;
  return out;
}

IgnoreRules excludes_of(const CopyStep& step) { return IgnoreRules(step.excludes); }

void check_form_of_checksum(const std::string& checksum) {
  if (!checksum.empty() && (!checksum.starts_with("sha256:") || checksum.size() != 71))
    throw Error("unsupported --checksum=" + checksum, "write sha256: and 64 hexadecimal digits");
}

}  // namespace

std::vector<std::string> StageBuilder::copy_digests(const CopyStep& step, const OpenSource& source) {
  const IgnoreRules excludes = excludes_of(step);
  std::vector<std::string> digests;
  for (const std::string& each : step.sources) {
    if (step.add && is_url(each)) continue;
    const auto matches = source.tree().match(each, step.parents);
    if (matches.size() > 1 && !step.destination.ends_with('/') && !step.parents) {
      const bool files =
          std::any_of(matches.begin(), matches.end(), [](const auto& match) { return !match.directory; });
      if (files && session_.files.context)
        throw Error(each + " matches " + std::to_string(matches.size()) +
                        " files, so the destination must be a directory",
                    "write " + step.destination + "/");
    }
    for (const SourceMatch& match : matches)
      digests.push_back(session_.digest_of(source.tree(), match, excludes, !source.is_context()));
  }
  return digests;
}

std::string StageBuilder::copy(Current& current, const Copy& copy, const Instruction& instruction,
                               WordExpander& expander) {
  const CopyStep step = plan_copy(copy, current.state, expander);
  const std::string title = instruction.text.substr(0, instruction.text.find('\n')),
                    verb = step.add ? "ADD" : "COPY";
  std::vector<std::string> remote;
  bool local = false;
  for (const std::string& source : step.sources) {
    if (step.add && is_git(source))
      throw Error("ADD " + source + ": git repositories are not supported",
                  "clone it into the build context first");
    if (step.add && is_url(source))
      remote.push_back("url " + source);
    else
      local = true;
  }
  const auto source = local ? open_source(step.from, current.index) : nullptr;
  try {
    const auto work = [&](WorkLayer& layer) { fill_copy(current, step, layer, source.get()); };
    // From another stage: while that stage is the same, its files need not be read to know that.
    const std::string quick =
        source && !source->is_context()
            ? copy_key(step, parent_chain(current), {"from", source->identity(), joined(step.sources)})
            : "";
    if (!quick.empty() && !session_.spec.no_cache && use_cached(current, quick, title))
      return step.created_by;
    std::vector<std::string> digests = source ? copy_digests(step, *source) : std::vector<std::string>{};
    digests.insert(digests.end(), remote.begin(), remote.end());
    cached_layer(current, copy_key(step, parent_chain(current), digests), title, work, quick);
  } catch (const NotFound& error) {
    const std::string where =
        source && source->is_context() ? " (build context: " + session_.spec.context_dir + ")" : "";
    throw NotFound(verb + (step.from.empty() ? "" : " --from=" + step.from) + ": " + error.what() + where);
  } catch (const Error& error) {
    throw Error(verb + (step.from.empty() ? "" : " --from=" + step.from) + ": " + error.what());
  }
  return step.created_by;
}

void StageBuilder::fill_copy(Current&, const CopyStep& step, WorkLayer& layer, const OpenSource* source) {
  CopyTarget target{.root_fd = layer.root(), .destination = step.destination};
  target.mode = step.mode;
  target.parents = step.parents;
  target.unpack = step.add && step.unpack.value_or(true);
  if (!step.chown.empty())
    target.owner = target.unpack_owner = resolve_owner(layer.root(), step.chown);
  else if (!source || source->is_context())
    target.owner = Owner{0, 0};
  const IgnoreRules excludes = excludes_of(step);
  for (const std::string& each : step.sources) {
    if (step.add && is_url(each)) {
      add_url(step, each, target);
      continue;
    }
    for (const SourceMatch& match : source->tree().match(each, step.parents))
      copy_match(source->tree(), match, excludes, target);
  }
  for (const InlineFile& file : step.files) copy_content(file.content, file.name, 0644, target);
}

void StageBuilder::add_url(const CopyStep& step, const std::string& url, CopyTarget& target) {
  check_form_of_checksum(step.checksum);
  const Fetched fetched = session_.backend.fetch(url, session_.progress);
  if (!step.checksum.empty() && fetched.digest != step.checksum)
    throw Error("ADD " + url + ": checksum is " + fetched.digest + ", not " + step.checksum,
                "the file changed, or the checksum is wrong");
  if (fetched.name.empty() && target.destination.ends_with('/'))
    throw Error("ADD " + url + ": the URL names no file", "end the destination with a file name");
  const UniqueFd file = open_file(fetched.path, O_RDONLY);
  if (step.unpack.value_or(false) && unpack_download(file.get(), url, target)) return;
  copy_download(file.get(), fetched.name, fetched.mtime_s, target);
}

}  // namespace devenv::build
