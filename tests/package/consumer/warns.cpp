#include <devenv/error.h>

int main() {
  int unused;
  return 0;
}
