// What gives disk space back: images by name, and whatever nothing needs any more.
#include "adapters/cli/arguments.h"
#include "adapters/cli/show/human.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

void note_postponed(Context& context, const ImageRemoval& removal) {
  if (removal.postponed)
    context.console.warn(
        "devenv: a build, a pull or a start is under way, so no layer was deleted; devenv image prune does "
        "it later\n");
}

/// docker's question. Anything but yes on standard input, its end included, is no.
bool confirmed(Context& context, bool force, const std::string& what) {
  if (force) return true;
  context.console.print("WARNING! This will remove " + what + ".\nAre you sure you want to continue? [y/N] ");
  const std::string answer = context.console.read_line();
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string reclaimed(std::uint64_t bytes) { return "Total reclaimed space: " + human_size(bytes) + "\n"; }

void print_pruned(Context& context, const char* title, const ImageRemoval& removal) {
  std::string text;
  for (const std::string& name : removal.untagged) text += "untagged: " + name + "\n";
  for (const std::string& id : removal.deleted) text += "deleted: " + id + "\n";
  if (!text.empty()) text = std::string(title) + "\n" + text + "\n";
  context.console.print(text + reclaimed(removal.reclaimed_bytes));
  note_postponed(context, removal);
}

}  // namespace

int run_rmi(Context& context, const Args& args) {
  bool force = false;
  Flags app("Remove images: each name given, and with the last name the image.");
  app.add_flag("-f,--force", force, "Also from under stopped containers, and by id with all its names");
  const auto names = parse(app, {"rmi [flags] IMAGE [IMAGE...]", 1}, args);
  int code = 0;
  for (const std::string& name : names) {
    try {
      const ImageRemoval removal = context.engine().remove_image(name, force);
      for (const std::string& each : removal.untagged) context.console.print("Untagged: " + each + "\n");
      for (const std::string& each : removal.deleted) context.console.print("Deleted: " + each + "\n");
      note_postponed(context, removal);
    } catch (const Error& error) {
      context.console.warn(std::string("devenv: ") + error.what() + "\n");
      code = kFailed;
    }
  }
  return code;
}

int run_image_prune(Context& context, const Args& args) {
  bool all = false, force = false;
  Flags app("Remove images without a name, and layers that nothing needs.");
  app.add_flag("-a,--all", all, "Every image that no container uses");
  app.add_flag("-f,--force", force, "Do not ask");
  parse(app, {"image prune [flags]", 0, 0}, args);
  if (!confirmed(
          context, force,
          all ? "all images without at least one container associated to them" : "all dangling images"))
    return 0;
  print_pruned(context, "Deleted Images:", context.engine().prune_images(all));
  return 0;
}

int run_builder_prune(Context& context, const Args& args) {
  bool all = false, force = false;
  Flags app("Forget build steps that belong to no image, and delete their layers.");
  app.add_flag("-a,--all", all, "Every step: the next build runs them all");
  app.add_flag("-f,--force", force, "Do not ask");
  parse(app, {"builder prune [flags]", 0, 0}, args);
  if (!confirmed(context, force, all ? "all build cache" : "all dangling build cache")) return 0;
  print_pruned(context, "Deleted build cache objects:", context.engine().prune_build_cache(all));
  return 0;
}

}  // namespace devenv::cli
