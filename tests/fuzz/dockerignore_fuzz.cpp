// Any bytes as a .dockerignore file, and its first line as a path to ask about.
#include <devenv/error.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/build/ignore.h"
#include "runtime/build/path_match.h"

using namespace devenv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string path = text.substr(0, text.find('\n'));
  try {
    const auto patterns = build::read_ignore_file(text);
    const build::IgnoreRules rules(patterns);
    rules.ignored(path);
    rules.reason("a/b/c");
    rules.may_reinclude_below("a/b");
    for (const std::string& pattern : patterns) build::path_match(pattern, path);
  } catch (const Error&) {
  }
  return 0;
}
