#include "image_config.h"

#include "devenv/error.h"
#include "digest.h"
#include "manifest_json.h"

namespace devenv::store {
namespace {

using Words = std::vector<std::string>;
using Texts = std::map<std::string, std::string>;

/// Takes `key` out of `object`, so that what remains in the end is what we do not know.
template <class T>
T take(Json& object, const char* key, const std::string& name) {
  T value = json_value<T>(object, key, T{}, name);
  object.erase(key);
  return value;
}

/// {"80/tcp": {}}: a set, in Go's way.
std::set<std::string> take_set(Json& object, const char* key, const std::string& name) {
  std::set<std::string> values;
  const auto found = object.find(key);
  if (found == object.end()) return values;
  if (!found->is_null() && !found->is_object())
    throw Error("parse " + name + ": \"" + key + "\" has the wrong type");
  for (const auto& [value, nothing] : found->items()) values.insert(value);
  object.erase(key);
  return values;
}

Json set_to(const std::set<std::string>& values) {
  Json object = Json::object();
  for (const std::string& value : values) object[value] = Json::object();
  return object;
}

Json take_object(Json& object, const char* key, const std::string& name) {
  const auto found = object.find(key);
  if (found == object.end()) return Json::object();
  Json value = found->is_null() ? Json::object() : std::move(*found);
  object.erase(key);
  if (!value.is_object()) throw Error("parse " + name + ": \"" + key + "\" has the wrong type");
  return value;
}

std::optional<Healthcheck> take_healthcheck(Json& object, const std::string& name) {
  const auto found = object.find("Healthcheck");
  if (found == object.end() || found->is_null()) {
    object.erase("Healthcheck");
    return std::nullopt;
  }
  Json json = take_object(object, "Healthcheck", name);
  Healthcheck check;
  check.test = take<Words>(json, "Test", name);
  check.interval_ns = take<std::int64_t>(json, "Interval", name);
  check.timeout_ns = take<std::int64_t>(json, "Timeout", name);
  check.start_period_ns = take<std::int64_t>(json, "StartPeriod", name);
  check.start_interval_ns = take<std::int64_t>(json, "StartInterval", name);
  check.retries = take<int>(json, "Retries", name);
  return check;
}

Json healthcheck_to(const Healthcheck& check) {
  Json json = Json::object();
  if (!check.test.empty()) json["Test"] = check.test;
  if (check.interval_ns) json["Interval"] = check.interval_ns;
  if (check.timeout_ns) json["Timeout"] = check.timeout_ns;
  if (check.start_period_ns) json["StartPeriod"] = check.start_period_ns;
  if (check.start_interval_ns) json["StartInterval"] = check.start_interval_ns;
  if (check.retries) json["Retries"] = check.retries;
  return json;
}

RunConfig run_config_from(Json json, const std::string& name) {
  RunConfig config;
  config.env = take<Words>(json, "Env", name);
  config.cmd = take<Words>(json, "Cmd", name);
  config.entrypoint = take<Words>(json, "Entrypoint", name);
  config.user = take<std::string>(json, "User", name);
  config.working_dir = take<std::string>(json, "WorkingDir", name);
  config.exposed_ports = take_set(json, "ExposedPorts", name);
  config.volumes = take_set(json, "Volumes", name);
  config.labels = take<Texts>(json, "Labels", name);
  config.stop_signal = take<std::string>(json, "StopSignal", name);
  config.healthcheck = take_healthcheck(json, name);
  config.shell = take<Words>(json, "Shell", name);
  config.onbuild = take<Words>(json, "OnBuild", name);
  config.other = std::move(json);
  return config;
}

Json run_config_to(const RunConfig& config) {
  Json json = config.other;
  const auto put = [&](const char* key, const auto& value) {
    if (!value.empty()) json[key] = value;
  };
  put("Env", config.env);
  put("Cmd", config.cmd);
  put("Entrypoint", config.entrypoint);
  put("User", config.user);
  put("WorkingDir", config.working_dir);
  if (!config.exposed_ports.empty()) json["ExposedPorts"] = set_to(config.exposed_ports);
  if (!config.volumes.empty()) json["Volumes"] = set_to(config.volumes);
  put("Labels", config.labels);
  put("StopSignal", config.stop_signal);
  if (config.healthcheck) json["Healthcheck"] = healthcheck_to(*config.healthcheck);
  put("Shell", config.shell);
  put("OnBuild", config.onbuild);
  return json;
}

std::vector<History> take_history(Json& document, const std::string& name) {
  std::vector<History> history;
  const auto found = document.find("history");
  if (found == document.end()) return history;
  if (!found->is_null() && !found->is_array())
    throw Error("parse " + name + ": \"history\" has the wrong type");
  for (const Json& entry : *found) {
    if (!entry.is_object()) throw Error("parse " + name + ": an entry of \"history\" has the wrong type");
    history.push_back({json_value<std::string>(entry, "created", "", name),
                       json_value<std::string>(entry, "created_by", "", name),
                       json_value<std::string>(entry, "author", "", name),
                       json_value<std::string>(entry, "comment", "", name),
                       json_value<bool>(entry, "empty_layer", false, name)});
  }
  document.erase("history");
  return history;
}

Json history_to(const History& history) {
  Json json = Json::object();
  if (!history.created.empty()) json["created"] = history.created;
  if (!history.created_by.empty()) json["created_by"] = history.created_by;
  if (!history.author.empty()) json["author"] = history.author;
  if (!history.comment.empty()) json["comment"] = history.comment;
  if (history.empty_layer) json["empty_layer"] = true;
  return json;
}

}  // namespace

ImageConfig parse_image_config(std::string_view text, const std::string& name) {
  Json document = parse_json(text, name);
  if (!document.is_object()) throw Error("parse " + name + ": not a JSON object");
  ImageConfig config;
  config.created = take<std::string>(document, "created", name);
  config.author = take<std::string>(document, "author", name);
  config.platform = {
      take<std::string>(document, "os", name), take<std::string>(document, "architecture", name),
      take<std::string>(document, "variant", name), take<std::string>(document, "os.version", name)};
  config.config = run_config_from(take_object(document, "config", name), name);
  const Json rootfs = take_object(document, "rootfs", name);
  const std::string type = json_value<std::string>(rootfs, "type", "layers", name);
  if (type != "layers") throw Error("parse " + name + ": rootfs of type \"" + printable(type) + "\"");
  config.diff_ids = json_value<Words>(rootfs, "diff_ids", {}, name);
  for (const std::string& diff_id : config.diff_ids) {
    if (!is_digest(diff_id))
      throw Error("parse " + name + ": diff id \"" + printable(diff_id) + "\" is not a digest");
  }
  config.history = take_history(document, name);
  config.other = std::move(document);
  return config;
}

std::string serialise(const ImageConfig& config) {
  Json document = config.other;
  if (!config.created.empty()) document["created"] = config.created;
  if (!config.author.empty()) document["author"] = config.author;
  document["os"] = config.platform.os;
  document["architecture"] = config.platform.architecture;
  if (!config.platform.variant.empty()) document["variant"] = config.platform.variant;
  if (!config.platform.os_version.empty()) document["os.version"] = config.platform.os_version;
  document["config"] = run_config_to(config.config);
  document["rootfs"] = {{"type", "layers"}, {"diff_ids", config.diff_ids}};
  if (!config.history.empty()) {
    Json history = Json::array();
    for (const History& entry : config.history) history.push_back(history_to(entry));
    document["history"] = history;
  }
  return dump(document);
}

}  // namespace devenv::store
