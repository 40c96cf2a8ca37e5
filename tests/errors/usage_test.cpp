// Slips of the command line: found before anything is started.
#include "mistakes.h"

namespace devenv::errors {
namespace {

constexpr char kPortForm[] =
    "; the form is [IP:][HOST:]CONTAINER[/tcp|udp], as in -p 8080:80, -p 80 or -p [::1]:8080:80";
constexpr char kVolumeForm[] =
    "; the form is [/HOST/PATH|NAME:]/CONTAINER/PATH[:ro], as in -v /src:/app or -v data:/var/lib/db:ro";

/// Without an image: nothing gets that far.
class Usage : public Mistakes {
 public:
  static void SetUpTestSuite() {
    dir() = "/var/tmp/devenv-usage-test-" + random_id(12);
    make_directories(dir());
  }
  static void TearDownTestSuite() { remove_tree(dir()); }

 protected:
  void TearDown() override {}
};

TEST_F(Usage, AVerb) {
  expect({{"rn", "small"},
          125,
          "run \"rn\": there is no such command; did you mean `devenv run`? see `devenv --help`"});
  expect({{"volume", "crate", "x"},
          125,
          "run \"volume crate\": there is no such command; did you mean `devenv volume create`? see `devenv "
          "volume "
          "--help`"});
  expect({{"compose", "up"},
          125,
          "run \"compose\": docker has this command, devenv has not (yet); see `devenv --help` for those it "
          "has"});
  expect({{"images", "ls"},
          125,
          "list images of \"ls\": there is no such repository; to list all, write `devenv images` or `devenv "
          "image ls`"});
}

TEST_F(Usage, AFlag) {
  expect({{"run", "--nmae", "x", "small"},
          125,
          "read \"--nmae\": devenv run has no such flag; did you mean --name? see `devenv run --help`"});
  expect({{"run", "--name"},
          125,
          "read --name: it needs a value; write --name VALUE, as in `devenv run --help`"});
  expect({{"run", "--rm=perhaps", "small"},
          125,
          "read --rm=perhaps: it is a switch; give it alone, or with =true or =false"});
  expect({{"run"},
          125,
          "read arguments of run: none given, at least 1 needed; usage: devenv run [flags] IMAGE [COMMAND] "
          "[ARG...]"});
  expect({{"ps", "all"}, 125, "read arguments of ps: \"all\" is one too many; usage: devenv ps [flags]"});
}

TEST_F(Usage, ANumber) {
  expect({{"run", "-m", "10x", "small"},
          125,
          "read size \"10x\": not a number of bytes; as in 512m, 1.5g or 1048576"});
  expect({{"run", "--cpus", "abc", "small"},
          125,
          "read --cpus \"abc\": not a number, or too large; --cpus NUMBER: Processors it may use (1.5)"});
  for (const char* cpus : {"1e400", "inf", "nan", "-1"})
    expect({{"run", "--cpus", cpus, "small"},
            125,
            "read --cpus: not a number of processors; as in --cpus 1.5; 0 means no limit"});
  expect({{"stop", "-t", "soon", "x"},
          125,
          "read --time \"soon\": not a number, or too large; --time SECONDS: Seconds of grace (the "
          "container's own, "
          "else 10)"});
  expect({{"logs", "--tail", "abc", "x"},
          125,
          "read --tail \"abc\": not a number of lines; as in --tail 20 or --tail all"});
  expect({{"logs", "--since", "noon", "x"},
          125,
          "read time \"noon\": neither a moment nor a length of time; as in 2026-01-02T15:04:05Z, 1767366245 "
          "or 10m"});
}

TEST_F(Usage, ASignal) {
  for (const char* name : {"SIGFOO", "99999999999999999999", "RTMIN+99"})
    expect({{"kill", "-s", name, "x"},
            125,
            std::string("read signal \"") + name + "\": no such signal; as in SIGTERM, HUP or 9"});
  expect({{"run", "--stop-signal", "TREM", "small"},
          125,
          "read signal \"TREM\": no such signal; as in SIGTERM, HUP or 9"});
}

TEST_F(Usage, APort) {
  expect({{"run", "-p", "web", "small"},
          125,
          std::string("read port \"web\": \"web\" is no port between 1 and 65535") + kPortForm});
  expect({{"run", "-p", "70000:80", "small"},
          125,
          std::string("read port \"70000:80\": \"70000\" is no port between 1 and 65535") + kPortForm});
  expect({{"run", "-p", "80:80/icmp", "small"},
          125,
          std::string("read port \"80:80/icmp\": protocol \"icmp\" is neither tcp nor udp") + kPortForm});
  expect(
      {{"run", "-p", "8000-8002:80-81", "small"},
       125,
       std::string("read port \"8000-8002:80-81\": the two ranges differ in length, 3 and 2") + kPortForm});
}

TEST_F(Usage, AMount) {
  expect({{"run", "-v", "data:app", "small"},
          125,
          std::string("read volume \"data:app\": the path in the container, \"app\", is not absolute") +
              kVolumeForm});
  expect({{"run", "-v", "/a:/b:r", "small"},
          125,
          std::string("read volume \"/a:/b:r\": the option \"r\" is not known") + kVolumeForm});
  expect(
      {{"run", "-v", "s/rc:/app", "small"},
       125,
       std::string(
           "read volume \"s/rc:/app\": \"s/rc\" is neither a path (which begins with / or ./) nor a volume "
           "name") +
           kVolumeForm});
  expect(
      {{"run", "--mount", "type=image,target=/x", "small"},
       125,
       "read mount \"type=image,target=/x\": type \"image\" is none of bind, volume and tmpfs; the form is "
       "type=bind|volume|tmpfs,source=SOURCE,target=/PATH[,readonly]"});
  expect({{"run", "-v", "/a:/x", "-v", "/b:/x", "small"},
          125,
          "mount on /x: it is given twice; one mount per path"});
}

TEST_F(Usage, AVariable) {
  constexpr char form[] =
      ": it has no name; the form is NAME=VALUE, or NAME to pass on your own, as in -e DEBUG=1";
  expect({{"run", "-e", "=x", "small"}, 125, std::string("read variable \"=x\"") + form});
  expect({{"run", "-e", "", "small"}, 125, std::string("read variable \"\"") + form});
  expect({{"build", "--build-arg", "=x", "."},
          125,
          "read build argument \"=x\": it has no name; the form is NAME=VALUE, or NAME to pass on your own"});
}

TEST_F(Usage, AnEnvFile) {
  const std::string there = directory("env"), file = there + "/file";
  expect({{"run", "--env-file", there, "small"},
          125,
          "read env file " + there + ": it is a directory; each line of the file is NAME=VALUE or NAME"});
  expect({{"run", "--env-file", there + "/no", "small"},
          125,
          "read env file " + there + "/no: no such file or directory; check the path given with --env-file"});
  replace_file(file, "GOOD=1\n\x1b[2J\xff =x\n");  // would clear the screen
  expect({{"run", "--env-file", file, "small"},
          125,
          "read " + file + ":2: the name \"\\x1b[2J\\xff \" holds a space; each line is NAME=VALUE or NAME"});
}

TEST_F(Usage, AReference) {
  constexpr char form[] =
      "; references look like [host[:port]/]name[:tag][@digest], a digest is sha256: and 64 hexadecimal "
      "digits";
  for (const char* text : {"a//b", "x:y:z", "debian@sha256:123", "-x/y"})
    expect({{"run", "--", text},
            125,
            std::string("parse image reference \"") + text + "\": invalid format" + form});
  expect({{"run", "Debian:12"},
          125,
          "parse image reference \"Debian:12\": the repository name must be lower case; try \"debian:12\""});
  expect({{"run", "sha256:zz"},
          125,
          "get image sha256:zz: no image of the store has this id, and a registry has names; see: devenv "
          "images"});
}

TEST_F(Usage, TheRest) {
  expect({{"run", "--network", "none", "--network-alias", "db", "small"},
          125,
          "read --network-alias \"db\": there are no names on network none; leave it out, or make a network "
          "with "
          "devenv network create"});
  expect({{"run", "--pull", "often", "small"},
          125,
          "read --pull \"often\": no such policy; one of missing, always and never"});
  expect({{"run", "-w", "app", "small"}, 125, "read --workdir \"app\": it is not absolute; as in -w /app"});
  expect({{"run", "--add-host", "db", "small"},
          125,
          "read host \"db\": not a name with an address; the form is NAME:ADDRESS, as in --add-host "
          "db:10.0.0.5"});
  expect({{"network", "create", "a b"},
          1,
          "name network \"a b\": not a valid name; use letters, digits, '_', '.' and '-', beginning with a "
          "letter or "
          "digit"});
  expect({{"volume", "create", "a/b"},
          1,
          "name volume \"a/b\": not a valid name; use letters, digits, '_', '.' and '-', beginning with a "
          "letter or "
          "digit"});
}

}  // namespace
}  // namespace devenv::errors
