#include "images.h"

#include "report.h"
#include "runtime/base/settings.h"
#include "state.h"

namespace devenv {
namespace {

/// A text equal for equal builds. Whether files of the context changed is for the builder's cache to know in
/// the next process; within one, a context is taken to stay as it is.
std::string build_question(const BuildSpec& build) {
  std::string text = "build\n";
  for (const std::string* part :
       {&build.context_dir, &build.dockerfile, &build.dockerfile_text, &build.target, &build.network})
    text += *part + '\0';
  const auto add = [&](const char* kind, const auto& pairs) {
    for (const auto& [name, value] : pairs) text += kind + name + '=' + value + '\0';
  };
  add("arg ", build.build_args);
  add("label ", build.labels);
  add("secret ", build.secrets);
  for (const std::string& tag : build.tags) text += "tag " + tag + '\0';
  return text + (build.no_cache ? "n" : "") + (build.pull ? "p" : "") + (build.trust_host_cas ? "c" : "");
}

}  // namespace

ImageInfo resolve_image(SessionContext& session, const ServiceSpec& spec, const std::string& service) {
  Engine& engine = session.engine();
  if (spec.build) {
    BuildSpec build = *spec.build;
    if (settings::trust_host_cas()) build.trust_host_cas = true;
    return session.images().get(build_question(build), ImageCache::Failures::keep, [&] {
      SlowProgress progress(service);
      return engine.build(build, progress.callback());
    });
  }
  if (spec.container.image.empty())
    throw Error("find the image: the service names neither an image nor a build",
                "set container.image or build");
  const std::string reference = session.substitute_image(spec.container.image);
  return session.images().get("image\n" + reference, ImageCache::Failures::ask_again, [&] {
    SlowProgress progress(service);
    return engine.ensure_image(reference, spec.pull, progress.callback(), Deadline::never());
  });
}

}  // namespace devenv
