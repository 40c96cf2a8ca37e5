// A Context whose console is three memory files, and what a verb wrote into them.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "adapters/cli/arguments.h"
#include "adapters/cli/command.h"
#include "fake_engine.h"
#include "runtime/base/files.h"
#include "runtime/base/unique_fd.h"

namespace devenv::cli {

class Captured {
 public:
  explicit Captured(const std::string& input = "") {
    write_all(in_.get(), input, "input");
    lseek(in_.get(), 0, SEEK_SET);
  }

  FakeEngine* engine = nullptr;  ///< set once the verb asked for it; prepare() makes it before

  FakeEngine& prepare() {
    prepared_ = std::make_unique<FakeEngine>();
    engine = prepared_.get();
    return *engine;
  }

  Context& context() { return context_; }
  std::string out() const { return text(out_); }
  std::string err() const { return text(err_); }

 private:
  static UniqueFd memory(const char* name) { return UniqueFd(memfd_create(name, MFD_CLOEXEC)); }
  static std::string text(const UniqueFd& fd) {
    lseek(fd.get(), 0, SEEK_SET);
    return read_all(fd.get(), "captured");
  }

  UniqueFd in_ = memory("in"), out_ = memory("out"), err_ = memory("err");
  std::unique_ptr<FakeEngine> prepared_;
  Context context_{Console{in_.get(), out_.get(), err_.get()}, [this] {
                     if (!prepared_) prepare();
                     return std::unique_ptr<Engine>(std::move(prepared_));
                   }};
};

}  // namespace devenv::cli
