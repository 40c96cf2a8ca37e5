#include "codec.h"

#include <fcntl.h>

#include <cstring>

#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/memory_file.h"

namespace devenv::launch {

Encoder& Encoder::put(std::uint64_t number) {
  char raw[sizeof number];
  std::memcpy(raw, &number, sizeof number);
  bytes_.append(raw, sizeof raw);
  return *this;
}

Encoder& Encoder::put(std::string_view text) {
  put(text.size());
  bytes_.append(text);
  return *this;
}

Encoder& Encoder::put(const std::vector<std::string>& list) {
  put(list.size());
  for (const std::string& item : list) put(item);
  return *this;
}

std::uint64_t Decoder::number() {
  std::uint64_t number;
  if (rest_.size() < sizeof number) throw Error("decode message: it is cut short");
  std::memcpy(&number, rest_.data(), sizeof number);
  rest_.remove_prefix(sizeof number);
  return number;
}

std::string Decoder::text() {
  const std::uint64_t size = number();
  if (size > rest_.size()) throw Error("decode message: it is cut short");
  std::string text(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return text;
}

std::vector<std::string> Decoder::list() {
  std::vector<std::string> list(count());
  for (std::string& item : list) item = text();
  return list;
}

std::size_t Decoder::count() {
  const std::uint64_t count = number();
  if (count > rest_.size() / sizeof(std::uint64_t)) throw Error("decode message: it is cut short");
  return count;
}

UniqueFd to_memfd(std::string_view bytes) {
  UniqueFd fd = memory_file("devenv-message", MemoryFile::data, "create a message memfd");
  write_all(fd.get(), bytes, "message memfd");
  check(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
        "seal a message memfd");
  return fd;
}

std::string from_memfd(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(fd, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    check(got, "read a message memfd");
    if (got == 0) throw Error("read a message memfd: it is cut short");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace devenv::launch
