#include "log_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include <cerrno>

#include "cri_log.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "session.h"

namespace devenv::launch {

namespace {

class FileLogReader : public LogReader {
 public:
  FileLogReader(const std::string& log_path, std::string session_dir)
      : path_(log_path), session_dir_(std::move(session_dir)), file_(open_file(log_path, O_RDONLY)) {
    if (session_dir_.empty()) return;
    events_ = UniqueFd(check(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "watch a container's log"));
    check(inotify_add_watch(events_.get(), path_.c_str(), IN_MODIFY), [&] { return "watch " + path_; });
    // A dying holder writes no end record, but the kernel closes its lock file. Gone already: alive() says
    // so.
    inotify_add_watch(events_.get(), lock_path(session_dir_).c_str(), IN_CLOSE_WRITE | IN_DELETE_SELF);
  }

  std::optional<LogLine> next(Deadline deadline) override {
    for (;;) {
      if (auto line = take_line()) return line;
      if (ended_) return std::nullopt;
      if (read_more()) continue;
      if (!writer_alive()) {
        // What it wrote before it died is complete only now.
        if (read_more()) continue;
        ended_ = true;
        continue;
      }
      if (deadline.passed()) return std::nullopt;
      wait(deadline);
    }
  }

  bool ended() const override { return ended_ && buffer_.find('\n', at_) == std::string::npos; }

 private:
  std::optional<LogLine> take_line() {
    for (std::size_t end; (end = buffer_.find('\n', at_)) != std::string::npos;) {
      const std::string_view text(buffer_.data() + at_, end - at_);
      const auto record = parse_record(text);
      at_ = end + 1;
      if (!record) continue;  // cut by a full disk
      if (record->stream == CriStream::end) {
        ended_ = true;
        continue;
      }
      return LogLine{record->unix_ns, record->stream == CriStream::out ? LogStream::out : LogStream::err,
                     std::string(record->text), record->complete};
    }
    return std::nullopt;
  }

  bool read_more() {
    buffer_.erase(0, at_);
    at_ = 0;
    char chunk[65536];
    const ssize_t got = read(file_.get(), chunk, sizeof chunk);
    if (check(got, [&] { return "read " + path_; }) == 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  bool writer_alive() const { return !session_dir_.empty() && session_alive(session_dir_); }

  void wait(Deadline deadline) {
    pollfd watched{events_.get(), POLLIN, 0};
    poll(&watched, 1, deadline.poll_timeout_ms());
    char events[4096];
    while (read(events_.get(), events, sizeof events) > 0) continue;
  }

  std::string path_, session_dir_;
  UniqueFd file_, events_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<LogReader> open_log(const std::string& log_path, const std::string& session_dir) {
  return std::make_unique<FileLogReader>(log_path, session_dir);
}

}  // namespace devenv::launch
