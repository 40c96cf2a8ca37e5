// RUN of the stage builder.
#include <devenv/error.h>

#include <algorithm>
#include <deque>

#include "copy.h"
#include "run_mounts.h"
#include "runtime/base/signals.h"
#include "stage_builder.h"

namespace devenv::build {
namespace {

constexpr std::size_t tail_lines = 20;

std::string describe_exit(const ExitStatus& status) {
  if (status.out_of_memory) return "ran out of memory";
  if (status.signal != 0) return "was killed by " + signal_name(status.signal);
  return "exited with code " + std::to_string(status.code);
}

bool says_disk_is_full(const std::deque<std::string>& tail) {
  return std::any_of(tail.begin(), tail.end(), [](const std::string& line) {
    return line.find("o space left on device") != std::string::npos;
  });
}

std::string hint_for(const ExitStatus& status, const std::deque<std::string>& tail) {
  if (status.out_of_memory) return "give it more memory";
  if (says_disk_is_full(tail))
    return "free some space for the store, or set DEVENV_STORE to a directory on a larger file system";
  if (status.code == 127) return "a command in it was not found in the image";
  if (status.code == 126) return "a file it runs is not executable";
  return "";
}

}  // namespace

void StageBuilder::execute(Current& current, const RunStep& step, const Instruction& instruction,
                           WorkLayer& layer) {
  const auto open = [&](const std::string& from) { return open_source(from, current.index); };
  const RunMounts mounts(session_, step, open);
  if (!is_directory(layer.root(), step.workdir)) make_directory(layer.root(), step.workdir, {0, 0});

  RunRequest request;
  request.argv = step.argv;
  request.env = step.env;
  request.env.insert(request.env.end(), step.proxies.begin(), step.proxies.end());
  request.env.insert(request.env.end(), mounts.env().begin(), mounts.env().end());
  request.user = step.user;
  request.workdir = step.workdir;
  request.mounts = mounts.mounts();
  request.network = step.network.empty() ? session_.spec.network : step.network;
  request.trust_host_cas = session_.spec.trust_host_cas;
  std::deque<std::string> tail;
  const std::string prefix =
      "[" + current.title + " " + std::to_string(current.step) + "/" + std::to_string(current.steps) + "] | ";
  request.on_line = [&](LogStream, const std::string& line) {
    session_.say(prefix + line);
    tail.push_back(line);
    if (tail.size() > tail_lines) tail.pop_front();
  };

  std::string command = instruction.text.substr(0, instruction.text.find('\n'));
  ExitStatus status;
  try {
    status = layer.run(request);
  } catch (const CommandError& error) {
    fail_at(instruction.file, instruction.first_line, command + ": " + error.what());
  }
  if (status.code == 0 && status.signal == 0) return;
  std::string message = command + ": the command " + describe_exit(status);
  const std::string hint = hint_for(status, tail);
  if (!hint.empty()) message += "; " + hint;
  if (!tail.empty()) message += "\nlast output:";
  for (const std::string& line : tail) message += "\n  " + line;
  fail_at(instruction.file, instruction.first_line, message);
}

}  // namespace devenv::build
