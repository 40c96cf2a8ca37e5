// devenv debug apply-layer | diff-layer | chain-id: the store's own code, for tools and bug reports.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace devenv::cli {

/// `args`: what follows the verb. Layers travel through descriptors because they are large. Each returns the
/// exit code: 0, 1 with a message on `errors` when the input is refused, 2 for a misuse of the command.
int debug_apply_layer(const std::vector<std::string>& args, int input_fd, std::ostream& errors);
int debug_diff_layer(const std::vector<std::string>& args, int output_fd, std::ostream& errors);
int debug_chain_id(const std::vector<std::string>& args, std::ostream& output, std::ostream& errors);

}  // namespace devenv::cli
