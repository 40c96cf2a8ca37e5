// Moves a container's output from its pipes, or its terminal, into its log file. Holder side, on the loop.
#pragma once

#include <string>
#include <vector>

#include "cri_log.h"
#include "runtime/base/event_loop.h"
#include "runtime/base/unique_fd.h"

namespace devenv::launch {

class LogPump {
 public:
  LogPump(EventLoop& loop, UniqueFd log) : loop_(loop), log_(std::move(log)) {}
  LogPump(const LogPump&) = delete;
  LogPump& operator=(const LogPump&) = delete;
  ~LogPump();

  /// `source` becomes non-blocking.
  void add(UniqueFd source, CriStream stream);
  /// A non-blocking pipe that is written to after every addition to the log.
  void add_follower(UniqueFd pipe) { followers_.push_back(std::move(pipe)); }
  /// Takes what is there now, whoever may still hold the other ends, writes the end record and stops.
  void finish();

 private:
  struct Source {
    UniqueFd fd;
    CriStream stream;
  };
  /// False when the source is empty or over.
  bool read_once(const Source& source);
  void on_readable(int fd);
  void write(const std::string& records);
  void tell_followers();

  EventLoop& loop_;
  UniqueFd log_;
  std::vector<Source> sources_;
  std::vector<UniqueFd> followers_;
  bool failed_ = false;  ///< the last write; that some was lost, the file's mode tells
};

}  // namespace devenv::launch
