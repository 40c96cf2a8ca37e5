// Mistakes about what is there: images, containers, volumes, networks, ports, files.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "mistakes.h"

namespace devenv::errors {
namespace {

constexpr char kNotFound[] =
    ": not found in the container's PATH; a script's #! line or a dynamic loader that is missing reads the "
    "same";

TEST_F(Mistakes, ACommandThatIsNotThere) {
  expect({{"run", "--rm", "small", "no-such"}, 127, std::string("execute \"no-such\"") + kNotFound});
  expect({{"run", "--rm", "small", "/no/such"},
          127,
          "execute \"/no/such\": no such file in the container; a script's #! line or a dynamic loader that "
          "is missing "
          "reads the same"});
  constexpr char hint[] =
      ": permission denied; it is a directory, not executable (chmod +x), or on a noexec mount";
  expect({{"run", "--rm", "small", "/etc/passwd"}, 126, std::string("execute \"/etc/passwd\"") + hint});
  expect({{"run", "--rm", "small", "/etc"}, 126, std::string("execute \"/etc\"") + hint});
  expect({{"run", "--rm", "--entrypoint", "", "small"},
          125,
          "start a container of small: no command was given and the image has none"});
}

TEST_F(Mistakes, AUserOrDirectoryTheImageLacks) {
  expect({{"run", "--rm", "-u", "eve", "small", "true"},
          125,
          "resolve user \"eve\": no such user in the image's /etc/passwd; name a user and group the image "
          "has, or give "
          "numbers, as in 1000:1000"});
  expect({{"run", "--rm", "--name", "it", "-w", "/etc/passwd", "small", "true"},
          125,
          "start container it: enter the working directory /etc/passwd: not a directory; it has to be a "
          "directory in "
          "the image that the user may enter; choose one with -w"});
}

TEST_F(Mistakes, ANameOrCapabilityThatCannotBe) {
  expect({{"run", "--cap-add", "NET_ADMN", "small"},
          125,
          "use capability \"NET_ADMN\": no such capability; did you mean NET_ADMIN?"});
  expect({{"run", "--name", "b@d", "small"},
          125,
          "name container \"b@d\": only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed; choose another name"});
}

TEST_F(Mistakes, AnImageThatIsNotThere) {
  expect({{"run", "--pull", "never", "smal"}, 125, "find image smal: not in the store; did you mean small?"});
  expect(
      {{"run", "--pull", "never", "debian:trixie-slm"},
       125,
       "find image debian:trixie-slm: not in the store; did you mean debian:trixie-slim, which devenv image "
       "bootstrap makes?"});
  // A hexadecimal word is a name, even when an image's id begins like it.
  const std::string id = devenv({"images", "-q", "--no-trunc"}).output.substr(7);
  expect({{"run", "--pull", "never", id.substr(0, 2)},
          125,
          "find image " + id.substr(0, 2) +
              ": not in the store; see `devenv images`; one that is to be built here: "
              "devenv build -t " +
              id.substr(0, 2) +
              ":latest DIR; base images that need no registry: devenv image "
              "bootstrap"});
  EXPECT_EQ(devenv({"run", "--rm", "--pull", "never", id.substr(0, 12), "true"}).exit_code, 0);
}

TEST_F(Mistakes, AFieldThatIsNotThere) {
  expect({{"images", "--format", "{{.Foo}}"},
          125,
          "read format \"{{.Foo}}\": there is no field .Foo; see --format json for the fields"});
  expect({{"images", "--format", "{{.Foo"}, 125, "read format \"{{.Foo\": \"{{\" is never closed"});
}

TEST_F(Mistakes, AContainerThatIsNotThere) {
  const std::string reason = "find container nosuch: there is none of that name or id; see: devenv ps -a";
  expect({{"logs", "nosuch"}, 1, reason});
  expect({{"exec", "nosuch", "true"}, 1, reason});
  expect({{"stop", "nosuch"}, 1, reason});
  expect({{"wait", "nosuch"}, 1, reason});
  expect({{"kill", "nosuch"}, 1, reason});
  expect(
      {{"rm", "nosuch"}, 1, "remove container nosuch: there is none of that name or id; see: devenv ps -a"});
  expect({{"volume", "rm", "nosuch"},
          1,
          "find volume nosuch: there is none of that name; see: devenv volume ls"});
  expect({{"network", "rm", "nosuch"},
          1,
          "remove network nosuch: no such network; `devenv network ls` lists them"});
  expect({{"run", "--rm", "--network", "nosuch", "small", "true"},
          125,
          "find network nosuch: there is none of that name; create it with: devenv network create nosuch"});
}

TEST_F(Mistakes, AContainerThatHasExited) {
  const cli::Detached over({"--name", "over", "small", "true"});
  devenv({"wait", "over"});
  const std::string reason = "use container over: it is not running; see why: devenv logs over";
  expect({{"exec", "over", "true"}, 1, reason});
  expect({{"kill", "over"}, 1, reason});
  expect({{"attach", "over"}, 1, "attach to over: it is not running; see `devenv logs over`"});
}

TEST_F(Mistakes, AnExecThatCannotRun) {
  const cli::Detached idle({"--name", "idle", "small", "sleep", "1000"});
  expect({{"exec", "idle", "no-such"}, 127, std::string("execute \"no-such\"") + kNotFound});
  expect({{"exec", "idle", "/etc/passwd"},
          126,
          "execute \"/etc/passwd\": permission denied; it is a directory, not executable (chmod +x), or on a "
          "noexec "
          "mount"});
  expect({{"exec", "-w", "/nosuch", "idle", "true"},
          1,
          "run a process in container idle: enter the working directory /nosuch: no such file or directory; "
          "it has to "
          "be a directory in the image that the user may enter; choose one with -w"});
  expect(
      {{"rm", "idle"}, 1, "remove container idle: it is running; stop it first, or use: devenv rm -f idle"});
  expect({{"port", "idle", "80"}, 1, "look up port 80 of idle: it is not published; start it with -p 80"});
}

TEST_F(Mistakes, WhatIsTaken) {
  EXPECT_EQ(devenv({"network", "create", "net"}).exit_code, 0);
  {
    const cli::Detached first(
        {"--name", "first", "-p", "80", "-v", "data:/data", "--network", "net", "small", "sleep", "1000"});
    std::string address = devenv({"port", "first", "80"}).output;
    const std::string port =
        address.substr(address.find(':') + 1, address.find('\n') - address.find(':') - 1);
    expect({{"run", "--rm", "--name", "first", "small", "true"},
            125,
            "name container first: the name is taken; remove it: devenv rm first"});
    expect({{"run", "--rm", "-p", port + ":80", "small", "true"},
            125,
            "publish port 127.0.0.1:" + port +
                ": the port is in use by container first; choose another host port, or "
                "none to get a free one"});
    expect({{"volume", "rm", "data"},
            1,
            "remove volume data: container first uses it; remove that first, with devenv rm -f"});
    expect({{"network", "rm", "net"},
            1,
            "remove network net: in use by container first; remove that first, with devenv rm -f"});
    expect({{"network", "create", "net"},
            1,
            "create network net: the name is taken; choose another, or remove it: devenv network rm net"});
  }
  EXPECT_EQ(devenv({"network", "rm", "net"}).exit_code, 0);
  EXPECT_EQ(devenv({"volume", "rm", "data"}).exit_code, 0);
}

TEST_F(Mistakes, APortOfAnotherProgram) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(socket.get(), 1), 0);
  ASSERT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  std::string name = read_file("/proc/self/comm");
  name.pop_back();
  expect({{"run", "--rm", "-p", port + ":80", "small", "true"},
          125,
          "publish port 127.0.0.1:" + port + ": the port is in use by process " + std::to_string(getpid()) +
              " (" + name + "); choose another host port, or none to get a free one"});
  expect({{"run", "--rm", "-p", "203.0.113.7:" + port + ":80", "small", "true"},
          125,
          "publish port 203.0.113.7:" + port +
              ": cannot assign requested address; this machine has no such address; "
              "`ip address` lists those it has"});
}

TEST_F(Mistakes, AMountSourceThatIsNotThere) {
  expect({{"run", "--rm", "-v", "/no/such:/x", "small", "true"},
          125,
          "mount /no/such on /x: no such file or directory; a bind mount needs a source that exists on the "
          "host"});
  expect({{"run", "--rm", "--cidfile", "/no/such/cid", "small", "true"},
          125,
          "write the container's id to /no/such/cid: no such file or directory"});
}

TEST_F(Mistakes, BytesThatAreNoTextHarmNoRecord) {
  EXPECT_EQ(
      devenv({"run", "--name", "odd", "-e", "A=\xff\xfe", "small", "sh", "-c", "printf %s \"$A\""}).output,
      "\xff\xfe");
  EXPECT_EQ(devenv({"ps", "-a", "--format", "{{.Names}}"}).output, "odd\n");
  EXPECT_EQ(devenv({"inspect", "odd"}).exit_code, 0);
  EXPECT_EQ(devenv({"rm", "odd"}).exit_code, 0);
}

}  // namespace
}  // namespace devenv::errors
