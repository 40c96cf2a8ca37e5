#include "devenv/error.h"

#include <cctype>
#include <cerrno>
#include <cstring>

namespace devenv {
namespace {

std::string reason(int code) {
  char buffer[128];
  std::string text = strerror_r(code, buffer, sizeof buffer);
  // "Permission denied" reads as part of a sentence; "RFS specific error" keeps its capitals.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])))
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

/// The way out of what can happen to any call.
std::string usual_hint(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return "free some space there, or set DEVENV_STORE to a directory on a larger file system";
    case EMFILE:
      return "raise the limit of open files: ulimit -n";
    case EIO:
      return "the disk may be failing: see dmesg";
    default:
      return {};
  }
}

}  // namespace

SystemError::SystemError(int code, const std::string& action_and_object, const std::string& hint)
    : Error(action_and_object + ": " + reason(code), hint.empty() ? usual_hint(code) : hint), code_(code) {}

}  // namespace devenv
