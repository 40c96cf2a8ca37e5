// An engine on a store of its own, with an image of busybox built by the engine itself. Needs root.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "devenv/native_engine.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"

namespace devenv::engine {

/// Store, runtime directory and image shared by the tests of one process.
class SmallImage {
 public:
  static SmallImage& shared() {
    static SmallImage image;
    return image;
  }
  ~SmallImage() {
    engine.reset();
    remove_tree(dir);
  }

  const std::string dir = "/var/tmp/devenv-test-" + random_id(12);
  std::unique_ptr<Engine> engine;

  /// A build context with these files; removed with everything else.
  std::string context(const std::string& dockerfile) {
    const std::string path = dir + "/context-" + random_id(8);
    make_directories(path);
    replace_file(path + "/Dockerfile", dockerfile);
    return path;
  }

  NativeEngineOptions options() const { return {dir + "/store", dir + "/run", {}}; }

 private:
  SmallImage() {
    make_directories(dir);
    engine = make_native_engine(options());
    const std::string path = context(
        "FROM scratch\n"
        "COPY busybox /bin/busybox\n"
        "RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
        "RUN mkdir -p /etc /tmp /seeded && echo root:x:0:0::/root:/bin/sh > /etc/passwd && echo one > "
        "/seeded/file\n"
        "ENV GREETING=hello\n"
        "CMD [\"/bin/sh\"]\n");
    replace_file(path + "/busybox", read_file("/bin/busybox"), 0755);
    engine->build({.context_dir = path, .tags = {"small"}}, [](const std::string&) {});
  }
};

/// One container that is removed with its scope.
class Running {
 public:
  explicit Running(ContainerSpec spec, Lifetime lifetime = Lifetime::session) {
    if (spec.image.empty()) spec.image = "small";
    info = engine().start(spec, lifetime);
  }
  ~Running() { engine().remove(info.id, true); }
  static Engine& engine() { return *SmallImage::shared().engine; }

  ExitStatus wait() { return engine().wait(info.id, Deadline::after(std::chrono::seconds(20))).value(); }
  ExecResult exec(std::vector<std::string> command) {
    return engine().exec(info.id, {.command = std::move(command)}, Deadline::after(std::chrono::seconds(20)));
  }
  /// Until its first line of output.
  void wait_for_a_line() {
    ASSERT_TRUE(engine().logs(info.id)->next(Deadline::after(std::chrono::seconds(20))));
  }
  /// Everything it printed on one stream, until its end.
  std::string output(LogStream stream = LogStream::out) {
    const auto log = engine().logs(info.id);
    std::string text;
    while (const auto line = log->next(Deadline::after(std::chrono::seconds(20))))
      if (line->stream == stream) text += line->text + (line->complete ? "\n" : "");
    return text;
  }

  ContainerInfo info;
};

/// A shell script as a container.
inline ContainerSpec script(const std::string& text) { return {.command = {"/bin/sh", "-c", text}}; }

/// Runs until it is told to stop; its first line says that it can be.
inline ContainerSpec idle() { return script("trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done"); }

}  // namespace devenv::engine
