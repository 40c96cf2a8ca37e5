// Turns the -1 of a system call into a SystemError, reading errno before anything can change it.
#pragma once

#include <cerrno>
#include <string>

#include "devenv/error.h"

namespace devenv {

/// Returns `result`, or throws SystemError(errno) if it is negative. `action` is only turned into a string
/// on failure when it is a callable: check(open(...), [&] { return "open " + path; }).
template <class Result, class Action>
Result check(Result result, const Action& action, const char* hint = "") {
  if (result >= 0) return result;
  const int code = errno;
  if constexpr (std::is_invocable_v<const Action&>)
    throw SystemError(code, action(), hint);
  else
    throw SystemError(code, std::string(action), hint);
}

}  // namespace devenv
