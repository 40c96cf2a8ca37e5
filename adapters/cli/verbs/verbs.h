// The verbs, one function each: arguments in, exit code out. Output to the context's console; failures throw.
#pragma once

#include "adapters/cli/command.h"

namespace devenv::cli {

int run_run(Context& context, const Args& args);
int run_exec(Context& context, const Args& args);
int run_attach(Context& context, const Args& args);

int run_ps(Context& context, const Args& args);
int run_logs(Context& context, const Args& args);
int run_port(Context& context, const Args& args);
int run_inspect(Context& context, const Args& args);
int run_wait(Context& context, const Args& args);

int run_stop(Context& context, const Args& args);
int run_kill(Context& context, const Args& args);
int run_rm(Context& context, const Args& args);

int run_build(Context& context, const Args& args);
int run_pull(Context& context, const Args& args);
int run_images(Context& context, const Args& args);
int run_image_bootstrap(Context& context, const Args& args);
int run_image_inspect(Context& context, const Args& args);

int run_rmi(Context& context, const Args& args);
int run_image_prune(Context& context, const Args& args);
int run_builder_prune(Context& context, const Args& args);

int run_volume_create(Context& context, const Args& args);
int run_volume_ls(Context& context, const Args& args);
int run_volume_inspect(Context& context, const Args& args);
int run_volume_rm(Context& context, const Args& args);
int run_state_ls(Context& context, const Args& args);
int run_state_rm(Context& context, const Args& args);
int run_state_prune(Context& context, const Args& args);

int run_network_create(Context& context, const Args& args);
int run_network_ls(Context& context, const Args& args);
int run_network_inspect(Context& context, const Args& args);
int run_network_rm(Context& context, const Args& args);

int run_system_verify(Context& context, const Args& args);
int run_info(Context& context, const Args& args);
int run_version(Context& context, const Args& args);
int run_debug(Context& context, const Args& args);

}  // namespace devenv::cli
