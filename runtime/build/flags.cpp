#include "flags.h"

#include <devenv/error.h>

#include <cmath>
#include <utility>

#include "runtime/base/nearest.h"
#include "text.h"

namespace devenv::build {
namespace {

std::string unknown_flag_hint(const std::string& name, const std::map<std::string, FlagKind>& known) {
  std::vector<std::string> names;
  for (const auto& entry : known) names.push_back(entry.first);
  const std::string nearest = nearest_name(name, names);
  if (!nearest.empty()) return "did you mean --" + nearest + "?";
  if (names.empty()) return "it takes no flags";
  std::string all;
  for (const std::string& each : names) all += (all.empty() ? "--" : ", --") + each;
  return "it knows " + all;
}

// Consumes "[digits][.digits]".
double take_number(std::string_view& text, const std::string& whole) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string digits(text.substr(0, end));
  if (digits.find_first_of("0123456789") == std::string::npos || digits.find('.') != digits.rfind('.'))
    throw Error("invalid duration " + quote(whole), "write it as 30s, 1m30s or 500ms");
  text.remove_prefix(end);
  return std::stod(digits);
}

double take_unit(std::string_view& text, const std::string& whole) {
  static const std::vector<std::pair<std::string_view, double>> units = {
      {"ns", 1},   {"us", 1e3}, {"\u00b5s", 1e3}, {"\u03bcs", 1e3},
      {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},      {"h", 3600e9}};
  const std::size_t end = std::min(text.find_first_of("0123456789."), text.size());
  const std::string_view unit = text.substr(0, end);
  for (const auto& [name, nanoseconds] : units) {
    if (unit != name) continue;
    text.remove_prefix(end);
    return nanoseconds;
  }
  throw Error((unit.empty() ? "missing unit in duration " : "unknown unit in duration ") + quote(whole),
              "write it as 30s, 1m30s or 500ms");
}

}  // namespace

Flags::Flags(const std::vector<std::string>& given, const std::map<std::string, FlagKind>& known) {
  for (const std::string& flag : given) {
    const std::size_t equals = flag.find('=');
    const std::string name = flag.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::string value = equals == std::string::npos ? "" : flag.substr(equals + 1);
    const auto kind = known.find(name);
    if (kind == known.end()) throw Error("unknown flag: --" + name, unknown_flag_hint(name, known));
    if (kind->second != FlagKind::list && values_.contains(name))
      throw Error("duplicate flag specified: --" + name, "give it once");
    if (kind->second == FlagKind::boolean) {
      if (equals == std::string::npos) value = "true";
      value = to_lower(value);
      if (value != "true" && value != "false")
        throw Error("expecting boolean value for flag --" + name + ", not: " + value);
    } else if (equals == std::string::npos) {
      throw Error("missing a value on flag: --" + name, "write --" + name + "=VALUE");
    }
    values_[name].push_back(std::move(value));
  }
}

std::string Flags::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string{} : found->second.back();
}

std::optional<bool> Flags::boolean(const std::string& name) const {
  if (!values_.contains(name)) return {};
  return is_true(name);
}

std::vector<std::string> Flags::list(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

long long parse_duration_ns(const std::string& text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) throw Error("invalid duration " + quote(text), "write it as 30s, 1m30s or 500ms");
  double total = 0;
  while (!rest.empty()) {
    const double number = take_number(rest, text);
    total += number * take_unit(rest, text);
  }
  if (total > 9.2e18) throw Error("invalid duration " + quote(text) + ": too long");
  return std::llround(negative ? -total : total);
}

std::vector<std::string> split_csv(const std::string& text) {
  std::vector<std::string> fields;
  for (std::size_t i = 0;; ++i) {
    std::string field;
    if (i < text.size() && text[i] == '"') {
      for (++i;; ++i) {
        if (i == text.size()) throw Error("unmatched \" in " + quote(text));
        if (text[i] != '"') {
          field += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == '"') {
          field += text[i++];
        } else {
          break;
        }
      }
      if (++i < text.size() && text[i] != ',') throw Error("text behind a closing \" in " + quote(text));
    } else {
      while (i < text.size() && text[i] != ',') field += text[i++];
      if (field.find('"') != std::string::npos) throw Error("stray \" in " + quote(text));
    }
    fields.push_back(std::move(field));
    if (i >= text.size()) return fields;
  }
}

}  // namespace devenv::build
