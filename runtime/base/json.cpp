#include "json.h"

namespace devenv {

Json parse_json(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error("parse " + name + ": not valid JSON near byte " + std::to_string(error.byte));
  } catch (const Json::out_of_range&) {
    throw Error("parse " + name + ": it holds a number larger than any that can be stored");
  }
}

std::string dump_json(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace devenv
