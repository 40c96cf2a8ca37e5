#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "small_image.h"

namespace devenv::engine {
namespace {

/// What a TCP server on this machine's loopback says first; "refused" when nobody listens.
std::string greeting_of(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  const UniqueFd fd(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), v6 ? static_cast<void*>(&in6.sin6_addr) : &in.sin_addr);
  if (connect(fd.get(), v6 ? reinterpret_cast<sockaddr*>(&in6) : reinterpret_cast<sockaddr*>(&in),
              v6 ? sizeof in6 : sizeof in) != 0)
    return "refused";
  try {
    return read_all(fd.get(), "a greeting");
  } catch (const Error&) {
    return "reset";
  }
}

ContainerSpec greeter() { return script("while :; do echo hi from $HOSTNAME | nc -l -p 7000; done"); }

void wait_until_listening(Running& container, std::uint16_t port) {
  const Deadline deadline = Deadline::after(std::chrono::seconds(10));
  while (!container.engine().listening(container.info.id, port, Protocol::tcp))
    ASSERT_FALSE(deadline.passed());
}

TEST(EngineNetwork, APublishedPortAnswersOnBothLoopbacks) {
  ContainerSpec spec = greeter();
  spec.hostname = "greeter";
  spec.ports = {{.container_port = 7000}};
  Running container(spec);
  ASSERT_EQ(container.info.ports.size(), 2u);
  for (const PublishedPort& port : container.info.ports) {
    wait_until_listening(container, 7000);  // the greeter serves one caller at a time
    EXPECT_EQ(port.host_port, container.info.ports[0].host_port);
    EXPECT_EQ(greeting_of(port.host_ip, port.host_port), "hi from greeter\n") << port.host_ip;
  }
}

TEST(EngineNetwork, APortInUseIsAConflictThatSaysSo) {
  ContainerSpec spec = idle();
  spec.ports = {{.container_port = 7000}};
  Running first(spec);
  spec.ports[0].host_port = first.info.ports[0].host_port;
  EXPECT_THROW(Running{spec}, Conflict);
}

TEST(EngineNetwork, NamesAndAliasesResolveWhateverTheOrderOfStart) {
  Engine& engine = Running::engine();
  const NetworkInfo network = engine.create_network({.name = "names"});
  ContainerSpec caller = script("for n in late LATER; do until test \"$(nc $n 7000)\" = \"hi from late\"; do :; done; done; echo both");
  caller.network = "names";
  Running first(caller);
  ContainerSpec called = greeter();
  called.name = "late";
  called.hostname = "late";
  called.aliases = {"later"};
  called.network = "names";
  {
    Running second(called);
    EXPECT_EQ(first.wait().code, 0);
    EXPECT_EQ(first.output(), "both\n");
  }
}

TEST(EngineNetwork, WithoutANetworkThereIsOnlyLoopback) {
  ContainerSpec spec = script("ls /sys/class/net");
  spec.network = "none";
  Running container(spec);
  container.wait();
  EXPECT_EQ(container.output(), "lo\n");
}

TEST(EngineNetwork, AnUnknownNetworkNamesTheWayOut) {
  ContainerSpec spec = idle();
  spec.network = "nowhere";
  try {
    Running container(spec);
    FAIL() << "started";
  } catch (const NotFound& error) {
    EXPECT_NE(std::string(error.what()).find("devenv network create nowhere"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace devenv::engine
