// The devenv command: a table of its verbs.
#include "devenv/native_engine.h"
#include "dispatch.h"
#include "verbs/verbs.h"

namespace devenv::cli {
namespace {

constexpr Command kCommands[] = {
    {"run", "Run a command in a new container", run_run, kUsage},
    {"exec", "Run a command in a running container", run_exec},
    {"attach", "Connect your terminal to a running container", run_attach},

    {"ps", "List containers", run_ps},
    {"logs", "Show what a container has written", run_logs},
    {"port", "List a container's published ports", run_port},
    {"inspect", "Show everything about containers or images", run_inspect},
    {"wait", "Wait until containers exit", run_wait},

    {"stop", "Stop containers", run_stop},
    {"kill", "Send a signal to containers", run_kill},
    {"rm", "Remove containers", run_rm},

    {"build", "Build an image from a Dockerfile", run_build},
    {"pull", "Pull an image from its registry", run_pull},
    {"images", "List images", run_images},
    {"image bootstrap", "Build a base image from the distribution's archive", run_image_bootstrap},
    {"image inspect", "Show everything about images", run_image_inspect},
    {"rmi", "Remove images", run_rmi},
    {"image prune", "Remove images without a name and layers nothing needs", run_image_prune},
    {"builder prune", "Forget build steps that belong to no image", run_builder_prune},

    {"volume create", "Create a volume", run_volume_create},
    {"volume ls", "List volumes", run_volume_ls},
    {"volume inspect", "Show everything about volumes", run_volume_inspect},
    {"volume rm", "Remove volumes", run_volume_rm},

    {"network create", "Create a network", run_network_create},
    {"network ls", "List networks", run_network_ls},
    {"network inspect", "Show everything about networks", run_network_inspect},
    {"network rm", "Remove networks", run_network_rm},

    {"state ls", "List prepared states", run_state_ls},
    {"state rm", "Remove prepared states", run_state_rm},
    {"state prune", "Remove prepared states nobody uses", run_state_prune},

    {"system verify", "Check that the store is whole", run_system_verify},
    {"info", "Show what is there and what this machine can do", run_info},
    {"version", "Show the version", run_version},
    {"debug", "Show what builds and runs use: syntax, expansion, layers", run_debug},
};

constexpr Alias kAliases[] = {
    {"image ls", "images"},           {"image list", "images"},     {"image build", "build"},
    {"image pull", "pull"},           {"image rm", "rmi"},          {"image remove", "rmi"},
    {"container run", "run"},         {"container ls", "ps"},       {"container list", "ps"},
    {"container ps", "ps"},           {"container exec", "exec"},   {"container attach", "attach"},
    {"container logs", "logs"},       {"container port", "port"},   {"container stop", "stop"},
    {"container kill", "kill"},       {"container rm", "rm"},       {"container wait", "wait"},
    {"container inspect", "inspect"}, {"volume list", "volume ls"}, {"network list", "network ls"},
    {"state list", "state ls"},       {"system info", "info"},
};

}  // namespace
}  // namespace devenv::cli

int main(int argc, char** argv) {
  using namespace devenv;
  cli::Context context(cli::Console{}, [] { return make_native_engine(); });
  return cli::dispatch(cli::kCommands, cli::kAliases, context, cli::Args(argv + 1, argv + argc));
}
