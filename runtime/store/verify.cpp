#include "verify.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devenv/error.h"
#include "lock.h"
#include "names.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "store.h"
#include "tmp_dir.h"
#include "tree.h"

namespace devenv::store {
namespace {

bool is_directory(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

class Verification {
 public:
  explicit Verification(const Store& store) : store_(store) {}

  StoreReport run() {
    report_.problems = store_.images().verify();
    report_.blobs = store_.blobs().list().size();
    attempt([&] { report_.images = store_.images().count(); });
    report_.layers = count("layers", [&](const std::string& name) {
      if (!is_digest("sha256:" + name)) throw Error("it is no chain ID", "remove it");
      store_.layers().info("sha256:" + name);
    });
    report_.states = count("states", [&](const std::string& name) {
      if (!store_.states().find(name))
        throw Error("it is not whole", "the next test that needs it makes it again");
    });
    report_.volumes = count("volumes", [&](const std::string& name) {
      if (!is_directory(store_.volumes().get(name).data_path))
        throw Error("its _data is missing", "devenv volume rm " + name);
    });
    report_.containers = count("containers", [&](const std::string& name) {
      const auto record = store_.containers().load(name);
      if (record && !parse_json(*record, "its record").is_object())
        throw Error("its record is damaged", "devenv rm " + name);
    });
    check_tmp();
    for (const char* directory : {"", "/blobs/sha256", "/cache/build"})
      check_unfinished(store_.root() + directory);
    return std::move(report_);
  }

 private:
  template <class Action>
  void attempt(const Action& action) {
    try {
      action();
    } catch (const Error& error) {
      report_.problems.emplace_back(error.what());
    }
  }

  /// How many directories there are of a kind, each looked at.
  template <class Check>
  std::size_t count(const std::string& kind, const Check& check_one) {
    std::size_t found = 0;
    attempt([&] {
      for (const std::string& name : named_directories(store_.root() + "/" + kind)) {
        ++found;
        try {
          check_one(name);
        } catch (const Error& error) {
          report_.problems.push_back("verify " + kind + "/" + name + ": " + error.what());
        }
      }
    });
    return found;
  }

  /// Opening the store swept what nobody holds: that it is still there means it cannot be removed.
  void check_tmp() {
    const UniqueFd tmp = open_file(store_.root() + "/tmp", O_RDONLY | O_DIRECTORY);
    for (const std::string& name : names_in(tmp.get())) {
      const std::string path = store_.root() + "/tmp/" + name;
      attempt([&] {
        if (FileLock::try_acquire(path, FileLock::Mode::exclusive))
          report_.problems.push_back("verify " + path +
                                     ": a leftover that nobody uses; is something mounted in it?");
      });
    }
  }

  void check_unfinished(const std::string& directory) {
    attempt([&] {
      const UniqueFd dir(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!dir) return;  // no build so far
      for (const std::string& name : names_in(dir.get()))
        if (is_unfinished(name) && is_abandoned(dir.get(), name))
          report_.problems.push_back("verify " + directory + "/" + name +
                                     ": what a killed process left of a write; it can be removed");
    });
  }

  const Store& store_;
  StoreReport report_;
};

}  // namespace

StoreReport verify_store(const Store& store) { return Verification(store).run(); }

}  // namespace devenv::store
