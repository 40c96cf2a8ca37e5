#include "log_pump.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/check.h"
#include "runtime/base/files.h"

namespace devenv::launch {

LogPump::~LogPump() {
  for (const Source& source : sources_) loop_.remove(source.fd.get());
}

void LogPump::add(UniqueFd source, CriStream stream) {
  const int fd = source.get();
  check(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), "make a log pipe non-blocking");
  loop_.add(fd, EPOLLIN, [this, fd](std::uint32_t) { on_readable(fd); });
  sources_.push_back({std::move(source), stream});
}

bool LogPump::read_once(const Source& source) {
  static char buffer[65536];  // the holder has one thread
  ssize_t got;
  do got = read(source.fd.get(), buffer, sizeof buffer);
  while (got < 0 && errno == EINTR);
  if (got <= 0) {
    // A terminal whose last user closed it reads as EIO until it is opened again: the end of it, for us.
    const bool empty = got < 0 && errno == EAGAIN;
    if (!empty) loop_.remove(source.fd.get());
    return false;
  }
  std::string records;
  append_records(records, unix_now_ns(), source.stream, {buffer, static_cast<std::size_t>(got)});
  write(records);
  if (failed_)
    fchmod(log_.get(), kCutLogMode);  // needs no space, and tells readers that something is missing
  return true;
}

void LogPump::on_readable(int fd) {
  const auto source =
      std::find_if(sources_.begin(), sources_.end(), [fd](const Source& s) { return s.fd.get() == fd; });
  if (source != sources_.end()) read_once(*source);
}

// A full disk must not stop the container nor the holder: what does not fit is lost, the pipes keep flowing.
void LogPump::write(const std::string& records) {
  try {
    if (failed_) write_all(log_.get(), "\n", "container log");
    failed_ = false;
    write_all(log_.get(), records, "container log");
  } catch (const Error&) {
    failed_ = true;
  }
  tell_followers();
}

// A full pipe is told already; one that nobody reads any more is forgotten.
void LogPump::tell_followers() {
  std::erase_if(followers_, [](const UniqueFd& pipe) {
    return ::write(pipe.get(), "", 1) < 0 && errno != EAGAIN && errno != EINTR;
  });
}

void LogPump::finish() {
  for (const Source& source : sources_) {
    // Bounded: a writer that outlives the container must not keep us here.
    for (int rounds = 0; rounds < 1024 && read_once(source); ++rounds) continue;
    loop_.remove(source.fd.get());
  }
  sources_.clear();
  std::string record;
  append_end(record, unix_now_ns());
  write(record);
  followers_.clear();
}

}  // namespace devenv::launch
