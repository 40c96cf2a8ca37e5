#include "process_engine.h"

#include "devenv/native_engine.h"

namespace devenv {

std::shared_ptr<SharedEngine> shared_engine() {
  static const auto shared = std::make_shared<SharedEngine>(make_native_engine());
  return shared;
}

}  // namespace devenv
