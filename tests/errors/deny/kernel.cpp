#include "kernel.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace devenv::deny {
namespace {

// From 424 on the numbers are every architecture's; this machine's headers may not have them yet.
struct NewCall {
  unsigned number;
  Kernel since;
};
constexpr NewCall kNewCalls[] = {
    {442, {5, 12}},                                                // mount_setattr
    {443, {5, 14}},                                                // quotactl_fd
    {444, {5, 13}}, {445, {5, 13}}, {446, {5, 13}},                // landlock
    {447, {5, 14}},                                                // memfd_secret
    {448, {5, 15}},                                                // process_mrelease
    {449, {5, 16}},                                                // futex_waitv
    {450, {5, 17}},                                                // set_mempolicy_home_node
    {451, {6, 5}},                                                 // cachestat
    {452, {6, 6}},                                                 // fchmodat2
    {453, {6, 6}},                                                 // map_shadow_stack
    {454, {6, 7}},  {455, {6, 7}},  {456, {6, 7}},                 // futex_wake, _wait, _requeue
    {457, {6, 8}},  {458, {6, 8}},                                 // statmount, listmount
    {459, {6, 8}},  {460, {6, 8}},  {461, {6, 8}},                 // lsm_get_self_attr and its kin
    {462, {6, 10}},                                                // mseal
    {463, {6, 13}}, {464, {6, 13}}, {465, {6, 13}}, {466, {6, 13}},  // setxattrat and its kin
    {467, {6, 15}},                                                // open_tree_attr
    {468, {6, 17}}, {469, {6, 17}},                                // file_getattr, file_setattr
};

// A bit or, with a mask of all ones, a value that an argument may have only since.
struct NewArgument {
  unsigned call;
  int argument;
  std::uint32_t mask, value;
  Kernel since;
  int error;
};
constexpr std::uint32_t kAll = ~0u;
constexpr NewArgument kNewArguments[] = {
    {SYS_fsconfig, 1, kAll, 8, {6, 6}, EOPNOTSUPP},         // FSCONFIG_CMD_CREATE_EXCL
    {SYS_fsmount, 2, 1 << 21, 1 << 21, {5, 14}, EINVAL},    // MOUNT_ATTR_NOSYMFOLLOW
    {SYS_memfd_create, 1, 8, 8, {6, 3}, EINVAL},            // MFD_NOEXEC_SEAL
    {SYS_memfd_create, 1, 16, 16, {6, 3}, EINVAL},          // MFD_EXEC
    {SYS_move_mount, 4, 0x100, 0x100, {5, 15}, EINVAL},     // MOVE_MOUNT_SET_GROUP
    {SYS_move_mount, 4, 0x200, 0x200, {6, 5}, EINVAL},      // MOVE_MOUNT_BENEATH
    {SYS_pidfd_open, 1, O_EXCL, O_EXCL, {6, 9}, EINVAL},    // PIDFD_THREAD
    {SYS_pidfd_send_signal, 3, 1, 1, {6, 9}, EINVAL},       // PIDFD_SIGNAL_THREAD
    {SYS_pidfd_send_signal, 3, 2, 2, {6, 9}, EINVAL},       // PIDFD_SIGNAL_THREAD_GROUP
    {SYS_pidfd_send_signal, 3, 4, 4, {6, 9}, EINVAL},       // PIDFD_SIGNAL_PROCESS_GROUP
    {SYS_prctl, 0, kAll, 62, {5, 14}, EINVAL},              // PR_SCHED_CORE
    {SYS_prctl, 0, kAll, 65, {6, 3}, EINVAL},               // PR_SET_MDWE
    {SYS_prctl, 0, kAll, 0x53564d41, {5, 17}, EINVAL},      // PR_SET_VMA
    {SYS_seccomp, 1, 1 << 5, 1 << 5, {5, 19}, EINVAL},      // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
};

struct Named {
  std::string_view type, name;
  Kernel since;
};
constexpr Named kNewOptions[] = {
    {"overlay", "verity", {6, 6}},    {"overlay", "lowerdir+", {6, 7}},  {"overlay", "datadir+", {6, 7}},
    {"tmpfs", "noswap", {6, 4}},      {"tmpfs", "quota", {6, 6}},        {"tmpfs", "usrquota", {6, 6}},
    {"tmpfs", "casefold", {6, 13}},   {"cgroup2", "favordynmods", {6, 0}},
    {"cgroup2", "pids_localevents", {6, 11}},
};
constexpr Named kNewControlFiles[] = {{"", "cgroup.kill", {5, 14}}, {"", "memory.peak", {5, 19}}};

constexpr std::string_view kOldOverlayOptions[] = {
    "source", "lowerdir", "upperdir", "workdir",  "default_permissions", "redirect_dir", "index",
    "uuid",   "xino",     "metacopy", "volatile", "nfs_export",          "userxattr",    "ro"};

struct AttrSize {
  Kernel since;
  std::size_t bytes;
};
constexpr AttrSize kBpfAttrSizes[] = {{{5, 11}, 120}, {{5, 14}, 128}, {{5, 17}, 144}, {kNewestBpfAttr, 152}};

}  // namespace

std::optional<Kernel> parse_kernel(std::string_view text) {
  Kernel kernel;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, kernel.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, kernel.minor);
  if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return kernel;
}

std::vector<Rule> rules_for(Kernel kernel) {
  std::vector<Rule> rules;
  for (const NewCall& call : kNewCalls)
    if (kernel < call.since) rules.push_back({.call = call.number, .error = ENOSYS});
  for (const NewArgument& added : kNewArguments)
    if (kernel < added.since)
      rules.push_back({added.call, added.argument, added.mask, added.value, added.error});
  if (kernel < kForeignMountsCanBeCloned) {
    for (const long call : {SYS_fsopen, SYS_fsconfig, SYS_move_mount, SYS_mount})
      rules.push_back({.call = static_cast<unsigned>(call)});
    rules.push_back({SYS_open_tree, 2, 1, 1});  // OPEN_TREE_CLONE
  }
  if (kernel < kNewestBpfAttr) rules.push_back({.call = SYS_bpf});
  if (kernel < kCopyFileRangeIgnoresSize) rules.push_back({.call = SYS_copy_file_range});
  if (kernel < kOverlayHasTmpfile)
    rules.push_back({SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, O_TMPFILE & ~O_DIRECTORY});
  // Control files are told by name, and names are everywhere: only what can be one is asked about.
  const bool lacks_files = std::any_of(std::begin(kNewControlFiles), std::end(kNewControlFiles),
                                       [&](const Named& file) { return kernel < file.since; });
  if (lacks_files) {
    constexpr std::uint32_t how = O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH | O_CLOEXEC;
    rules.push_back({SYS_openat, 2, how, O_RDONLY | O_CLOEXEC});
    rules.push_back({SYS_openat, 2, how, O_WRONLY | O_CLOEXEC});
    for (const long call : {SYS_access, SYS_faccessat, SYS_faccessat2})
      rules.push_back({.call = static_cast<unsigned>(call)});
  }
  return rules;
}

Kernel option_since(std::string_view type, std::string_view option) {
  for (const Named& named : kNewOptions)
    if (named.type == type && named.name == option) return named.since;
  return {};
}

bool is_old_overlay_option(std::string_view option) {
  return std::find(std::begin(kOldOverlayOptions), std::end(kOldOverlayOptions), option) !=
         std::end(kOldOverlayOptions);
}

Kernel control_file_since(std::string_view name) {
  for (const Named& named : kNewControlFiles)
    if (named.name == name) return named.since;
  return {};
}

std::size_t bpf_attr_size(Kernel kernel) {
  std::size_t bytes = kBpfAttrSizes[0].bytes;
  for (const AttrSize& size : kBpfAttrSizes)
    if (kernel >= size.since) bytes = size.bytes;
  return bytes;
}

}  // namespace devenv::deny
