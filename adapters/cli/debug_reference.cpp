#include "debug_reference.h"

#include <ostream>

#include "runtime/base/json.h"
#include "runtime/registry/reference.h"

namespace devenv::cli {

int debug_reference(const std::vector<std::string>& args, std::istream&, std::ostream& out,
                    std::ostream& err) {
  std::vector<std::string> operands = args;
  if (!operands.empty() && operands.front() == "--") operands.erase(operands.begin());
  if (operands.size() != 1) {
    err << "usage: devenv debug reference REF\n";
    return 2;
  }
  try {
    const registry::Reference reference = registry::parse_reference(operands.front());
    nlohmann::ordered_json parts = {{"domain", reference.domain},
                                    {"path", reference.path},
                                    {"tag", reference.tag},
                                    {"digest", reference.digest},
                                    {"familiar", reference.familiar()}};
    out << dump_json(parts) << '\n';
    return 0;
  } catch (const Error& error) {
    err << "devenv: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace devenv::cli
