// Attacks of hostile images, volumes and processes on whoever starts the container, through the engine. Each
// is named after the CVE that first showed it, or after its mechanism.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "attack_fixture.h"
#include "runtime/base/sha256.h"
#include "runtime/launch/launcher.h"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

namespace devenv::engine {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

using EngineAttack = AttackTest;

/// A start that failed at this step, for this reason.
auto failed_at(const std::string& step, const std::string& reason) { return HasSubstr(step + ": " + reason); }

constexpr const char* kLink = "too many levels of symbolic links";  // ELOOP: it was one, and not followed
constexpr const char* kNone = "no such file or directory";

TEST_F(EngineAttack, WorkdirThroughALeakedDescriptorCve2024_21626) {
  const ContainerInfo info = engine().start({.image = "probe", .command = idle().command}, Lifetime::session);
  int links = 0;
  for (int fd = 0; fd < 20; ++fd) {
    for (const std::string dir : {"/proc/self/fd/", "/proc/1/fd/"}) {
      const std::string workdir = dir + std::to_string(fd);
      const std::string started = run({.command = {"ls", "-la", "."}, .workdir = workdir}).error;
      const std::string executed = error_of([&] {
        engine().exec(info.id, {.command = {"ls", "."}, .workdir = workdir},
                      Deadline::after(std::chrono::seconds(20)));
      });
      for (const std::string& error : {started, executed}) {
        // Nobody may look into init's, so these do not even tell which there are.
        const char* const closed = dir == "/proc/1/fd/" ? "permission denied" : kLink;
        const std::string step = "enter the working directory " + workdir;
        EXPECT_THAT(error, AnyOf(failed_at(step, closed), failed_at(step, kNone)));
        links += error.find(kLink) != std::string::npos;
      }
    }
  }
  EXPECT_GT(links, 0) << "no descriptor was put to the test";
  engine().remove(info.id, true);
  build("linked-workdir", "FROM probe\nCOPY tree/ /\nWORKDIR /wd\n", [](const std::string& context) {
    fs::create_directory(context + "/tree");
    fs::create_symlink("/proc/self/fd/8", context + "/tree/wd");
  });
  EXPECT_THAT(run({.image = "linked-workdir", .command = {"ls"}}).error,
              failed_at("enter the working directory /wd", kLink));
}

TEST_F(EngineAttack, ProcDevOrSysAsASymlinkCve2019_16884) {
  for (const std::string name : {"proc", "dev", "sys"}) {
    build("linked-" + name, "FROM probe\nCOPY tree/ /\n", [&](const std::string& context) {
      fs::create_directory(context + "/tree");
      fs::create_symlink(outside, context + "/tree/" + name);
    });
    EXPECT_THAT(run({.image = "linked-" + name, .command = {"true"}}).error,
                failed_at("mount /" + name, kLink));
  }
}

TEST_F(EngineAttack, FakeProcThroughAVolumeCve2025_52881) {
  build("linked-attr", "FROM probe\nRUN ln -s /proc/self/attr /attr && ln -s /proc /p\n");
  for (const std::string target :
       {"/proc", "/proc/self/attr", "/proc/sys", "/proc/self", "/attr", "/p", "/p/sys", "/x/../proc"})
    EXPECT_THAT(run({.image = "linked-attr", .command = {"true"}, .mounts = {bind(outside, target)}}).error,
                failed_at("mount " + outside + " on " + target, "operation not permitted"));
}

/// What the container sees must be masked and read-only, whatever lies in its /dev.
void expect_guarded(const Json& seen) {
  EXPECT_EQ(seen["writable"]["/proc/sys/kernel/core_pattern"], "EROFS");
  for (const auto& [path, sight] : seen["guarded"].items()) {
    if (!path.starts_with("/proc/") || sight["kind"] == "absent") continue;
    EXPECT_FALSE(sight.value("readable", false)) << path;
  }
}

TEST_F(EngineAttack, NullDeviceAsASymlinkCve2025_31133) {
  const std::string dev = SmallImage::shared().context("") + "/dev";
  fs::create_directory(dev);
  fs::create_symlink("/proc/sys/kernel/core_pattern", dev + "/null");
  // Opened for the standard streams when the masks are in place, so what it leads to cannot be written.
  EXPECT_THAT(run({.command = {"/bin/probe"}, .mounts = {bind(dev, "/dev")}}).error,
              failed_at("set up inherited descriptors", "read-only file system"));
  build("linked-null", "FROM probe\nCOPY tree/ /\n", [&](const std::string& context) {
    fs::create_directories(context + "/tree/dev");
    fs::create_symlink(outside + "/secret", context + "/tree/dev/null");
  });
  const Json seen = Json::parse(run({.image = "linked-null", .command = {"/bin/probe"}}).output);
  expect_guarded(seen);
  EXPECT_EQ(seen["devices"]["null"]["number"], "1:3");
}

TEST_F(EngineAttack, ConsoleAsASymlinkCve2025_52565) {
  const std::string dev = SmallImage::shared().context("") + "/dev", pts = dev + "/pts";
  fs::create_directories(pts);
  fs::create_symlink("/proc/sys/kernel/core_pattern", pts + "/0");
  fs::create_symlink(outside + "/secret", pts + "/ptmx");
  fs::create_symlink(outside + "/secret", dev + "/console");
  fs::create_symlink("pts/ptmx", dev + "/ptmx");
  replace_file(dev + "/null", "");  // without one nothing starts
  for (const auto& mount : {bind(pts, "/dev/pts"), bind(dev, "/dev")}) {
    const Ran ran = run({.command = {"/bin/probe"}, .mounts = {mount}, .tty = true});
    EXPECT_EQ(ran.error, "") << mount.target;
    const Json seen = Json::parse(ran.output);
    EXPECT_EQ(seen["writable"]["/proc/sys/kernel/core_pattern"], "EROFS") << mount.target;
    for (const Json& each : seen["mounts"])
      EXPECT_THAT(each["point"].get<std::string>(), Not(HasSubstr("core_pattern"))) << mount.target;
  }
}

TEST_F(EngineAttack, SwappedMountTargetCve2021_30465) {
  // Another container that shares the volume exchanges the target of our mount with a symlink to the host's.
  const std::string shared = SmallImage::shared().context("") + "/shared", source = shared + "-source";
  fs::create_directories(shared + "/target");
  fs::create_directories(source);
  replace_file(source + "/mounted", "here");
  fs::create_symlink("../../../../../../../../../.." + outside, shared + "/link");
  std::atomic<bool> stop{false};
  std::atomic<int> exchanges{0};
  std::thread attacker([&] {
    const UniqueFd fd = open_file(shared, O_PATH | O_DIRECTORY);
    for (; !stop || exchanges < 10000; ++exchanges)
      syscall(SYS_renameat2, fd.get(), "target", fd.get(), "link", RENAME_EXCHANGE);
  });
  int started = 0;
  for (int i = 0; i < 40; ++i) {
    const Ran ran = run({.command = {"cat", "/proc/self/mountinfo"},
                         .mounts = {bind(shared, "/shared"), bind(source, "/shared/target/below")}});
    started += ran.error.empty();
    EXPECT_THAT(ran.error, AnyOf("", HasSubstr("mount " + source + " on /shared/target/below: ")));
    EXPECT_THAT(ran.output, Not(HasSubstr(" " + outside + " "))) << "mounted on the host's path";
  }
  stop = true;
  attacker.join();
  EXPECT_GE(exchanges, 10000);
  EXPECT_GT(started, 0) << "nothing was put to the test";
}

TEST_F(EngineAttack, SymlinksInVolumesLeadNowhereOutside) {
  const std::string volume = SmallImage::shared().context("") + "/volume";
  fs::create_directories(volume);
  fs::create_symlink(outside, volume + "/absolute");
  fs::create_symlink("../../../../../../../.." + outside, volume + "/relative");
  const std::string source = volume + "-source";
  fs::create_directories(source);
  for (const char* link : {"absolute", "relative"}) {
    const std::string target = std::string("/v/") + link;
    // Made inside, where the link leads there.
    for (const std::string& place : {target, target + "/new/deep"})
      EXPECT_EQ(run({.command = {"true"}, .mounts = {bind(volume, "/v"), bind(source, place)}}).error, "");
    const Ran ran = run({.command = {"sh", "-c",
                                     "cat " + target + "/secret 2>&1; mkdir -p " + outside + "; echo inside > " +
                                         target + "/secret; cat " + outside + "/secret"},
                         .mounts = {bind(volume, "/v")}});
    EXPECT_EQ(ran.error, "");
    EXPECT_THAT(ran.output, AllOf(HasSubstr("can't open '" + target + "/secret'"), HasSubstr("inside\n"),
                                  Not(HasSubstr("secret\nfile"))));
  }
}

TEST_F(EngineAttack, VolumesAreSeededFromTheImageNotThroughIt) {
  build("linked-seed",
        "FROM probe\nRUN ln -s " + outside + " /data && ln -s ../../../.." + outside + " /up\n");
  for (const char* target : {"/data", "/data/dir", "/up", "/up/dir"}) {
    const MountSpec volume{.type = MountSpec::Type::volume, .source = "seeded-volume", .target = target};
    const Ran ran = run({.image = "linked-seed",
                         .command = {"sh", "-c", std::string("find ") + target + "/"},
                         .mounts = {volume}});
    EXPECT_EQ(ran.error, "") << target;
    EXPECT_EQ(ran.output, std::string(target) + "/\n") << "an empty volume";
    engine().remove_volume("seeded-volume", true);
  }
  for (const char* name : {"../x", "..", "a/b", "/etc", ".hidden", ""}) {
    const MountSpec volume{.type = MountSpec::Type::volume, .source = name, .target = "/v"};
    EXPECT_THAT(run({.command = {"true"}, .mounts = {volume}}).error, HasSubstr("not a valid name")) << name;
  }
}

TEST_F(EngineAttack, WorkdirAndEtcFilesAsSymlinksMakeNothingOutside) {
  build("linked-places", "FROM probe\nCOPY tree/ /\n", [&](const std::string& context) {
    fs::create_directories(context + "/tree/etc");
    fs::create_symlink(outside, context + "/tree/wd");
    fs::create_symlink("../../../../.." + outside + "/secret", context + "/tree/etc/hosts");
    fs::create_symlink(outside + "/new", context + "/tree/etc/hostname");
    fs::create_symlink(outside + "/dir/file", context + "/tree/etc/resolv.conf");
  });
  const Ran ran = run({.image = "linked-places",
                       .command = {"sh", "-c",
                                   "echo evil >> /etc/hosts; echo evil > /etc/hostname; echo evil > "
                                   "/etc/resolv.conf; tail -n 1 /etc/hosts /etc/hostname /etc/resolv.conf; "
                                   "cd " + outside + "/made/deep && pwd"},
                       .workdir = "/wd/made/deep"});
  EXPECT_EQ(ran.error, "");
  EXPECT_THAT(ran.output, HasSubstr(outside + "/made/deep\n")) << "made inside, where the link leads there";
  std::size_t written = 0;
  for (std::size_t at = 0; (at = ran.output.find("evil", at)) != std::string::npos; ++at) ++written;
  EXPECT_EQ(written, 3u) << "into files of its own:\n" << ran.output;
}

TEST_F(EngineAttack, CgroupsAreNotWritableCve2022_0492) {
  const Ran ran =
      run({.command = {"sh", "-c",
                       "find /sys/fs/cgroup -name release_agent -o -name cgroup.procs -o -name tasks | "
                       "while read f; do echo 0 2>/dev/null > $f && echo wrote $f; done; "
                       "mkdir /tmp/cg; for c in memory rdma pids misc; do mount -t cgroup -o $c cgroup "
                       "/tmp/cg && echo mounted $c; done; mount -t cgroup2 none /tmp/cg && echo mounted; "
                       "mount -o remount,rw /sys/fs/cgroup && echo remounted; "
                       "unshare -Cm true && echo unshared; unshare -Ur true && echo unshared; "
                       "mkdir /sys/fs/cgroup/x && echo made; echo end"}});
  EXPECT_EQ(ran.error, "");
  std::istringstream lines(ran.output);
  for (std::string line; std::getline(lines, line);)
    EXPECT_FALSE(line.starts_with("wrote") || line.starts_with("mounted") || line == "remounted" ||
                 line == "unshared" || line == "made")
        << line;
  EXPECT_THAT(ran.output, HasSubstr("end\n"));
}

TEST_F(EngineAttack, OurExecutableIsNotOverwrittenCve2019_5736) {
  const std::string helper = launch::locate_helper(), before = sha256_hex(read_file(helper));
  build("self-exe", "FROM probe\nCOPY script /bin/script\nRUN ln -s /proc/self/exe /bin/linked\n",
        [](const std::string& context) { replace_file(context + "/script", "#!/proc/self/exe\n", 0755); });
  // It waits for whoever comes from outside, and writes into what that runs from.
  const ContainerInfo info = engine().start(
      {.image = "self-exe",
       .command =
           {"sh", "-c",
            "echo watching; while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in *memfd*|*helper*) "
            "(echo saw; exec 9< $p/exe; echo evil > $p/exe && echo wrote $p; "
            "for i in 1 2 3; do echo evil > /proc/self/fd/9 && echo wrote it later; done) 2> /dev/null;; "
            "esac; done; done"}},
      Lifetime::session);
  int answered = 0;
  for (int i = 0; i < 10; ++i)
    for (const char* command : {"/proc/self/exe", "/bin/script", "/bin/linked"})
      answered += error_of([&] {
                    engine().exec(info.id, {.command = {command, "hold"}},
                                  Deadline::after(std::chrono::seconds(5)));
                  }).empty();
  engine().signal(info.id, SIGKILL);
  std::string output;
  const auto log = engine().logs(info.id);
  while (const auto line = log->next(Deadline::after(std::chrono::seconds(20)))) output += line->text + "\n";
  engine().remove(info.id, true);
  EXPECT_THAT(output, AllOf(HasSubstr("watching"), Not(HasSubstr("wrote"))));
  EXPECT_GT(answered, 0) << "nothing was executed while it watched";
  EXPECT_EQ(run({.image = "self-exe", .command = {"/proc/self/exe"}}).error, "");
  EXPECT_EQ(sha256_hex(read_file(helper)), before);
}

TEST_F(EngineAttack, MalformedUsersAreRefusedCve2026_30892AndCve2024_40635) {
  const ContainerInfo info =
      engine().start({.image = "probe", .command = idle().command, .user = "alice"}, Lifetime::session);
  const auto exec = [&](const std::string& user) {
    return engine().exec(info.id, {.command = {"id", "-u"}, .user = user},
                         Deadline::after(std::chrono::seconds(20)));
  };
  EXPECT_EQ(exec("").output, "1000\n") << "no user is the container's, not root";
  for (const char* user : {"+0", "-1", ":", "1:", ":0", "0x0", " 0", "0 ", "1e0", "4294967296", "4294967295",
                           "2147483648", "0:2147483648", "18446744073709551616", "alice:", "alice:+0"}) {
    EXPECT_THAT(error_of([&] { exec(user); }), HasSubstr(user)) << user;
    EXPECT_THAT(run({.command = {"id"}, .user = user}).error, HasSubstr(user)) << user;
  }
  engine().remove(info.id, true);
}

TEST_F(EngineAttack, HugeOrBlockingUserDatabasesDoNotHang) {
  const std::string group = SmallImage::shared().context("") + "/group";
  replace_file(group, "alice:x:1000:\n");
  fs::resize_file(group, std::uintmax_t{1} << 27);  // sparse: a line of 128 MiB
  EXPECT_EQ(run({.command = {"id", "-u"}, .user = "alice", .mounts = {bind(group, "/etc/group")}}).output,
            "1000\n");
  build("fifo-passwd", "FROM probe\nRUN rm /etc/passwd && mkfifo /etc/passwd\n");
  EXPECT_THAT(run({.image = "fifo-passwd", .command = {"id"}, .user = "alice"}).error,
              HasSubstr("resolve user \"alice\": the image's /etc/passwd or /etc/group cannot be read as a "
                        "regular file"));
}

}  // namespace
}  // namespace devenv::engine
