// Starts that fail, on the real engine, with everything that timing decides made the same in every run.
#pragma once

#include <devenv/native_engine.h>
#include <devenv/session.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

namespace devenv::errors {

/// A store of its own with the image `small`, shared by the tests of one process.
class Laboratory {
 public:
  static Laboratory& shared() {
    static Laboratory laboratory;
    return laboratory;
  }
  Laboratory(const Laboratory&) = delete;
  Laboratory& operator=(const Laboratory&) = delete;
  ~Laboratory() {
    engine.reset();
    std::filesystem::remove_all(dir);
  }

  std::string dir;
  std::shared_ptr<Engine> engine;

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = dir + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

 private:
  Laboratory() {
    char name[] = "/var/tmp/devenv-start-failure-XXXXXX";
    dir = mkdtemp(name);
    std::filesystem::create_directories(dir + "/small");
    std::filesystem::copy_file("/bin/busybox", dir + "/small/busybox");
    write("small/Dockerfile",
          "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
          "RUN mkdir -p /etc /tmp && echo root:x:0:0::/root:/bin/sh > /etc/passwd\n");
    NativeEngineOptions options;
    options.store_dir = dir + "/store";
    options.runtime_dir = dir + "/run";
    engine = make_native_engine(options);
    BuildSpec build;
    build.context_dir = dir + "/small";
    build.tags = {"small"};
    engine->build(build, [](const std::string&) {});
  }
};

/// A condition whose first question opens a gate: what its container does behind the gate it does after
/// having been asked. Whether it was asked again before it ended is not told apart by any message.
class GatedWait : public WaitStrategy {
 public:
  GatedWait(Wait inner, std::string gate) : inner_(std::move(inner)), gate_(std::move(gate)) {}

  std::string describe() const override { return inner_.describe(); }
  std::unique_ptr<WaitProbe> begin(const WaitTarget& target) const override {
    return std::make_unique<Probe>(inner_.strategy()->begin(target), gate_);
  }

 private:
  class Probe : public WaitProbe {
   public:
    Probe(std::unique_ptr<WaitProbe> inner, std::string gate)
        : inner_(std::move(inner)), gate_(std::move(gate)) {}
    WaitAnswer ask(Deadline deadline) override {
      const WaitAnswer answer = inner_->ask(deadline);
      std::ofstream(gate_ + "/open") << "open";
      return answer;
    }
    WaitAnswer ask_after_exit(const ExitStatus& exit) override { return inner_->ask_after_exit(exit); }

   private:
    std::unique_ptr<WaitProbe> inner_;
    std::string gate_;
  };

  Wait inner_;
  std::string gate_;
};

/// Runs `script`; "$gate" in it waits until the service was asked for the first time.
inline ServiceSpec shell(const std::string& script, const Wait& ready) {
  const std::string gate = Laboratory::shared().dir + "/gate";
  std::filesystem::remove_all(gate);
  std::filesystem::create_directories(gate);
  ServiceSpec spec;
  spec.name = "shell";
  spec.container.image = "small";
  spec.container.command = {"sh", "-c",
                            "gate() { until [ -s /gate/open ]; do sleep 0.01; done; }; " + script};
  MountSpec mount;
  mount.source = gate;
  mount.target = "/gate";
  spec.container.mounts = {mount};
  spec.ready = Wait(std::make_shared<GatedWait>(ready, gate));
  spec.startup_timeout = std::chrono::minutes(2);
  return spec;
}

/// The test goes on when the service has printed this.
inline void after_its_log_has(ServiceSpec& spec, const std::string& text) {
  spec.hooks.after_start = [text](Service& service) {
    const Deadline deadline = Deadline::after(std::chrono::minutes(1));
    while (service.logs().find(text) == std::string::npos && !deadline.passed()) continue;
  };
}

/// What a start of it fails with.
inline std::string failure(ServiceSpec spec) {
  SessionOptions options;
  options.engine = Laboratory::shared().engine;
  Session session(options);
  try {
    session.start(std::move(spec));
  } catch (const StartError& error) {
    return error.what();
  }
  return "it started";
}

/// Without what differs from run to run: times, how often was asked, made-up names, places.
inline std::string normalised(std::string text) {
  const auto replace = [&](const char* pattern, const char* by) {
    text = std::regex_replace(text, std::regex(pattern), by);
  };
  replace("[0-9]+(\\.[0-9]+)? m?s\\b", "<time>");
  replace("asked [0-9]+ times?", "asked <n> times");
  replace("shell-[0-9a-f]{8}", "shell-<id>");
  replace("process [0-9]+ \\(", "process <pid> (");
  for (std::size_t at; (at = text.find(Laboratory::shared().dir)) != std::string::npos;)
    text.replace(at, Laboratory::shared().dir.size(), "<dir>");
  return text;
}

}  // namespace devenv::errors
