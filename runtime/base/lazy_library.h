// A shared library that is loaded when it is first needed rather than with the program. libcurl alone brings
// two dozen others, which would triple the start-up time of commands that never open a connection.
// Thread-safe.
#pragma once

#include <string>

namespace devenv {

class LazyLibrary {
 public:
  /// Loads it. Throws NotFound "load <name>: …; install the package <package>".
  LazyLibrary(const std::string& name, const std::string& package);

  /// The function called `name`, of type `Function` (a pointer). Throws NotFound. The library stays loaded.
  template <class Function>
  Function function(const char* name) const {
    return reinterpret_cast<Function>(symbol(name));
  }

 private:
  void* symbol(const char* name) const;

  std::string name_, package_;
  void* handle_;
};

}  // namespace devenv
