#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/key_value.h"
#include "adapters/cli/parse/mount_spec.h"
#include "adapters/cli/parse/port_spec.h"
#include "adapters/cli/parse/quantity.h"

namespace devenv::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What a parser says about `text`.
template <class Parser>
std::string complaint(const Parser& parser, const std::string& text) {
  try {
    parser(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no complaint";
}

std::vector<std::string> shown(const std::vector<PortMapping>& mappings) {
  std::vector<std::string> list;
  for (const auto& m : mappings)
    list.push_back(m.host_ip + "|" + std::to_string(m.host_port) + "|" + std::to_string(m.container_port) +
                   (m.protocol == Protocol::tcp ? "/tcp" : "/udp"));
  return list;
}

TEST(PortSpec, KnowsEveryForm) {
  EXPECT_THAT(shown(parse_port_spec("80")), ElementsAre("|0|80/tcp"));
  EXPECT_THAT(shown(parse_port_spec("8080:80")), ElementsAre("|8080|80/tcp"));
  EXPECT_THAT(shown(parse_port_spec("127.0.0.1:8080:80/udp")), ElementsAre("127.0.0.1|8080|80/udp"));
  EXPECT_THAT(shown(parse_port_spec("0.0.0.0::80")), ElementsAre("0.0.0.0|0|80/tcp"));
  EXPECT_THAT(shown(parse_port_spec("[::1]:8080:80")), ElementsAre("::1|8080|80/tcp"));
  EXPECT_THAT(shown(parse_port_spec("8000-8001:80-81")), ElementsAre("|8000|80/tcp", "|8001|81/tcp"));
  EXPECT_THAT(shown(parse_port_spec("80-81")), ElementsAre("|0|80/tcp", "|0|81/tcp"));
  EXPECT_THAT(shown(parse_port_spec(":80")), ElementsAre("|0|80/tcp"));
}

TEST(PortSpec, ErrorsNameTheValueAndTheForm) {
  EXPECT_EQ(complaint(parse_port_spec, "80:http"),
            "read port \"80:http\": \"http\" is no port between 1 and 65535; the form is "
            "[IP:][HOST:]CONTAINER[/tcp|udp], as in -p 8080:80, -p 80 or -p [::1]:8080:80");
  for (const char* bad : {"", "0", "70000", "80/sctp", "1-2:3", "9-8", "::1:8080:80", "300.1.1.1:1:2",
                          "80:", "-1", "80x", ":80:80", "[::1]:80", "1:2:3:4"})
    EXPECT_THAT(complaint(parse_port_spec, bad), HasSubstr("\"" + std::string(bad) + "\": ")) << bad;
}

TEST(VolumeSpec, TellsPathsFromNames) {
  const auto bind = parse_volume_spec("/src:/app:ro");
  EXPECT_EQ(bind.type, MountSpec::Type::bind);
  EXPECT_EQ(bind.source, "/src");
  EXPECT_EQ(bind.target, "/app");
  EXPECT_TRUE(bind.read_only);
  const auto volume = parse_volume_spec("data:/var/lib/db");
  EXPECT_EQ(volume.type, MountSpec::Type::volume);
  EXPECT_EQ(volume.source, "data");
  EXPECT_FALSE(volume.read_only);
  EXPECT_TRUE(is_anonymous_volume(parse_volume_spec("/data").source));
}

TEST(VolumeSpec, ADotBeginsARelativePath) {
  const std::string here = std::filesystem::current_path();
  EXPECT_EQ(parse_volume_spec("./src:/app").source, here + "/src");
  EXPECT_EQ(parse_volume_spec("./src:/app").type, MountSpec::Type::bind);
  EXPECT_EQ(parse_volume_spec("../a:/app").source, std::filesystem::path(here).parent_path() / "a");
}

TEST(VolumeSpec, ErrorsNameTheValueAndTheForm) {
  EXPECT_EQ(complaint(parse_volume_spec, "s/rc:/app"),
            "read volume \"s/rc:/app\": \"s/rc\" is neither a path (which begins with / or ./) nor a volume "
            "name; the form is [/HOST/PATH|NAME:]/CONTAINER/PATH[:ro], as in -v /src:/app or -v "
            "data:/var/lib/db:ro");
  for (const char* bad : {"", "data", "a:b", "/a:/b:/c", "/a:/b:ro:rw", "a b:/x", "/a:", ":/b"})
    EXPECT_THAT(complaint(parse_volume_spec, bad), HasSubstr("\"" + std::string(bad) + "\": ")) << bad;
}

TEST(MountOption, ReadsCsv) {
  const auto bind = parse_mount_spec("type=bind,\"source=/a,b\",target=/x,readonly");
  EXPECT_EQ(bind.source, "/a,b");
  EXPECT_TRUE(bind.read_only);
  const auto tmpfs = parse_mount_spec("type=tmpfs,dst=/run,tmpfs-size=64m,tmpfs-mode=0755");
  EXPECT_EQ(tmpfs.type, MountSpec::Type::tmpfs);
  EXPECT_EQ(tmpfs.tmpfs_size_bytes, 64u << 20);
  EXPECT_EQ(tmpfs.tmpfs_mode, 0755u);
  for (const char* bad :
       {"", "type=nfs,target=/x", "type=bind,target=/x", "type=bind,source=a,target=/x",
        "type=volume,source=d,target=x", "type=tmpfs,source=a,target=/x", "type=bind,bogus=1"})
    EXPECT_THAT(complaint(parse_mount_spec, bad), HasSubstr("read mount")) << bad;
}

TEST(TmpfsOption, ReadsSizeAndMode) {
  const auto mount = parse_tmpfs_spec("/run:size=1k,mode=1777,noexec,ro");
  EXPECT_EQ(mount.tmpfs_size_bytes, 1024u);
  EXPECT_TRUE(mount.read_only);
  EXPECT_THAT(complaint(parse_tmpfs_spec, "run"), HasSubstr("read tmpfs \"run\": the path is not absolute"));
  EXPECT_THAT(complaint(parse_tmpfs_spec, "/run:colour=red"), HasSubstr("colour=red"));
}

TEST(Sizes, FollowDocker) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("1.5k"), 1536u);
  EXPECT_EQ(parse_size("64m"), 64u << 20);
  EXPECT_EQ(parse_size("2GB"), 2ull << 30);
  EXPECT_EQ(parse_size("1 GiB"), 1ull << 30);
  EXPECT_EQ(complaint(parse_size, "12q"),
            "read size \"12q\": not a number of bytes; as in 512m, 1.5g or 1048576");
  for (const char* bad : {"", "-1", "m", "1mm", "1e300", "inf", "nan", "0x10"})
    EXPECT_THAT(complaint(parse_size, bad), HasSubstr("not a number of bytes")) << bad;
}

TEST(Durations, AddUp) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_duration("10"), 10s);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("300ms"), 300ms);
  for (const char* bad : {"", "s", "-1s", "1d", "1s2", "soon"})
    EXPECT_THAT(complaint(parse_duration, bad), HasSubstr("not a length of time")) << bad;
}

TEST(Moments, AreAbsoluteOrBeforeNow) {
  const std::int64_t now = 1'800'000'000'000'000'000;
  EXPECT_EQ(parse_moment("1970-01-01T00:00:01.5Z", now), 1'500'000'000);
  EXPECT_EQ(parse_moment("1970-01-01T01:00:00+01:00", now), 0);
  EXPECT_EQ(parse_moment("1970-01-02", now), 86400'000'000'000);
  EXPECT_EQ(parse_moment("12.25", now), 12'250'000'000);
  EXPECT_EQ(parse_moment("10m", now), now - 600'000'000'000);
  EXPECT_THROW(parse_moment("yesterday", now), UsageError);
}

TEST(Signals, ComeByNameAndNumber) {
  EXPECT_EQ(parse_signal("SIGTERM"), 15);
  EXPECT_EQ(parse_signal("hup"), 1);
  EXPECT_EQ(parse_signal("9"), 9);
  EXPECT_EQ(parse_signal("RTMIN+3"), 37);
  for (const char* bad : {"", "0", "99", "SIGFOO", "TERM ", "RTMIN+99"})
    EXPECT_THAT(complaint(parse_signal, bad), HasSubstr("no such signal")) << bad;
}

std::optional<std::string> lookup(const std::string& name) {
  return name == "HOME" ? std::optional<std::string>("/root") : std::nullopt;
}

TEST(Env, TakesValuesAndNames) {
  EXPECT_EQ(parse_env("A=b=c", lookup), Pair("A", "b=c"));
  EXPECT_EQ(parse_env("A=", lookup), Pair("A", ""));
  EXPECT_EQ(parse_env("HOME", lookup), Pair("HOME", "/root"));
  EXPECT_EQ(parse_env("UNSET", lookup), std::nullopt);
  EXPECT_EQ(complaint([](const std::string& t) { parse_env(t, lookup); }, "=x"),
            "read variable \"=x\": it has no name; the form is NAME=VALUE, or NAME to pass on your own, as "
            "in -e DEBUG=1");
}

TEST(EnvFile, HasNoQuotesAndNoInterpolation) {
  EXPECT_THAT(
      parse_env_file("\xEF\xBB\xBF# a comment\n\n  A=\"x\" \r\nB=$HOME\nHOME\nUNSET\nC=", "f", lookup),
      ElementsAre(Pair("A", "\"x\" "), Pair("B", "$HOME"), Pair("HOME", "/root"), Pair("C", "")));
  EXPECT_EQ(complaint([](const std::string& t) { parse_env_file(t, "web.env", lookup); }, "A=1\nmy key=2"),
            "read web.env:2: the name \"my key\" holds a space; each line is NAME=VALUE or NAME");
}

TEST(Hosts, TakeBothSeparators) {
  EXPECT_EQ(parse_extra_host("db:10.0.0.5"), Pair("db", "10.0.0.5"));
  EXPECT_EQ(parse_extra_host("db=[::1]"), Pair("db", "::1"));
  EXPECT_EQ(parse_extra_host("db:fe80::1"), Pair("db", "fe80::1"));
  EXPECT_THROW(parse_extra_host("db"), UsageError);
  EXPECT_THROW(parse_extra_host("db:nowhere"), UsageError);
}

TEST(Secrets, NeedIdAndSource) {
  EXPECT_EQ(parse_secret("id=key,src=/k"), Pair("key", "/k"));
  EXPECT_EQ(parse_secret("type=file,id=key,source=k"), Pair("key", "k"));
  for (const char* bad : {"", "id=key", "src=/k", "id=key,src=/k,mode=1"})
    EXPECT_THROW(parse_secret(bad), UsageError) << bad;
}

}  // namespace
}  // namespace devenv::cli
