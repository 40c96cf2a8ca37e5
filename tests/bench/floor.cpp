// The floor: the least the kernel asks for a container. clone3 with every namespace, overlay, pivot_root,
// /proc, exec, reap; nothing else. Usage: floor SCRATCH LOWER[:LOWER...] COMMAND [ARG...]. Each byte on
// standard input is one round; its nanoseconds come back as a line.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <string>

namespace {

[[noreturn]] void fail(const char* what) {
  perror(what);
  _exit(125);
}

void must(long result, const char* what) {
  if (result < 0) fail(what);
}

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

struct Round {
  std::string upper, work, merged, options;
};

Round prepare(const std::string& scratch, const std::string& lower, unsigned number) {
  const std::string base = scratch + "/" + std::to_string(number);
  Round round{base + "/upper", base + "/work", base + "/merged", ""};
  must(mkdir(base.c_str(), 0755), "mkdir");
  for (const auto* dir : {&round.upper, &round.work, &round.merged}) must(mkdir(dir->c_str(), 0755), "mkdir");
  round.options = "lowerdir=" + lower + ",upperdir=" + round.upper + ",workdir=" + round.work;
  return round;
}

void clean(const Round& round) {
  // The overlay's own leftovers are work/work and the mount points it was given.
  rmdir((round.work + "/work").c_str());
  rmdir((round.upper + "/proc").c_str());
  for (const auto* dir : {&round.upper, &round.work, &round.merged}) rmdir(dir->c_str());
  rmdir(round.merged.substr(0, round.merged.rfind('/')).c_str());
}

[[noreturn]] void child(const Round& round, char** argv) {
  must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make / private");
  must(mount("overlay", round.merged.c_str(), "overlay", 0, round.options.c_str()), "mount overlay");
  must(chdir(round.merged.c_str()), "chdir");
  must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr), "mount proc");
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount the old root");
  must(chdir("/"), "chdir /");
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};
  execvpe(argv[0], argv, environment);
  fail("exec");
}

void run(const Round& round, char** argv) {
  clone_args args{};
  args.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;
  args.exit_signal = SIGCHLD;
  const long pid = syscall(SYS_clone3, &args, sizeof args);
  must(pid, "clone3");
  if (pid == 0) child(round, argv);
  int status = 0;
  must(waitpid(static_cast<pid_t>(pid), &status, 0), "waitpid");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "floor: the command ended with status %d\n", status);
    exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: floor SCRATCH LOWER[:LOWER...] COMMAND [ARG...]\n");
    return 2;
  }
  setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
  char byte = 0;
  for (unsigned number = 0; read(0, &byte, 1) == 1; ++number) {
    const int64_t start = now_ns();
    const Round round = prepare(argv[1], argv[2], number);
    run(round, argv + 3);
    clean(round);
    printf("%lld\n", static_cast<long long>(now_ns() - start));
    fflush(stdout);
  }
  return 0;
}
