#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/key_value.h"
#include "adapters/cli/progress.h"
#include "runtime/base/files.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/settings.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

struct BuildOptions {
  BuildSpec spec;
  std::vector<std::string> build_args, labels, secrets;
  std::string progress = "auto", iidfile;
  bool quiet = false;
};

void declare(Flags& app, BuildOptions& o) {
  app.add_list("-t,--tag", o.spec.tags, "A name for the image (NAME[:TAG])").type_name("NAME");
  app.add_option("-f,--file", o.spec.dockerfile, "The Dockerfile (PATH/Dockerfile), - for standard input")
      .type_name("FILE");
  app.add_list("--build-arg", o.build_args, "A build argument (NAME=VALUE, or NAME to pass on yours)")
      .type_name("ARG");
  app.add_option("--target", o.spec.target, "The stage to build").type_name("STAGE");
  app.add_flag("--no-cache", o.spec.no_cache, "Do every step again");
  app.add_flag("--pull", o.spec.pull, "Ask the registry again for base images");
  app.add_list("--label", o.labels, "A label of the image (NAME=VALUE)").type_name("LABEL");
  app.add_option("--network", o.spec.network, "Network of RUN: default, none or host").type_name("NETWORK");
  app.add_list("--secret", o.secrets, "A file for RUN --mount=type=secret (id=NAME,src=FILE)")
      .type_name("SECRET");
  app.add_option("--progress", o.progress, "Form of progress: auto, plain, json or quiet").type_name("FORM");
  app.add_flag("-q,--quiet", o.quiet, "No progress, only the image's id");
  app.add_option("--iidfile", o.iidfile, "Write the image's id to this file").type_name("FILE");
  app.add_flag("--trust-host-cas", o.spec.trust_host_cas,
               "RUN trusts the host's CAs; no layer contains them (or DEVENV_TRUST_HOST_CAS=1)");
}

Pair readable(Pair secret) {
  if (access(secret.second.c_str(), R_OK) != 0)
    throw SystemError(errno, "read secret " + secret.first + " from " + secret.second,
                      "check the file given with --secret id=NAME,src=FILE");
  return secret;
}

void fill(BuildOptions& o) {
  for (const auto& text : o.build_args)
    if (auto pair = parse_build_arg(text, from_environment)) o.spec.build_args.push_back(std::move(*pair));
  for (const auto& text : o.labels) o.spec.labels.push_back(parse_label(text));
  for (const auto& text : o.secrets) o.spec.secrets.push_back(readable(parse_secret(text)));
  if (settings::trust_host_cas()) o.spec.trust_host_cas = true;
}

void check_context(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    throw SystemError(errno, "build " + path,
                      "the last argument is the context directory, as in `devenv build -t app .`");
  if (!S_ISDIR(info.st_mode))
    throw UsageError("build " + path + ": it is not a directory",
                     "the last argument is the context directory; a Dockerfile is named with -f");
}

}  // namespace

int run_build(Context& context, const Args& args) {
  BuildOptions options;
  Flags app("Build an image from a Dockerfile.");
  declare(app, options);
  const auto operands = parse(app, {"build [flags] DIRECTORY|-", 1, 1}, args);
  fill(options);
  BuildSpec& spec = options.spec;
  const Progress progress = make_progress(context.console, options.quiet ? "quiet" : options.progress);
  std::string empty_context;
  const ScopeExit cleanup([&] {
    if (!empty_context.empty()) rmdir(empty_context.c_str());
  });
  if (operands[0] == "-") {
    char path[] = "/tmp/devenv-context-XXXXXX";
    if (mkdtemp(path) == nullptr) throw SystemError(errno, "make an empty context in /tmp");
    spec.context_dir = empty_context = path;
    spec.dockerfile = "-";
  } else {
    check_context(operands[0]);
    spec.context_dir = operands[0];
  }
  if (spec.dockerfile == "-") {
    spec.dockerfile_text = context.console.read_input();
    if (spec.dockerfile_text.empty())
      throw UsageError("build " + operands[0] + ": the Dockerfile on standard input is empty");
  }
  const auto image = context.engine().build(spec, progress);
  if (!options.iidfile.empty()) replace_file(options.iidfile, image.id);
  if (options.quiet) context.console.print(image.id + "\n");
  for (const auto& tag : spec.tags) progress("tagged " + tag);
  return 0;
}

}  // namespace devenv::cli
