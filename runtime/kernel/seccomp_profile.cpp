#include "seccomp_profile.h"

#include <linux/capability.h>

namespace devenv::kernel {

// Names that an architecture does not have are skipped when compiling. Left out on purpose, as docker does:
// io_uring (whose operations no filter sees), userfaultfd, keyctl and its kin (keyrings are not namespaced),
// kexec, swap, old module calls, nfsservctl, move_pages, pivot_root and everything gated below.
const std::vector<const char*>& always_allowed_calls() {
  static const std::vector<const char*> calls = {
      // processes and threads
      "alarm", "arch_prctl", "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork",
      "get_robust_list", "get_thread_area", "getcpu", "getpgid", "getpgrp", "getpid", "getppid",
      "getpriority", "getrlimit", "getrusage", "getsid", "gettid", "ioprio_get", "ioprio_set", "kill",
      "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "membarrier", "modify_ldt",
      "nanosleep", "pause", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "process_mrelease",
      "process_vm_readv", "process_vm_writev", "ptrace", "restart_syscall", "rseq", "sched_get_priority_max",
      "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
      "sched_rr_get_interval", "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr",
      "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp", "set_robust_list", "set_thread_area",
      "set_tid_address", "setpgid", "setpriority", "setrlimit", "setsid", "sysinfo", "times", "ugetrlimit",
      "umask", "uname", "vfork", "wait4", "waitid", "waitpid",
      // identities
      "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32",
      "getresgid", "getresgid32", "getresuid", "getresuid32", "getuid", "getuid32", "setfsgid", "setfsgid32",
      "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setregid", "setregid32",
      "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32", "setuid", "setuid32",
      // signals
      "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
      "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sigaltstack", "signalfd",
      "signalfd4", "sigprocmask", "sigreturn", "tgkill", "tkill",
      // time
      "adjtimex", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64", "clock_gettime",
      "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "getitimer", "gettimeofday",
      "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
      "timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime",
      "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
      // memory
      "brk", "madvise", "memfd_create", "memfd_secret", "mincore", "mlock", "mlock2", "mlockall", "mmap",
      "mmap2", "mprotect", "mremap", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
      "pkey_mprotect", "remap_file_pages",
      // synchronisation and System V
      "futex", "futex_time64", "futex_waitv", "ipc", "msgctl", "msgget", "msgrcv", "msgsnd", "mq_getsetattr",
      "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend",
      "mq_timedsend_time64", "mq_unlink", "semctl", "semget", "semop", "semtimedop", "semtimedop_time64",
      "shmat", "shmctl", "shmdt", "shmget",
      // files by path
      "access", "chdir", "chmod", "chown", "chown32", "creat", "faccessat", "faccessat2", "fanotify_mark",
      "fchdir", "fchmodat", "fchownat", "fstatat64", "futimesat", "getcwd", "inotify_add_watch",
      "inotify_init", "inotify_init1", "inotify_rm_watch", "lchown", "lchown32", "link", "linkat", "lstat",
      "lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at", "newfstatat", "open", "openat",
      "openat2", "readlink", "readlinkat", "rename", "renameat", "renameat2", "rmdir", "stat", "stat64",
      "statfs", "statfs64", "statx", "symlink", "symlinkat", "truncate", "truncate64", "unlink", "unlinkat",
      "utime", "utimensat", "utimensat_time64", "utimes", "getxattr", "lgetxattr", "listxattr", "llistxattr",
      "lremovexattr", "lsetxattr", "removexattr", "setxattr",
      // files by descriptor
      "_llseek", "_newselect", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3",
      "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2",
      "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "fadvise64", "fadvise64_64", "fallocate",
      "fchmod", "fchown", "fchown32", "fcntl", "fcntl64", "fdatasync", "fgetxattr", "flistxattr", "flock",
      "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatfs", "fstatfs64", "fsync", "ftruncate",
      "ftruncate64", "getdents", "getdents64", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
      "io_pgetevents_time64", "io_setup", "io_submit", "ioctl", "lseek", "pipe", "pipe2", "poll", "ppoll",
      "ppoll_time64", "pread64", "preadv", "preadv2", "pselect6", "pselect6_time64", "pwrite64", "pwritev",
      "pwritev2", "read", "readahead", "readv", "select", "sendfile", "sendfile64", "splice", "sync",
      "sync_file_range", "sync_file_range2", "syncfs", "tee", "vmsplice", "write", "writev",
      // sockets; socket(2) itself is filtered by address family
      "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv",
      "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto",
      "setsockopt", "shutdown", "socketcall", "socketpair",
      // randomness
      "getrandom"};
  return calls;
}

const std::vector<NumberedCall>& newer_allowed_calls() {
  static const std::vector<NumberedCall> calls = {
      {"cachestat", 451},    {"fchmodat2", 452},     {"map_shadow_stack", 453}, {"futex_wake", 454},
      {"futex_wait", 455},   {"futex_requeue", 456}, {"statmount", 457},        {"listmount", 458},
      {"mseal", 462},        {"setxattrat", 463},    {"getxattrat", 464},       {"listxattrat", 465},
      {"removexattrat", 466}};
  return calls;
}

const std::vector<GatedCalls>& gated_calls() {
  static const std::vector<GatedCalls> calls = {
      {CAP_DAC_READ_SEARCH, {"open_by_handle_at"}},
      {CAP_SYS_ADMIN,
       {"bpf",       "clone",           "clone3",         "fanotify_init", "fsconfig",      "fsmount",
        "fsopen",    "fspick",          "lookup_dcookie", "mount",         "mount_setattr", "move_mount",
        "open_tree", "perf_event_open", "quotactl",       "quotactl_fd",   "setdomainname", "sethostname",
        "setns",     "syslog",          "umount",         "umount2",       "unshare"}},
      {CAP_SYS_BOOT, {"reboot"}},
      {CAP_SYS_CHROOT, {"chroot"}},
      {CAP_SYS_MODULE, {"delete_module", "init_module", "finit_module"}},
      {CAP_SYS_PACCT, {"acct"}},
      {CAP_SYS_PTRACE, {"kcmp", "pidfd_getfd", "process_madvise"}},
      {CAP_SYS_RAWIO, {"iopl", "ioperm"}},
      {CAP_SYS_TIME, {"settimeofday", "stime", "clock_settime", "clock_settime64"}},
      {CAP_SYS_TTY_CONFIG, {"vhangup"}},
      {CAP_SYS_NICE, {"get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"}},
      {CAP_SYSLOG, {"syslog"}},
      {CAP_BPF, {"bpf"}},
      {CAP_PERFMON, {"perf_event_open"}}};
  return calls;
}

}  // namespace devenv::kernel
