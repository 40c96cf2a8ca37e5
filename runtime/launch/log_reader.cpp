#include "log_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>

#include "cri_log.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"

namespace devenv::launch {

namespace {

class FileLogReader : public LogReader {
 public:
  FileLogReader(const std::string& log_path, UniqueFd writes)
      : path_(log_path), file_(open_file(log_path, O_RDONLY)), writes_(std::move(writes)) {}

  std::optional<LogLine> next(Deadline deadline) override {
    for (;;) {
      if (auto line = take_line()) return line;
      if (ended_) return loss();
      if (read_more()) continue;
      if (!writes_) {
        ended_ = true;
        continue;
      }
      if (deadline.passed()) return std::nullopt;
      wait(deadline);
    }
  }

  bool ended() const override { return ended_ && buffer_.find('\n', at_) == std::string::npos && !cut(); }

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

  bool cut() const {
    struct stat status {};
    return !told_of_loss_ && fstat(file_.get(), &status) == 0 && (status.st_mode & 0777) == kCutLogMode;
  }

  /// The last line of a log that a full disk cut.
  std::optional<LogLine> loss() {
    if (!cut()) return std::nullopt;
    told_of_loss_ = true;
    return LogLine{unix_now_ns(), LogStream::err,
                   "devenv: write " + path_ + ": no space left on device; some of the output is lost", true};
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

  // What was written before the pipe's end is read once more, then nothing can follow.
  void wait(Deadline deadline) {
    pollfd watched{writes_.get(), POLLIN, 0};
    if (poll(&watched, 1, deadline.poll_timeout_ms()) <= 0) return;
    char nudges[4096];
    ssize_t got;
    do got = read(writes_.get(), nudges, sizeof nudges);
    while (got == sizeof nudges);
    if (got == 0) writes_.reset();
  }

  std::string path_;
  UniqueFd file_, writes_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool ended_ = false, told_of_loss_ = false;
};

}  // namespace

std::unique_ptr<LogReader> open_log(const std::string& log_path, UniqueFd writes) {
  return std::make_unique<FileLogReader>(log_path, std::move(writes));
}

}  // namespace devenv::launch
