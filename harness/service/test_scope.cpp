#include "devenv/test_scope.h"

namespace devenv {

SessionOptions side_by_side() {
  SessionOptions options;
  options.side_by_side = true;
  return options;
}

TestScope::TestScope() : session_(side_by_side()), scope_(session_) {}

}  // namespace devenv
