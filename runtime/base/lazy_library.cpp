#include "lazy_library.h"

#include <dlfcn.h>

#include "devenv/error.h"

namespace devenv {
namespace {

std::string reason() {
  const char* text = dlerror();
  return text == nullptr ? "no reason given" : text;
}

}  // namespace

LazyLibrary::LazyLibrary(const std::string& name, const std::string& package)
    : name_(name), package_(package), handle_(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) throw NotFound("load " + name + ": " + reason(), "install the package " + package);
}

void* LazyLibrary::symbol(const char* name) const {
  void* address = dlsym(handle_, name);
  if (address == nullptr) throw NotFound("load " + name_ + ": " + reason(), "update the package " + package_);
  return address;
}

}  // namespace devenv
