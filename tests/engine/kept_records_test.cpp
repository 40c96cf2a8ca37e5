// How often the records of kept containers are read, as the kernel sees it (inotify(7)).
#include <gmock/gmock.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstring>
#include <map>

#include "small_image.h"

namespace devenv::engine {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

Engine& engine() { return *SmallImage::shared().engine; }

/// Counts who opens a record from here on.
class OpenedRecords {
 public:
  explicit OpenedRecords(const std::vector<ContainerInfo>& containers) {
    for (const ContainerInfo& container : containers) {
      const std::string directory = SmallImage::shared().dir + "/store/containers/" + container.id;
      const int watch = inotify_add_watch(fd_.get(), directory.c_str(), IN_OPEN);
      EXPECT_GE(watch, 0) << directory << ": " << std::strerror(errno);
      watched_[watch] = container.name;
    }
  }

  /// Name → times since the last call.
  std::map<std::string, int> take() {
    std::map<std::string, int> opened;
    alignas(inotify_event) char buffer[65536];
    const ssize_t size = read(fd_.get(), buffer, sizeof buffer);
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      if (event->len > 0 && std::string(event->name) == "config.json") ++opened[watched_.at(event->wd)];
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    return opened;
  }

 private:
  UniqueFd fd_{inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  std::map<int, std::string> watched_;
};

/// Three containers whose holder is gone, so that all that is known of them is their records.
class KeptRecords : public testing::Test {
 protected:
  KeptRecords() {
    const auto before = make_native_engine(SmallImage::shared().options());
    for (const char* name : {"kept-a", "kept-b", "kept-c"}) start(*before, name);
  }
  ~KeptRecords() override {
    for (const ContainerInfo& each : kept_) engine().remove(each.id, true);
  }
  void start(Engine& with, const std::string& name) {
    ContainerSpec spec = script("true");
    spec.image = "small";
    spec.name = name;
    kept_.push_back(with.start(spec, Lifetime::kept));
    with.wait(kept_.back().id, Deadline::after(std::chrono::seconds(20)));
  }

  std::vector<ContainerInfo> kept_;
};

TEST_F(KeptRecords, AListReadsEachOnce) {
  OpenedRecords opened(kept_);
  EXPECT_EQ(engine().containers(true).size(), kept_.size());
  EXPECT_THAT(opened.take(), UnorderedElementsAre(Pair("kept-a", 1), Pair("kept-b", 1), Pair("kept-c", 1)));
  EXPECT_THAT(engine().containers(false), IsEmpty());
  EXPECT_THAT(opened.take(), IsEmpty()) << "none of them runs";
}

TEST_F(KeptRecords, OneIsFoundWithoutTheOthers) {
  OpenedRecords opened(kept_);
  for (const std::string& text : {kept_[1].name, kept_[1].id, kept_[1].id.substr(0, 20)}) {
    EXPECT_EQ(engine().inspect(text).id, kept_[1].id);
    EXPECT_THAT(opened.take(), UnorderedElementsAre(Pair("kept-b", 1))) << text;
  }
}

TEST_F(KeptRecords, ANameIsTakenWithoutReadingAny) {
  OpenedRecords opened(kept_);
  start(engine(), "kept-d");
  EXPECT_THROW(start(engine(), "kept-b"), Conflict);
  EXPECT_THAT(opened.take(), IsEmpty());
}

}  // namespace
}  // namespace devenv::engine
