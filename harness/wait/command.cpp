// Waits that run something in the container, or for the container's own end.
#include "function_strategy.h"

namespace devenv {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1).substr(0, 200);
}

WaitAnswer run(const WaitTarget& target, const std::vector<std::string>& argv, Deadline deadline) {
  try {
    ExecSpec exec;
    exec.command = argv;
    const ExecResult result = target.engine.exec(target.container.id, exec, deadline);
    if (result.exit_code() == 0) return WaitAnswer::ready();
    const std::string said = last_line(result.errors.empty() ? result.output : result.errors);
    return WaitAnswer::not_yet("exit code " + std::to_string(result.exit_code()) +
                               (said.empty() ? "" : ": " + said));
  } catch (const CommandError& error) {
    return WaitAnswer::never(error.what());
  } catch (const Error& error) {
    // The container may be on its way out; the poller sees that next and says it better.
    return WaitAnswer::not_yet(error.what());
  }
}

class ExitProbe : public WaitProbe {
 public:
  explicit ExitProbe(int code) : code_(code) {}
  WaitAnswer ask(Deadline) override { return WaitAnswer::not_yet("still running"); }
  WaitAnswer ask_after_exit(const ExitStatus& exit) override {
    if (exit.code == code_) return WaitAnswer::ready();
    return WaitAnswer::never("it exited with " + std::to_string(exit.code));
  }

 private:
  int code_;
};

class ExitStrategy : public WaitStrategy {
 public:
  explicit ExitStrategy(int code) : code_(code) {}
  std::string describe() const override { return "its process to exit with " + std::to_string(code_); }
  std::unique_ptr<WaitProbe> begin(const WaitTarget&) const override {
    return std::make_unique<ExitProbe>(code_);
  }

 private:
  int code_;
};

}  // namespace

namespace wait {

Wait command(std::vector<std::string> argv) {
  const std::string description = "`" + joined(argv) + "` to succeed in it";
  return make_wait(description, [argv = std::move(argv)](const WaitTarget& target, Deadline deadline) {
    return run(target, argv, deadline);
  });
}

Wait file(const std::string& path) {
  return make_wait("file " + path + " to exist in it", [path](const WaitTarget& target, Deadline deadline) {
    WaitAnswer answer = run(target, {"test", "-e", path}, deadline);
    if (answer.text == "exit code 1") answer.text = path + " does not exist";
    return answer;
  });
}

Wait exit(int code) { return Wait(std::make_shared<ExitStrategy>(code)); }

Wait check(std::string description, std::function<WaitAnswer(const WaitTarget&)> question) {
  return make_wait(
      std::move(description),
      [question = std::move(question)](const WaitTarget& target, Deadline) { return question(target); });
}

}  // namespace wait
}  // namespace devenv
