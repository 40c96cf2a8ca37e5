#include "adapters/cli/debug_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "runtime/base/sha256.h"
#include "tar_builder.h"

namespace devenv::cli {
namespace {

using namespace store::testing;  // NOLINT: the builders of this folder
using ::testing::HasSubstr;

TEST(DebugStore, ChainId) {
  const std::string a = "sha256:" + std::string(64, 'a');
  std::ostringstream out, errors;
  EXPECT_EQ(debug_chain_id({a, a}, out, errors), 0);
  EXPECT_EQ(out.str(), sha256_digest(a + " " + a) + "\n");
  EXPECT_EQ(debug_chain_id({"nonsense"}, out, errors), 1);
  EXPECT_THAT(errors.str(), HasSubstr("nonsense"));
  EXPECT_EQ(debug_chain_id({}, out, errors), 2);
}

TEST(DebugStore, DiffThenApplyRebuildsTheTree) {
  Scratch scratch;
  const std::string lower = scratch.make("lower"), upper = scratch.make("upper");
  apply_tar(lower, Tar().file("a", "1").file("b/c", "2").finish());
  apply_tar(upper, Tar().file("b/c", "3").symlink("-l", "b").finish());
  std::ostringstream errors;
  const std::string file = scratch.path("layer.tar");
  EXPECT_EQ(debug_diff_layer({lower, upper}, open_file(file, O_WRONLY | O_CREAT).get(), errors), 0);
  EXPECT_EQ(debug_apply_layer({"--", lower}, open_file(file, O_RDONLY).get(), errors), 0);
  EXPECT_EQ(snapshot(lower, false), snapshot(upper, false));
  EXPECT_EQ(errors.str(), "");
}

TEST(DebugStore, RefusalsNameTheEntry) {
  Scratch scratch;
  const std::string file = scratch.path("layer.tar"), root = scratch.make("root");
  write_text(file, Tar().file("../x").finish());
  std::ostringstream errors;
  EXPECT_EQ(debug_apply_layer({root}, open_file(file, O_RDONLY).get(), errors), 1);
  EXPECT_THAT(errors.str(), HasSubstr("../x"));
  EXPECT_EQ(debug_apply_layer({}, 0, errors), 2);
  EXPECT_EQ(debug_apply_layer({"--what", root}, 0, errors), 2);
}

}  // namespace
}  // namespace devenv::cli
