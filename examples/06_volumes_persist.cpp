// A named volume outlives the containers that use it.
#include <devenv/session.h>

#include <cstdio>

namespace {

std::string run(devenv::Session& session, const char* script) {
  return session
      .start({
          .name = "shell",
          .container = {.image = "debian:bookworm-slim",
                        .command = {"sh", "-c", script},
                        .mounts = {{.type = devenv::MountSpec::Type::volume,
                                    .source = "devenv-example",
                                    .target = "/data"}}},
          .ready = devenv::wait::exit(0),
      })
      .logs();
}

}  // namespace

int main() {
  devenv::Session session;
  run(session, "echo 'kept from the first container' > /data/note");
  const std::string note = run(session, "cat /data/note");
  session.remove_all();
  session.engine().remove_volume("devenv-example", false);
  std::fputs(note.c_str(), stdout);
  return note == "kept from the first container\n" ? 0 : 1;
}
