#include "pattern.h"

#include "devenv/error.h"

namespace devenv {
namespace {

constexpr std::size_t longest_matched = 8192;

std::regex compiled(const std::string& text, const std::string& object) {
  try {
    return std::regex(text);
  } catch (const std::regex_error&) {
    throw Error("wait for " + object + " matching /" + text + "/: not a regular expression",
                "ECMAScript syntax; write \\( or \\[ for a literal bracket");
  }
}

}  // namespace

Pattern::Pattern(const std::string& text, std::string object)
    : text_(text), object_(std::move(object)), regex_(compiled(text_, object_)) {}

bool Pattern::found_in(const std::string& text) const {
  try {
    return std::regex_search(text.substr(0, longest_matched), regex_);
  } catch (const std::regex_error&) {
    throw Error("wait for " + object_ + " matching /" + text_ + "/: the expression is too complex",
                "write a simpler one, without nested repetitions");
  }
}

}  // namespace devenv
