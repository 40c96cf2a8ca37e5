#include <fcntl.h>

#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/mount_spec.h"
#include "adapters/cli/progress.h"
#include "adapters/cli/terminal/relay.h"
#include "run_options.h"
#include "runtime/base/files.h"
#include "runtime/base/settings.h"
#include "runtime/kernel/systemd_unit.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

/// Written as docker does: refused when the file is there, gone again when the start fails.
class CidFile {
 public:
  explicit CidFile(const std::string& path) : path_(path) {
    if (path.empty()) return;
    fd_ = UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (fd_) return;
    if (errno == EEXIST)
      throw Conflict("write the container's id to " + path + ": the file exists",
                     "make sure that no other container uses it and remove it");
    throw SystemError(errno, "write the container's id to " + path);
  }
  CidFile(const CidFile&) = delete;
  CidFile& operator=(const CidFile&) = delete;
  ~CidFile() {
    if (fd_ && !written_) unlink(path_.c_str());
  }

  void write(const std::string& id) {
    if (fd_) write_all(fd_.get(), id, path_);
    written_ = true;
  }

 private:
  std::string path_;
  UniqueFd fd_;
  bool written_ = false;
};

void remove_with_volumes(Engine& engine, const ContainerInfo& container) {
  engine.remove(container.id, true);
  for (const MountSpec& mount : container.spec.mounts)
    if (mount.type == MountSpec::Type::volume && is_anonymous_volume(mount.source))
      engine.remove_volume(mount.source, true);
}

/// Nothing of a foreground container runs on when this command is killed. With a terminal and without --rm it
/// may be left by the detach keys, so there it has to be able to outlive us.
Lifetime foreground_lifetime(const RunOptions& options) {
  if (options.remove) return Lifetime::session;
  return options.tty && options.interactive ? Lifetime::detached : Lifetime::kept;
}

/// nullptr when the container has already exited.
std::unique_ptr<ProcessHandle> try_attach(Engine& engine, const std::string& id) {
  try {
    return engine.attach(id);
  } catch (const Conflict&) {
    return nullptr;
  }
}

std::optional<ExitStatus> connect(Context& context, const RunOptions& options, const std::string& id) {
  Engine& engine = context.engine();
  const auto log = engine.logs(id);
  if (const auto process = try_attach(engine, id)) {
    // Leaving a container behind that is to end with this command would be a contradiction.
    const DetachKeys keys(options.remove ? "" : options.detach_keys);
    return relay(context.console, *process, log.get(),
                 {.tty = options.tty,
                  .input = options.interactive,
                  .proxy_signals = options.sig_proxy,
                  .detach_keys = keys})
        .exit;
  }
  copy_log(context.console, *log);
  return engine.wait(id, Deadline::never());
}

void show_warnings(Context& context, const ContainerInfo& container) {
  for (const std::string& warning : container.warnings)
    context.console.warn("devenv: run " + container.name + ": " + warning + "\n");
}

int run_foreground(Context& context, const RunOptions& options, const ContainerSpec& spec, CidFile& cidfile) {
  Engine& engine = context.engine();
  kernel::leave_inner_group();
  ContainerInfo container = engine.start(spec, foreground_lifetime(options));
  show_warnings(context, container);
  cidfile.write(container.id);
  const auto exit = connect(context, options, container.id);
  if (!exit) return 0;
  if (exit->out_of_memory)
    context.console.warn("devenv: run " + container.name +
                         ": killed, out of memory; raise the limit with --memory\n");
  container.spec = spec;
  if (options.remove) remove_with_volumes(engine, container);
  return exit->code;
}

}  // namespace

int run_run(Context& context, const Args& args) {
  RunOptions options;
  Flags app("Run a command in a new container.");
  declare_run_flags(app, options);
  const Syntax syntax{"run [flags] IMAGE [COMMAND] [ARG...]", 1, SIZE_MAX, true};
  const auto operands = parse(app, syntax, args);
  ContainerSpec spec = make_spec(options, operands, from_environment);
  if (settings::trust_host_cas()) spec.trust_host_cas = true;
  const PullPolicy policy = parse_pull_policy(options.pull);
  const DetachKeys checked(options.detach_keys);
  if (options.tty && options.interactive && !options.detach && !context.console.in_is_terminal())
    throw UsageError("run " + spec.image + ": -t with -i needs a terminal as standard input",
                     "leave -t out to feed it from a pipe or file");
  const Progress progress = make_progress(context.console, options.quiet ? "quiet" : options.progress);
  CidFile cidfile(options.cidfile);
  Engine& engine = context.engine();
  engine.ensure_image(spec.image, policy, progress, Deadline::never());
  if (!options.detach) return run_foreground(context, options, spec, cidfile);
  spec.auto_remove = options.remove;
  const auto container = engine.start(spec, Lifetime::detached);
  show_warnings(context, container);
  cidfile.write(container.id);
  context.console.print(container.id + "\n");
  return 0;
}

}  // namespace devenv::cli
