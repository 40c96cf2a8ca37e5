#include "own_file.h"

#include <dlfcn.h>
#include <link.h>

#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "files.h"

namespace devenv {
namespace {

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : std::string();
}

/// The kernel's name of the file mapped at `code`. Slower than the loader's, but always absolute.
std::string mapped_file(const void* code) {
  const auto address = reinterpret_cast<std::uintptr_t>(code);
  std::istringstream maps(read_file("/proc/self/maps"));
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%zx-%zx", &begin, &end) != 2 || address < begin || address >= end) continue;
    const std::size_t path = line.find('/');
    return path == std::string::npos ? std::string() : line.substr(path);
  }
  return {};
}

}  // namespace

std::string file_holding(const void* code) {
  Dl_info info{};
  void* map = nullptr;
  if (dladdr1(code, &info, &map, RTLD_DL_LINKMAP) == 0) return {};
  const std::string name = static_cast<const link_map*>(map)->l_name;
  if (name.empty()) return real_path("/proc/self/exe");  // the program itself; argv[0] may say anything
  // A relative LD_LIBRARY_PATH or RPATH gives a relative name; the working directory may have changed since.
  return real_path(name.front() == '/' ? name : mapped_file(code));
}

}  // namespace devenv
