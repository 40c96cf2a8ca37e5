#include "systemd_scope.h"

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>

#include <devenv/error.h>

#include "runtime/base/lazy_library.h"

namespace devenv::launch {

namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

using Bus = void;
using BusMessage = void;
using BusSlot = void;
/// sd_bus_error(3).
struct BusError {
  const char* name = nullptr;
  const char* message = nullptr;
  int need_free = 0;
};
using BusHandler = int (*)(BusMessage*, void*, BusError*);

/// The few functions needed of sd-bus(3), whose names and types are fixed for as long as libsystemd.so.0 lives.
struct SdBus {
  LazyLibrary library{"libsystemd.so.0", "libsystemd0"};
  int (*open_system)(Bus**) = library.function<int (*)(Bus**)>("sd_bus_open_system");
  int (*open_user)(Bus**) = library.function<int (*)(Bus**)>("sd_bus_open_user");
  Bus* (*close)(Bus*) = library.function<decltype(close)>("sd_bus_close_unref");
  int (*new_call)(Bus*, BusMessage**, const char*, const char*, const char*, const char*) =
      library.function<decltype(new_call)>("sd_bus_message_new_method_call");
  int (*append)(BusMessage*, const char*, ...) = library.function<decltype(append)>("sd_bus_message_append");
  int (*read)(BusMessage*, const char*, ...) = library.function<decltype(read)>("sd_bus_message_read");
  const BusError* (*error_of)(BusMessage*) = library.function<decltype(error_of)>("sd_bus_message_get_error");
  BusMessage* (*unref)(BusMessage*) = library.function<decltype(unref)>("sd_bus_message_unref");
  int (*call)(Bus*, BusSlot**, BusMessage*, BusHandler, void*, std::uint64_t) =
      library.function<decltype(call)>("sd_bus_call_async");
  int (*match_signal)(Bus*, BusSlot**, const char*, const char*, const char*, const char*, BusHandler, BusHandler,
                      void*) = library.function<decltype(match_signal)>("sd_bus_match_signal_async");
  int (*process)(Bus*, BusMessage**) = library.function<decltype(process)>("sd_bus_process");
  int (*wait)(Bus*, std::uint64_t) = library.function<decltype(wait)>("sd_bus_wait");
};

const SdBus& sd_bus() {
  static const SdBus functions;
  return functions;
}

struct Unref {
  void operator()(BusMessage* message) const { sd_bus().unref(message); }
};
using OwnedMessage = std::unique_ptr<BusMessage, Unref>;

void check_bus(int result, const std::string& action) {
  if (result < 0) throw SystemError(-result, action);
}

std::uint64_t microseconds(Deadline deadline) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(deadline.remaining()).count());
}

/// What systemd makes of our wish.
struct Job {
  std::string path{};
  std::optional<std::string> refusal{};
  std::optional<std::string> result{};  ///< "done", "failed", "timeout", …
};

int on_answer(BusMessage* message, void* job_pointer, BusError*) {
  auto& job = *static_cast<Job*>(job_pointer);
  const char* path = nullptr;
  if (const BusError* error = sd_bus().error_of(message); error != nullptr)
    job.refusal = error->message != nullptr ? error->message : error->name;
  else if (sd_bus().read(message, "o", &path) >= 0)
    job.path = path;
  return 0;
}

int on_job_removed(BusMessage* message, void* job_pointer, BusError*) {
  auto& job = *static_cast<Job*>(job_pointer);
  std::uint32_t number = 0;
  const char *path = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus().read(message, "uoss", &number, &path, &unit, &result) >= 0 && job.path == path)
    job.result = result;
  return 0;
}

class Systemd {
 public:
  Systemd() {
    // An ordinary user's scopes are the business of the user's own systemd.
    check_bus(geteuid() == 0 ? sd_bus().open_system(&bus_) : sd_bus().open_user(&bus_), "reach systemd's bus");
  }
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;
  ~Systemd() { sd_bus().close(bus_); }

  /// Nothing here waits but wait(): libsystemd itself would give a bus that says nothing 90 seconds.
  void start(const ScopeRequest& request, Deadline deadline) {
    Job job;
    // Before the call: the job may be over as soon as it was answered. The bus keeps the order of what we send.
    check_bus(sd_bus().match_signal(bus_, nullptr, kService, kPath, kManager, "JobRemoved", on_job_removed, nullptr,
                                    &job),
              "listen to systemd");
    ask(request, job, deadline);
    while (!job.result && !job.refusal) wait("start " + request.name, deadline);
    if (job.refusal) throw Error("start " + request.name + ": systemd refused: " + *job.refusal);
    if (*job.result != "done") throw Error("start " + request.name + ": systemd's job for it ended as " + *job.result);
  }

 private:
  void ask(const ScopeRequest& request, Job& job, Deadline deadline) {
    BusMessage* raw = nullptr;
    check_bus(sd_bus().new_call(bus_, &raw, kService, kPath, kManager, "StartTransientUnit"), "ask systemd");
    const OwnedMessage message(raw);
    check_bus(sd_bus().append(raw, "ssa(sv)a(sa(sv))", request.name.c_str(), "fail",  //
                              6,                                                      //
                              "Description", "s", "Detached containers of devenv",    //
                              "PIDs", "au", 1, static_cast<std::uint32_t>(request.pid),
                              "Delegate", "b", 1,                                   //
                              "KillSignal", "i", kScopeStopSignal,                  //
                              "CollectMode", "s", "inactive-or-failed",             //
                              "RequiresMountsFor", "as", 1, request.needed_dir.c_str(), 0),
              "ask systemd");
    check_bus(sd_bus().call(bus_, nullptr, raw, on_answer, &job, microseconds(deadline)), "ask systemd");
  }

  void wait(const std::string& action, Deadline deadline) {
    const int processed = sd_bus().process(bus_, nullptr);
    check_bus(processed, action);
    if (processed > 0) return;
    if (deadline.passed()) throw Timeout(action + ": systemd did not answer in time");
    check_bus(sd_bus().wait(bus_, microseconds(deadline)), action);
  }

  Bus* bus_ = nullptr;
};

}  // namespace

void start_scope(const ScopeRequest& request, Deadline deadline) { Systemd().start(request, deadline); }

}  // namespace devenv::launch
