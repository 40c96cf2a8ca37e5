// Plans as bytes. A SandboxPlan is decoded by the holder, which may allocate. A ProcessPlan travels as a flat
// block that init uses in place: offsets become pointers, nothing is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plan.h"

namespace devenv::launch {

std::string encode(const SandboxPlan& plan);
SandboxPlan decode_plan(std::string_view bytes);
std::string encode(const ProcessPlan& process);
ProcessPlan decode_process(std::string_view bytes);

/// The start of a process block. Before relocate() the pointers hold offsets from the block's start.
struct ProcessBlock {
  static constexpr std::uint32_t kMagic = 0x636f7270;
  std::uint32_t magic;
  std::uint32_t size;
  std::uint32_t argc, envc;
  char** argv;  ///< argc entries and a null pointer
  char** envp;  ///< envc entries, a slot for HOME and a null pointer
  char* user;
  char* cwd;
  std::uint32_t umask;
  std::uint16_t rows, columns;
  std::uint8_t create_cwd, tty;
};

std::string encode_process(const ProcessPlan& process);

/// Turns the block at `bytes` (private, writable, 8-aligned) into one with pointers. nullptr when it is
/// malformed. Allocates nothing, throws nothing. Once per block.
ProcessBlock* relocate(char* bytes, std::size_t size) noexcept;

}  // namespace devenv::launch
