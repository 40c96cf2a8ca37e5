// What a caller got wrong on the command line.
#pragma once

#include "devenv/error.h"

namespace devenv::cli {

/// A mistake of the caller's; exit code 125.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace devenv::cli
