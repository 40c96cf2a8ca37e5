#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "devenv/error.h"
#include "rows.h"

namespace devenv::bench {
namespace {

namespace fs = std::filesystem;

/// A context of three RUN and two COPY, gone at the end.
class Context {
 public:
  explicit Context(const std::string& base) {
    path_ = "/var/tmp/devenv-bench-context-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) throw SystemError(errno, "make " + path_);
    std::ofstream(path_ + "/Dockerfile") << "FROM " << base
                                         << "\nRUN echo one > /one\nCOPY a.txt /a.txt\nRUN echo two > /two\n"
                                            "COPY b.txt /b.txt\nRUN cat /a.txt /b.txt > /three\n";
    std::ofstream(path_ + "/a.txt") << "a\n";
    std::ofstream(path_ + "/b.txt") << "b\n";
  }
  ~Context() { fs::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::vector<Row> build_rows(const Bench& bench) {
  const auto context = std::make_shared<Context>(bench.image);
  const auto ours = [bench, context](std::vector<std::string> more) -> Work {
    std::vector<std::string> argv{bench.command, "build", "-q", "-t", "devenv-bench-build"};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back(context->path());
    return [argv, context] { return timed([&] { run_or_throw(argv); }); };
  };
  const auto peer = [bench, context](std::vector<std::string> more) -> Work {
    if (!bench.peer.answers()) return {};
    std::vector<std::string> args{"build", "-q", "-t", "devenv-bench-build"};
    args.insert(args.end(), more.begin(), more.end());
    args.push_back(context->path());
    return [bench, args, context] { return timed([&] { bench.peer.run(args); }); };
  };
  return {{"rebuild, all cached, whole process", ">= 4x / <= 15 ms", ours({}), peer({}), {}},
          {"three RUN and two COPY without cache",
           ">= 6x / <= 200 ms",
           ours({"--no-cache"}),
           peer({"--no-cache"}),
           {}}};
}

}  // namespace devenv::bench
