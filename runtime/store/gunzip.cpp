#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "compression.h"
#include "devenv/error.h"

namespace devenv::store {
namespace {

class Gunzip {
 public:
  explicit Gunzip(ByteSource source) : source_(std::move(source)) { start_member(); }

  std::size_t read(char* buffer, std::size_t size) {
    state_.next_out = reinterpret_cast<std::uint8_t*>(buffer);
    state_.avail_out = static_cast<std::uint32_t>(std::min<std::size_t>(size, 1u << 30));
    const std::uint32_t room = state_.avail_out;
    while (!done_ && state_.avail_out == room) step();
    return room - state_.avail_out;
  }

 private:
  void start_member() {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP;
  }

  /// More input; false at its end.
  bool refill() {
    const std::size_t n = source_(input_.data(), input_.size());
    state_.next_in = reinterpret_cast<std::uint8_t*>(input_.data());
    state_.avail_in = static_cast<std::uint32_t>(n);
    return n > 0;
  }

  void step() {
    if (state_.block_state == ISAL_BLOCK_FINISH) return next_member();
    const bool ended = state_.avail_in == 0 && !refill();
    const std::uint32_t room = state_.avail_out;
    const int result = isal_inflate(&state_);
    if (result == ISAL_INCORRECT_CHECKSUM) throw Error("decompress: the gzip data does not fit its checksum");
    if (result < 0) throw Error("decompress: the gzip data is corrupt");
    if (ended && state_.avail_out == room && state_.block_state != ISAL_BLOCK_FINISH)
      throw Error("decompress: the gzip data is cut off");
  }

  /// Members may follow one another; zeros after the last are padding.
  void next_member() {
    for (;;) {
      if (state_.avail_in == 0 && !refill()) {
        done_ = true;
        return;
      }
      if (*state_.next_in != 0) break;
      ++state_.next_in;
      --state_.avail_in;
    }
    if (*state_.next_in != 0x1f) throw Error("decompress: bytes after the end of the gzip data");
    std::uint8_t* const in = state_.next_in;
    const std::uint32_t in_size = state_.avail_in, out_size = state_.avail_out;
    std::uint8_t* const out = state_.next_out;
    start_member();
    state_.next_in = in;
    state_.avail_in = in_size;
    state_.next_out = out;
    state_.avail_out = out_size;
  }

  ByteSource source_;
  std::vector<char> input_ = std::vector<char>(256 * 1024);
  inflate_state state_{};
  bool done_ = false;
};

}  // namespace

ByteSource gunzip(ByteSource source) {
  auto state = std::make_shared<Gunzip>(std::move(source));
  return [state](char* buffer, std::size_t size) { return state->read(buffer, size); };
}

}  // namespace devenv::store
