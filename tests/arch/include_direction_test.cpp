// The allowed directions of ARCHITECTURE.md, and what public headers may show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "include_graph.h"

namespace devenv::arch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kBase = "runtime/base", kKernel = "runtime/kernel", kNet = "runtime/net",
                  kStore = "runtime/store";
const std::string kRegistry = "runtime/registry", kLaunch = "runtime/launch", kBuild = "runtime/build";
const std::string kEngine = "runtime/engine", kWait = "harness/wait", kSnapshot = "harness/snapshot";
const std::string kReaper = "harness/reaper", kService = "harness/service", kProject = "harness/project";

const Rules kRules = {
    {kBase, {}},
    {kKernel, {kBase}},
    {kNet, {kBase}},
    {kStore, {kBase}},
    {kRegistry, {kBase, kStore}},
    {kLaunch, {kBase, kKernel, kNet, kStore}},
    {kBuild, {kBase, kLaunch, kStore, kRegistry}},
    {kEngine, {"runtime/*"}},
    {kWait, {kBase, kEngine}},
    {kSnapshot, {kBase, kEngine}},
    {kReaper, {kBase, kEngine}},
    {kService, {kBase, kEngine, kWait, kSnapshot, kReaper}},
    {kProject, {kBase, kEngine, kWait, kSnapshot, kReaper, kService}},
    {"fixtures/*", {kBase, kEngine, "harness/*", "fixtures/*"}},
    {"adapters/googletest", {kBase, kEngine, "harness/*", "fixtures/*"}},
    {"adapters/catch2", {kBase, kEngine, "harness/*", "fixtures/*"}},
    {"adapters/cli", {"runtime/*", "harness/*", "fixtures/*"}},
};

/// The engine's interface is plain data that every layer may speak; its implementation stays on top.
bool is_engine_interface(const Edge& edge) {
  return edge.to == kEngine &&
         (edge.include == "devenv/container_spec.h" || edge.include == "devenv/engine.h");
}

const std::vector<SourceFile>& tree() {
  static const auto files = read_tree(DEVENV_SOURCE_DIR, {"runtime", "harness", "fixtures", "adapters"});
  return files;
}

TEST(IncludeDirection, TheTreeWasFound) { EXPECT_GT(tree().size(), 100u); }

TEST(IncludeDirection, EveryIncludePointsDown) {
  auto found = edges(tree());
  std::erase_if(found, is_engine_interface);
  EXPECT_THAT(violations(found, kRules), IsEmpty());
}

TEST(IncludeDirection, APlantedViolationIsSeen) {
  const std::vector<SourceFile> planted{
      {.path = "runtime/net/bridge.cpp",
       .module = kNet,
       .includes = {"runtime/kernel/mounts.h", "devenv/error.h"}},
      {.path = "runtime/kernel/mounts.h", .module = kKernel},
      {.path = "runtime/base/include/devenv/error.h", .module = kBase, .is_public = true}};
  EXPECT_THAT(
      violations(edges(planted), kRules),
      ElementsAre("runtime/net/bridge.cpp includes runtime/kernel/mounts.h: runtime/net may not include "
                  "runtime/kernel"));
}

TEST(IncludeDirection, AModuleWithoutARuleIsSeen) {
  const std::vector<SourceFile> planted{
      {.path = "harness/new/a.cpp", .module = "harness/new", .includes = {"runtime/base/files.h"}},
      {.path = "runtime/base/files.h", .module = kBase}};
  EXPECT_THAT(violations(edges(planted), kRules),
              ElementsAre("harness/new/a.cpp: no rule says what harness/new may include"));
}

// The walk knows names from the root and names beside the file; any other would go unseen.
TEST(IncludeDirection, NoIncludeClimbs) {
  std::vector<std::string> climbing;
  for (const auto& file : tree())
    for (const auto& include : file.includes)
      if (include.find("../") != std::string::npos) climbing.push_back(file.path + " includes " + include);
  EXPECT_THAT(climbing, IsEmpty());
}

TEST(PublicHeaders, ShowNoBoostJsonOrKernelHeader) {
  std::vector<std::string> leaks;
  for (const auto& file : tree()) {
    if (!file.is_public) continue;
    for (const auto& include : file.includes)
      for (const char* hidden :
           {"boost/", "nlohmann/", "linux/", "sys/", "asm/", "CLI/", "yaml-cpp/", "runtime/"})
        if (include.starts_with(hidden)) leaks.push_back(file.path + " includes " + include);
  }
  EXPECT_THAT(leaks, IsEmpty());
}

}  // namespace
}  // namespace devenv::arch
