// Reads a container's CRI log file: what `logs`, attach and log waits share. The end is the record the holder
// appends when the container's output is over, or the holder's death. The holder tells of every write through
// a pipe rather than the kernel through inotify(7), whose last close waits 10 to 15 ms for a grace period.
#pragma once

#include <memory>
#include <string>

#include <devenv/engine.h>

#include "runtime/base/unique_fd.h"

namespace devenv::launch {

/// `writes` is Holder::follow_log()'s; empty: nobody writes any more and the end of the file is the end.
/// Throws SystemError when the file cannot be opened.
std::unique_ptr<LogReader> open_log(const std::string& log_path, UniqueFd writes = {});

}  // namespace devenv::launch
