// Processes of running containers as handles: the main process' input, and execs. Thread-safe functions.
#pragma once

#include <memory>

#include "containers.h"
#include "devenv/engine.h"

namespace devenv::engine {

/// Input (or terminal) of the main process; its output is in the log. `input`: the write end of its standard
/// input if the caller has it, else the holder's is asked for.
std::unique_ptr<ProcessHandle> attach(const Located& container, UniqueFd input);

/// Starts a further process. Throws CommandError, Conflict.
std::unique_ptr<ProcessHandle> open_exec(const Located& container, const ExecSpec& spec);

/// Feeds `spec.input`, collects output and errors until it exits. What its children leave in the pipes after
/// that is not waited for. Throws Timeout after killing it at the deadline.
ExecResult exec(const Located& container, const ExecSpec& spec, Deadline deadline);

}  // namespace devenv::engine
