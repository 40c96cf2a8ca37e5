#include <algorithm>

#include "adapters/cli/arguments.h"
#include "adapters/cli/progress.h"
#include "adapters/cli/show/human.h"
#include "adapters/cli/show/listing.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

struct ImagesOptions {
  bool all = false, quiet = false, no_trunc = false, digests = false;
  std::string format;
};

/// "debian:bookworm" → {"debian", "bookworm"}; the colon of a registry's port is none of a tag.
std::pair<std::string, std::string> split_tag(const std::string& reference) {
  const std::size_t colon = reference.rfind(':');
  const std::size_t slash = reference.rfind('/');
  if (colon == std::string::npos || (slash != std::string::npos && colon < slash))
    return {reference, "<none>"};
  return {reference.substr(0, colon), reference.substr(colon + 1)};
}

Fields image_fields(const ImageInfo& image, const std::string& reference, std::int64_t now_ns,
                    bool truncate) {
  const auto [repository, tag] =
      reference.empty() ? std::pair<std::string, std::string>("<none>", "<none>") : split_tag(reference);
  const bool known = image.created_unix_s != 0;
  return {{"ID", truncate ? short_id(image.id) : image.id},
          {"Repository", repository},
          {"Tag", tag},
          {"Digest", image.manifest_digest.empty() ? "<none>" : image.manifest_digest},
          {"CreatedSince",
           known ? human_duration(now_ns - image.created_unix_s * 1'000'000'000) + " ago" : "N/A"},
          {"CreatedAt", known ? human_time(image.created_unix_s) : "N/A"},
          {"Size", human_size(image.size_bytes)}};
}

bool matches(const std::string& reference, const std::string& wanted) {
  return reference == wanted || split_tag(reference).first == wanted;
}

}  // namespace

int run_images(Context& context, const Args& args) {
  ImagesOptions options;
  Flags app("List images.");
  app.add_flag("-a,--all", options.all, "Accepted: there are no hidden images");
  app.add_flag("-q,--quiet", options.quiet, "Only ids");
  app.add_flag("--no-trunc", options.no_trunc, "Whole ids");
  app.add_flag("--digests", options.digests, "A column of manifest digests");
  app.add_option("--format", options.format, "json, or a template such as '{{.Repository}}:{{.Tag}}'")
      .type_name("FORMAT");
  const auto operands = parse(app, {"images [flags] [REPOSITORY[:TAG]]", 0, 1}, args);
  auto images = context.engine().images();
  std::stable_sort(images.begin(), images.end(),
                   [](const auto& a, const auto& b) { return a.created_unix_s > b.created_unix_s; });
  Listing listing{.columns = {{"REPOSITORY", "Repository"},
                              {"TAG", "Tag"},
                              {"IMAGE ID", "ID"},
                              {"CREATED", "CreatedSince"},
                              {"SIZE", "Size"}},
                  .items = {}};
  if (options.digests) listing.columns.insert(listing.columns.begin() + 2, {"DIGEST", "Digest"});
  for (const auto& image : images) {
    auto references = image.references;
    if (references.empty() && operands.empty()) references.emplace_back();
    for (const auto& reference : references)
      if (operands.empty() || matches(reference, operands[0]))
        listing.items.push_back(image_fields(image, reference, now_unix_ns(), !options.no_trunc));
  }
  if (listing.items.empty() && !operands.empty() && (operands[0] == "ls" || operands[0] == "list"))
    throw UsageError("list images of \"" + operands[0] + "\": there is no such repository",
                     "to list all, write `devenv images` or `devenv image ls`");
  if (options.quiet) {
    // An image with two tags is one id.
    auto& items = listing.items;
    items.erase(std::unique(items.begin(), items.end(),
                            [](const Fields& a, const Fields& b) { return a[0] == b[0]; }),
                items.end());
  }
  show(context.console, listing, options.quiet && options.format.empty() ? "{{.ID}}" : options.format);
  return 0;
}

int run_image_bootstrap(Context& context, const Args& args) {
  bool force = false, quiet = false;
  std::string progress = "auto";
  Flags app("Build a base image from the distribution's own archive, signatures checked.");
  app.add_flag("--force", force, "Build it again when it is there");
  app.add_option("--progress", progress, "Form of progress: auto, plain, json or quiet").type_name("FORM");
  app.add_flag("-q,--quiet", quiet, "No progress");
  const auto operands = parse(app, {"image bootstrap [flags] debian:bookworm|trixie[-slim]", 1, 1}, args);
  const auto image = context.engine().bootstrap(operands[0], force,
                                                make_progress(context.console, quiet ? "quiet" : progress));
  context.console.print(image.id + "\n");
  return 0;
}

int run_pull(Context& context, const Args& args) {
  bool quiet = false;
  std::string progress = "auto";
  Flags app("Pull an image from its registry.");
  app.add_option("--progress", progress, "Form of progress: auto, plain, json or quiet").type_name("FORM");
  app.add_flag("-q,--quiet", quiet, "No progress");
  const auto operands = parse(app, {"pull [flags] IMAGE", 1, 1}, args);
  const auto image = context.engine().ensure_image(operands[0], PullPolicy::always,
                                                   make_progress(context.console, quiet ? "quiet" : progress),
                                                   Deadline::never());
  context.console.print(image.references.empty() ? image.id + "\n" : operands[0] + "\n");
  return 0;
}

}  // namespace devenv::cli
