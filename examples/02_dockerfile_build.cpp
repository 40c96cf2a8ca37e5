// An image from a Dockerfile, started twice. The second build is a cache hit.
#include <devenv/session.h>

#include <cstdio>
#include <filesystem>

constexpr const char* dockerfile = R"dockerfile(FROM debian:bookworm-slim
ARG GREETING=hello
RUN echo "$GREETING, built $(cat /etc/debian_version | cut -d. -f1)" > /greeting
CMD ["cat", "/greeting"]
)dockerfile";

int main() {
  const std::filesystem::path context = std::filesystem::temp_directory_path() / "devenv-example-context";
  std::filesystem::create_directories(context);

  devenv::Session session;
  std::string said;
  for (const char* greeting : {"hello", "hello again"}) {
    const devenv::Service service = session.start({
        .name = "greeter",
        .build = devenv::BuildSpec{.context_dir = context.string(),
                                   .dockerfile_text = dockerfile,
                                   .build_args = {{"GREETING", greeting}}},
        .ready = devenv::wait::exit(0),
    });
    said += service.logs();
  }
  std::filesystem::remove(context);
  std::fputs(said.c_str(), stdout);
  return said == "hello, built 12\nhello again, built 12\n" ? 0 : 1;
}
