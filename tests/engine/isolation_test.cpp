// What a container sees and may do, told by the probe from inside, through the engine's own start and exec.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "probe_image.h"

namespace devenv::engine {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kDefaultCapabilities = "00000000a80425fb";  // docker's 14
constexpr const char* kNone = "0000000000000000";

ProbeImage& probe() { return ProbeImage::shared(); }

/// The five sets in the order of /proc/PID/status.
void expect_capabilities(const Json& seen, const char* permitted, const char* bounding) {
  EXPECT_EQ(seen["status"]["CapInh"], kNone);  // CVE-2022-24769, CVE-2022-29162
  EXPECT_EQ(seen["status"]["CapPrm"], permitted);
  EXPECT_EQ(seen["status"]["CapEff"], permitted);
  EXPECT_EQ(seen["status"]["CapBnd"], bounding);
  EXPECT_EQ(seen["status"]["CapAmb"], kNone);
}

TEST(Isolation, CapabilitySetsAreExactAndNoneIsInheritableCve2022_24769) {
  for (const auto& [who, seen] : probe().everyday()) {
    SCOPED_TRACE(who);
    const bool root = who.ends_with("root");
    EXPECT_EQ(seen["euid"], root ? 0 : 1000);
    expect_capabilities(seen, root ? kDefaultCapabilities : kNone, kDefaultCapabilities);
  }
  const ContainerSpec more{.cap_add = {"NET_ADMIN"}, .cap_drop = {"MKNOD"}};
  expect_capabilities(probe().main(more), "00000000a00435fb", "00000000a00435fb");
  expect_capabilities(probe().exec(more, "alice"), kNone, "00000000a00435fb");
  const ContainerSpec none{.cap_drop = {"ALL"}};
  expect_capabilities(probe().main(none), kNone, kNone);
  expect_capabilities(probe().exec(none, "root"), kNone, kNone);
}

TEST(Isolation, SeccompFiltersEveryProcessAndNoNewPrivilegesIsKept) {
  for (const auto& [who, seen] : probe().everyday()) {
    EXPECT_EQ(seen["status"]["Seccomp"], 2) << who;
    EXPECT_EQ(seen["status"]["NoNewPrivs"], 0) << who;  // docker's default
  }
  for (const char* user : {"root", "alice"}) {
    const ContainerSpec spec{.user = user, .no_new_privileges = true};
    EXPECT_EQ(probe().main(spec)["status"]["NoNewPrivs"], 1) << user;
    EXPECT_EQ(probe().exec(spec, user)["status"]["NoNewPrivs"], 1) << user;
  }
}

TEST(Isolation, DangerousSystemCallsAreRefused) {
  for (const auto& [who, seen] : probe().everyday()) {
    SCOPED_TRACE(who);
    const Json& calls = seen["calls"];
    for (const char* name : {"unshare_user",
                             "unshare_mount",
                             "clone_newuser",
                             "setns",
                             "mount",
                             "umount2",
                             "fsopen",
                             "open_tree",
                             "pivot_root",
                             "bpf",
                             "userfaultfd",
                             "perf_event_open",
                             "io_uring_setup",
                             "keyctl",
                             "add_key",
                             "request_key",
                             "kexec_load",
                             "init_module",
                             "finit_module",
                             "delete_module",
                             "reboot",
                             "swapon",
                             "swapoff",
                             "acct",
                             "settimeofday",
                             "sethostname",
                             "quotactl",
                             "socket_vsock",
                             "socket_alg",
                             "open_by_handle_at",
                             "personality_no_randomize"})
      EXPECT_EQ(calls[name], "EPERM") << name;
    EXPECT_EQ(calls["clone3"], "ENOSYS");
    for (const char* name : {"clone_plain", "socket_inet", "ptrace", "openat2"})
      EXPECT_EQ(calls[name], "ok") << name;
  }
}

TEST(Isolation, DockersPathsAreMaskedOrReadOnly) {
  for (const auto& [who, seen] : probe().everyday()) {
    for (const char* path : {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                             "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                             "/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap"}) {
      SCOPED_TRACE(who + " " + path);
      const Json& sight = seen["guarded"][path];
      EXPECT_EQ(sight["kind"] == "absent", !std::filesystem::exists(path)) << sight;
      EXPECT_NE(sight["kind"], "file") << sight;  // covered by the null device
      EXPECT_EQ(sight.value("entries", 0), 0);
      EXPECT_FALSE(sight.value("readable", false));
      EXPECT_TRUE(sight["kind"] != "directory" || sight["read_only"] == true) << sight;
    }
    for (const char* path : {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}) {
      SCOPED_TRACE(who + " " + path);
      const Json& sight = seen["guarded"][path];
      EXPECT_EQ(sight["kind"] == "absent", !std::filesystem::exists(path)) << sight;
      EXPECT_TRUE(sight["kind"] == "absent" || sight["read_only"] == true) << sight;
    }
    for (const auto& [path, said] : seen["writable"].items()) {
      if (!path.starts_with("/proc/sys") && !path.starts_with("/sys")) continue;
      EXPECT_THAT(said, AnyOf("EROFS", "EACCES", "ENOENT")) << who << " " << path;
    }
  }
}

TEST(Isolation, ThereAreTheAllowedDevicesAndNoOthers) {
  const std::map<std::string, std::string> nodes = {{"null", "1:3"},   {"zero", "1:5"},    {"full", "1:7"},
                                                    {"random", "1:8"}, {"urandom", "1:9"}, {"tty", "5:0"}};
  const std::map<std::string, std::string> links = {
      {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
      {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},         {"core", "/proc/kcore"}};
  for (const auto& [who, seen] : probe().everyday()) {
    std::map<std::string, std::string> found_nodes, found_links;
    for (const auto& [name, entry] : seen["devices"].items()) {
      if (entry.contains("number")) {
        EXPECT_TRUE(entry["type"] == "char" && entry["mode"] == "0666") << who << " " << name;
        found_nodes[name] = entry["number"];
      } else if (entry["type"] == "link") {
        found_links[name] = entry["target"];
      } else {
        EXPECT_THAT(name, AnyOf("pts", "shm", "mqueue")) << who;
      }
    }
    EXPECT_EQ(found_nodes, nodes) << who;
    EXPECT_EQ(found_links, links) << who;
    for (const auto& [name, said] : seen["device_nodes"].items()) {
      const bool allowed = who.ends_with("root") && nodes.contains(name);
      EXPECT_EQ(said, allowed ? "ok" : who.ends_with("root") ? "EPERM" : "mknod EPERM") << who << " " << name;
    }
  }
}

TEST(Isolation, SessionKeyringIsEmpty) {
  // Ours holds a key; a container gets a keyring of its own. Without a filter the probe can look into it.
  for (const bool executed : {false, true}) {
    const ContainerSpec spec{.privileged = true};
    const Json seen = executed ? probe().exec(spec, "root") : probe().main(spec);
    EXPECT_EQ(seen["keyring"]["keys"], 0) << seen["keyring"];
  }
  for (const auto& [who, seen] : probe().everyday()) EXPECT_EQ(seen["keyring"]["proc_keys"], "") << who;
}

TEST(Isolation, NoDescriptorIsInheritedCve2016_9962) {
  for (const auto& [who, seen] : probe().everyday()) {
    ASSERT_EQ(seen["descriptors"].size(), 3u) << who << seen["descriptors"];
    for (const auto& [number, target] : seen["descriptors"].items())
      EXPECT_TRUE(target == "/dev/null" || target.get<std::string>().starts_with("pipe:["))
          << who << number << target;
  }
}

TEST(Isolation, SupplementaryGroupsAreExact) {
  const auto groups = [](const Json& seen) { return seen["groups"].get<std::set<int>>(); };
  const auto expect = [&](const std::string& user, int gid, const std::set<int>& wanted) {
    for (const bool executed : {false, true}) {
      const Json seen = executed ? probe().exec({}, user) : probe().main({.user = user});
      EXPECT_EQ(seen["egid"], gid) << user;
      std::set<int> more = groups(seen);
      more.erase(gid);  // whether the primary one is listed, too, makes no difference
      EXPECT_EQ(more, wanted) << user << (executed ? " executed" : "");
    }
  };
  expect("root", 0, {});
  expect("alice", 1000, {10, 44});
  expect("1000", 1000, {10, 44});
  expect("bob", 100, {44, 50});
  expect("bob:wheel", 10, {});
  expect("1001:10", 10, {});
  expect("4242", 0, {});
  expect("2000", 0, {});  // a number, although a user is called so
  EXPECT_EQ(probe().main({.user = "2000"})["euid"], 2000);
}

TEST(Isolation, NothingOfTheHostIsSeen) {
  Json host = Json::object();
  for (const char* kind : {"mnt", "pid", "net", "ipc", "uts", "cgroup"})
    host[kind] = std::filesystem::read_symlink(std::string("/proc/self/ns/") + kind).string();
  const std::string store = SmallImage::shared().dir;
  for (const auto& [who, seen] : probe().everyday()) {
    SCOPED_TRACE(who);
    EXPECT_EQ(seen["links"], Json({"lo", "eth0"}));
    for (const auto& [kind, name] : host.items()) EXPECT_NE(seen["namespaces"][kind], name) << kind;
    EXPECT_EQ(seen["processes"]["1"], "devenv-init");
    for (const auto& [pid, name] : seen["processes"].items())
      EXPECT_THAT(name.get<std::string>(), AnyOf("devenv-init", "probe", "sh", "sleep", "exe")) << pid;
    for (const Json& mount : seen["mounts"]) {
      const std::string text = mount.dump();
      EXPECT_THAT(text, Not(HasSubstr(store)));
      EXPECT_THAT(text, Not(HasSubstr("/var/")));
      EXPECT_THAT(mount["type"],
                  AnyOf("overlay", "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"));
    }
    for (const Json& entry : seen["environment"])
      EXPECT_THAT(entry.get<std::string>(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(seen["cgroup"].get<std::string>(), Not(HasSubstr("devenv")));
  }
}

TEST(Isolation, HostNetworkShowsNoSocketOfOursCve2020_15257) {
  // Abstract sockets need no path: whoever shares the network namespace can connect.
  const Json seen = probe().main({.network = "host"});
  for (const Json& name : seen["abstract_sockets"])
    EXPECT_THAT(name.get<std::string>(), Not(HasSubstr("devenv")));
}

TEST(Isolation, StoreIsClosedToOthersCve2021_41091) {
  probe().everyday();
  for (const char* name : {"/store", "/run"}) {
    struct stat st {};
    ASSERT_EQ(stat((SmallImage::shared().dir + name).c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0700u) << name;
  }
}

}  // namespace
}  // namespace devenv::engine
