#include "random_id.h"

#include <sys/random.h>

#include "check.h"

namespace devenv {

std::string random_id(unsigned digits) {
  unsigned char bytes[32];
  check(getrandom(bytes, sizeof bytes, 0), "getrandom");
  std::string id;
  for (unsigned i = 0; i < digits && i < 64; ++i)
    id += "0123456789abcdef"[(bytes[i / 2] >> (i % 2 ? 0 : 4)) & 0xf];
  return id;
}

}  // namespace devenv
