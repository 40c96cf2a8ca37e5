#include "progress.h"

#include "arguments.h"
#include "runtime/base/json.h"
#include "show/human.h"
#include "suggest.h"

namespace devenv::cli {

Progress make_progress(const Console& console, const std::string& mode) {
  if (mode == "quiet") return [](const std::string&) {};
  if (mode == "json")
    return [console](const std::string& line) {
      const Json step{{"time", rfc3339_nano(now_unix_ns())}, {"step", line}};
      console.warn(dump_json(step) + "\n");
    };
  if (mode == "auto" || mode == "plain")
    return [console](const std::string& line) { console.warn(line + "\n"); };
  throw UsageError("read --progress \"" + mode + "\": no such form", "one of auto, plain, json and quiet");
}

}  // namespace devenv::cli
