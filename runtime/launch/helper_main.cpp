// devenv-helper: spawned by libdevenv and by itself, never by a person.
//   devenv-helper hold RUNTIME_DIR STORE_DIR SESSION session|detached   (descriptor 3: the owner's socket)
//   devenv-helper reap RUNTIME_DIR SESSION session|detached             (descriptor 3: the holder's pipe; reaper.h)
#include <cstdio>
#include <cstring>

#include "hold.h"
#include "reaper.h"

int main(int argc, char** argv) {
  using namespace devenv::launch;
  if (argc == 6 && std::strcmp(argv[1], "hold") == 0)
    return run_holder({argv[2], argv[3], argv[4], std::strcmp(argv[5], "detached") == 0}, argv);
  if (argc == 5 && std::strcmp(argv[1], "reap") == 0)
    return run_reaper(argv[2], argv[3], std::strcmp(argv[4], "session") == 0);
  std::fprintf(stderr, "devenv-helper: started by devenv itself; see `devenv --help`\n");
  return 2;
}
