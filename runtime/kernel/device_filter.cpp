#include "device_filter.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <iterator>

#include "runtime/base/check.h"

namespace devenv::kernel {

namespace {

constexpr unsigned kAccess = BPF_REG_2, kType = BPF_REG_3, kMajor = BPF_REG_4, kMinor = BPF_REG_5;

bpf_insn instruction(int code, unsigned to, unsigned from, std::int16_t offset, std::int32_t value) {
  bpf_insn made{};
  made.code = static_cast<std::uint8_t>(code);
  made.dst_reg = to & 0xf;
  made.src_reg = from & 0xf;
  made.off = offset;
  made.imm = value;
  return made;
}

bpf_insn load(unsigned to, std::int16_t offset) {
  return instruction(BPF_LDX | BPF_W | BPF_MEM, to, BPF_REG_1, offset, 0);
}
bpf_insn alu(int operation, unsigned to, std::int32_t value) {
  return instruction(BPF_ALU64 | operation | BPF_K, to, 0, 0, value);
}
bpf_insn copy(unsigned to, unsigned from) { return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
bpf_insn jump(int condition, unsigned reg, std::int32_t value, std::int16_t over) {
  return instruction(BPF_JMP | condition | BPF_K, reg, 0, over, value);
}
bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

/// Zero to its last byte, which {} does not promise of a union. The kernel takes a longer struct than its own
/// only if the rest is zero.
bpf_attr no_attributes() {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  return attributes;
}

long bpf(int command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

}  // namespace

UniqueFd load_device_filter() {
  // Every `jump` says how many instructions it passes over; "allow" are the last two.
  const bpf_insn program[] = {
      /*  0 */ load(kAccess, 0),
      /*  1 */ load(kMajor, 4),
      /*  2 */ load(kMinor, 8),
      /*  3 */ copy(kType, kAccess),
      /*  4 */ alu(BPF_RSH, kAccess, 16),
      /*  5 */ alu(BPF_AND, kType, 0xffff),
      /*  6 */ jump(BPF_JEQ, kAccess, BPF_DEVCG_ACC_MKNOD, 12),  // making alone harms nobody
      /*  7 */ jump(BPF_JNE, kType, BPF_DEVCG_DEV_CHAR, 9),
      /*  8 */ jump(BPF_JEQ, kMajor, 136, 10),  // pts
      /*  9 */ jump(BPF_JNE, kMajor, 5, 1),
      /* 10 */ jump(BPF_JLE, kMinor, 2, 8),  // tty, console, ptmx
      /* 11 */ jump(BPF_JNE, kMajor, 1, 5),
      /* 12 */ jump(BPF_JEQ, kMinor, 3, 6),  // null
      /* 13 */ jump(BPF_JEQ, kMinor, 5, 5),  // zero
      /* 14 */ jump(BPF_JEQ, kMinor, 7, 4),  // full
      /* 15 */ jump(BPF_JEQ, kMinor, 8, 3),  // random
      /* 16 */ jump(BPF_JEQ, kMinor, 9, 2),  // urandom
      /* 17 */ alu(BPF_MOV, BPF_REG_0, 0),
      /* 18 */ leave(),
      /* 19 */ alu(BPF_MOV, BPF_REG_0, 1),
      /* 20 */ leave(),
  };
  static const char license[] = "MIT";
  bpf_attr attributes = no_attributes();
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<std::uint64_t>(program);
  attributes.insn_cnt = static_cast<std::uint32_t>(std::size(program));
  attributes.license = reinterpret_cast<std::uint64_t>(license);
  return UniqueFd(static_cast<int>(check(bpf(BPF_PROG_LOAD, attributes), "load the device filter")));
}

void attach_device_filter(int filter, int cgroup_fd) {
  bpf_attr attributes = no_attributes();
  attributes.target_fd = static_cast<std::uint32_t>(cgroup_fd);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(filter);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  check(bpf(BPF_PROG_ATTACH, attributes), "attach the device filter");
}

}  // namespace devenv::kernel
