// A container that prints one line and ends. Needs the image: devenv image bootstrap debian:bookworm-slim
#include <devenv/session.h>

#include <cstdio>

int main() {
  devenv::Session session;
  const devenv::Service hello = session.start({
      .name = "hello",
      .container = {.image = "debian:bookworm-slim", .command = {"echo", "hello from a container"}},
      .ready = devenv::wait::exit(0),
  });
  std::fputs(hello.logs().c_str(), stdout);
  return hello.logs() == "hello from a container\n" ? 0 : 1;
}
