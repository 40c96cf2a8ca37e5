// Reads a container's CRI log file: what `logs`, attach and log waits share. The end is the record the holder
// appends when the container's output is over, or the holder's death (its session lock is free).
#pragma once

#include <memory>
#include <string>

#include <devenv/engine.h>

namespace devenv::launch {

/// `session_dir` is the holder's; empty: nobody writes any more and the end of the file is the end.
/// Throws SystemError when the file cannot be opened.
std::unique_ptr<LogReader> open_log(const std::string& log_path, const std::string& session_dir);

}  // namespace devenv::launch
