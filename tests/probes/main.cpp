// The probe: a static program that tests put into containers. It prints JSON of what it sees and may do.
//
//   devenv_probe            everything
//   devenv_probe see | try  one half
//   devenv_probe exit N     exits with N
//   devenv_probe wait       waits for SIGTERM, then exits with 0
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/probes/report.h"

namespace {

int wait_for_term() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  std::cout << "waiting" << std::endl;
  int number = 0;
  sigwait(&set, &number);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "all";
  if (verb == "exit") return argc > 2 ? std::atoi(argv[2]) : 0;
  if (verb == "wait") return wait_for_term();
  devenv::probe::Json report = devenv::probe::Json::object();
  if (verb != "try") report.update(devenv::probe::what_is_seen());
  if (verb != "see") report.update(devenv::probe::what_is_allowed());
  std::cout << report.dump(2, ' ', false, devenv::probe::Json::error_handler_t::replace) << std::endl;
  return std::cout ? 0 : 1;
}
