// {step, errno} of a container's init as an error for a person. Pure.
#pragma once

#include <string>

#include "plan.h"
#include "step.h"
#include "wire.h"

namespace devenv::launch {

struct StartError {
  ErrorKind kind = ErrorKind::error;
  int code = 0;  ///< ErrorKind::command: 126 or 127; ErrorKind::system: errno
  std::string text;
};

/// `process` is the one that failed: the plan's main one, or an exec's.
StartError start_error(const SandboxPlan& plan, const ProcessPlan& process, const Failure& failure);

}  // namespace devenv::launch
