// Whether a process was stopped by a signal: it would hold what it holds for as long as nobody continues it.
#pragma once

#include <sys/types.h>

#include <string>

#include <devenv/error.h>

#include "runtime/base/files.h"

namespace devenv::launch {

/// False for one that is gone.
inline bool is_stopped(pid_t pid) {
  try {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    const std::size_t name_end = stat.rfind(')');
    return name_end != std::string::npos && stat.compare(name_end, 3, ") T") == 0;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace devenv::launch
