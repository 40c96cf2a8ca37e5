// Why something was refused: "it throws" alone would hold for any other reason, too.
#pragma once

#include <string>

#include "devenv/error.h"

namespace devenv::test {

/// The message; "nothing was thrown" when it succeeds.
template <class Action>
std::string thrown(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// The errno of a SystemError; 0 when nothing is thrown. Passes on every other exception.
template <class Action>
int thrown_code(const Action& action) {
  try {
    action();
  } catch (const SystemError& error) {
    return error.code();
  }
  return 0;
}

}  // namespace devenv::test
