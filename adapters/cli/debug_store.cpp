#include "adapters/cli/debug_store.h"

#include <fcntl.h>

#include <algorithm>
#include <iostream>

#include "devenv/error.h"
#include "runtime/base/files.h"
#include "runtime/store/apply.h"
#include "runtime/store/diff.h"
#include "runtime/store/digest.h"

namespace devenv::cli {
namespace {

constexpr int refused = 1, misused = 2;

/// What is left of `args` once "--" is dropped; false for an unknown option.
bool take_operands(std::vector<std::string>& args, std::ostream& errors) {
  const auto end = std::find(args.begin(), args.end(), "--");
  const auto option =
      std::find_if(args.begin(), end, [](const std::string& arg) { return arg.size() > 1 && arg[0] == '-'; });
  if (option != end) {
    errors << "devenv debug: unknown option " << *option << '\n';
    return false;
  }
  if (end != args.end()) args.erase(end);
  return true;
}

template <class Action>
int reporting(std::ostream& errors, const Action& action) {
  try {
    action();
    return 0;
  } catch (const Error& error) {
    errors << "devenv debug: " << error.what() << '\n';
    return refused;
  }
}

UniqueFd open_directory(const std::string& path) { return open_file(path, O_RDONLY | O_DIRECTORY); }

}  // namespace

int debug_apply_layer(const std::vector<std::string>& args, int input_fd, std::ostream& errors) {
  std::vector<std::string> operands = args;
  if (!take_operands(operands, errors) || operands.size() != 1) {
    errors << "usage: devenv debug apply-layer DIR < layer.tar\n";
    return misused;
  }
  return reporting(errors, [&] {
    const UniqueFd root = open_directory(operands[0]);
    store::apply_layer(root.get(), store::fd_source(input_fd, "standard input"));
  });
}

int debug_diff_layer(const std::vector<std::string>& args, int output_fd, std::ostream& errors) {
  std::vector<std::string> operands = args;
  if (!take_operands(operands, errors) || operands.size() != 2) {
    errors << "usage: devenv debug diff-layer LOWER UPPER > layer.tar\n";
    return misused;
  }
  return reporting(errors, [&] {
    const UniqueFd lower = open_directory(operands[0]), upper = open_directory(operands[1]);
    store::diff_layer(lower.get(), upper.get(), store::fd_sink(output_fd, "standard output"));
  });
}

int debug_chain_id(const std::vector<std::string>& args, std::ostream& output, std::ostream& errors) {
  std::vector<std::string> operands = args;
  if (!take_operands(operands, errors) || operands.empty()) {
    errors << "usage: devenv debug chain-id DIFFID...\n";
    return misused;
  }
  return reporting(errors, [&] { output << store::chain_id(operands) << '\n'; });
}

}  // namespace devenv::cli
