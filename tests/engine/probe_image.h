// The probe in a container of the engine, and what it reports. The surroundings are hostile to isolation: the
// test process has descriptors that would survive an exec, a key in its session keyring and a secret in its
// environment when the engine's holder is spawned.
#pragma once

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "small_image.h"

namespace devenv::engine {

using Json = nlohmann::json;

class ProbeImage {
 public:
  static ProbeImage& shared() {
    static ProbeImage image;
    return image;
  }
  ProbeImage(const ProbeImage&) = delete;
  ProbeImage& operator=(const ProbeImage&) = delete;

  static constexpr const char* kSecret = "DEVENV_TEST_SECRET=hunter2";
  static constexpr const char* kKey = "devenv-test-key";

  Engine& engine() { return *engine_; }

  /// What the probe says as the main process of a container of its own.
  Json main(ContainerSpec spec) {
    spec.image = "probe";
    if (spec.command.empty()) spec.command = {"/bin/probe"};
    const std::string id = engine_->start(spec, Lifetime::session).id;
    const auto exit = engine_->wait(id, Deadline::after(std::chrono::seconds(20)));
    std::string text;
    const auto log = engine_->logs(id);
    while (const auto line = log->next(Deadline::after(std::chrono::seconds(20))))
      text += line->text + (line->complete ? "\n" : "");
    engine_->remove(id, true);
    EXPECT_TRUE(exit && exit->code == 0) << text;
    return Json::parse(text, nullptr, false);
  }

  /// What it says when it is executed in a running container.
  Json exec(ContainerSpec spec, const std::string& user) {
    spec.image = "probe";
    spec.command = idle().command;
    const std::string id = engine_->start(spec, Lifetime::session).id;
    const ExecResult result = engine_->exec(id, {.command = {"/bin/probe"}, .user = user},
                                            Deadline::after(std::chrono::seconds(20)));
    engine_->remove(id, true);
    EXPECT_EQ(result.exit_code(), 0) << result.errors;
    return Json::parse(result.output, nullptr, false);
  }

  /// The four everyday ways to be in a container: as root and as alice, started and executed.
  const std::map<std::string, Json>& everyday() {
    if (everyday_.empty())
      everyday_ = {{"main as root", main({})},
                   {"main as alice", main({.user = "alice"})},
                   {"exec as root", exec({}, "root")},
                   {"exec as alice", exec({}, "alice")}};
    return everyday_;
  }

 private:
  ProbeImage() {
    SmallImage& small = SmallImage::shared();
    const std::string path =
        small.context("FROM small\nCOPY probe /bin/probe\nCOPY passwd group /etc/\nRUN chmod 1777 /tmp\n");
    replace_file(path + "/probe", read_file(DEVENV_PROBE), 0755);
    replace_file(path + "/passwd",
                 "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:100::/:/bin/sh\n"
                 "2000:x:0:0::/:/bin/sh\n");
    replace_file(path + "/group",
                 "root:x:0:\nwheel:x:10:alice\nvideo:x:44:bob,alice\nusers:x:100:\nstaff:x:50:bob\n"
                 "alice:x:1000:\n2000:x:0:\n");
    small.engine->build({.context_dir = path, .tags = {"probe"}}, [](const std::string&) {});
    for (int& fd : leaked_) fd = open("/", O_RDONLY | O_DIRECTORY);  // NOLINT: not CLOEXEC on purpose
    putenv(const_cast<char*>(kSecret));
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    syscall(SYS_add_key, "user", kKey, "x", 1, KEY_SPEC_SESSION_KEYRING);
    engine_ = make_native_engine(small.options());
  }
  ~ProbeImage() {
    engine_.reset();
    for (const int fd : leaked_) close(fd);
  }

  int leaked_[8];
  std::unique_ptr<Engine> engine_;
  std::map<std::string, Json> everyday_;
};

}  // namespace devenv::engine
