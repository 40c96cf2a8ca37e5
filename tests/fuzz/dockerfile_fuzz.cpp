// Any bytes as a Dockerfile: an Error or a result, nothing else. What parses is dumped, typed and linted.
#include <devenv/error.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/build/expand.h"
#include "runtime/build/graph.h"
#include "runtime/build/lint.h"
#include "runtime/build/mount.h"
#include "runtime/build/parser.h"

using namespace devenv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const build::Variables variables = {{"a", "x/y.z"}, {"e", ""}, {"long", std::string(200, 'x')}};
  try {
    build::process_words(text, variables);
  } catch (const Error&) {
  }
  try {
    const build::Syntax syntax = build::parse_dockerfile(text, "Dockerfile");
    for (const build::Node& node : syntax.nodes) build::dump(node);
    const build::Dockerfile dockerfile = build::read_dockerfile(syntax, "Dockerfile");
    const build::Variables globals = build::expand_globals(dockerfile, {});
    build::lint(syntax, dockerfile, globals);
    for (const auto& stage : dockerfile.stages)
      for (const auto& instruction : stage.instructions)
        if (const auto* run = std::get_if<build::Run>(&instruction.value))
          for (const auto& mount : run->mounts)
            build::read_mount(mount, "/", [](const std::string& value) { return value; });
    build::plan_stages(dockerfile, globals, "");
  } catch (const Error&) {
  }
  return 0;
}
