#include "adapters/cli/arguments.h"
#include "adapters/cli/parse/port_spec.h"
#include "adapters/cli/show/container_view.h"
#include "each.h"
#include "verbs.h"

namespace devenv::cli {
namespace {

std::string bracketed(const std::string& ip) {
  return ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
}

/// A container first, as docker looks.
Json inspect_any(Engine& engine, const std::string& name) {
  try {
    return inspect_container(engine.inspect(name));
  } catch (const NotFound&) {
  }
  try {
    return inspect_image_json(engine.inspect_image(name));
  } catch (const NotFound&) {
    throw NotFound("inspect " + name + ": there is no container and no image of that name",
                   "`devenv ps -a` and `devenv images` list them");
  }
}

int inspect_all(Context& context, const std::vector<std::string>& names,
                Json (*inspect)(Engine&, const std::string&)) {
  Json found = Json::array();
  int code = 0;
  for (const auto& name : names) {
    try {
      found.push_back(inspect(context.engine(), name));
    } catch (const NotFound& error) {
      context.console.warn(std::string("devenv: ") + error.what() + "\n");
      code = kFailed;
    }
  }
  context.console.print(dump_json(found, 4) + "\n");
  return code;
}

}  // namespace

int run_inspect(Context& context, const Args& args) {
  Flags app("Show everything about containers or images, as JSON.");
  return inspect_all(context, parse(app, {"inspect NAME [NAME...]", 1}, args), inspect_any);
}

int run_image_inspect(Context& context, const Args& args) {
  Flags app("Show everything about images, as JSON.");
  return inspect_all(
      context, parse(app, {"image inspect IMAGE [IMAGE...]", 1}, args),
      [](Engine& engine, const std::string& name) { return inspect_image_json(engine.inspect_image(name)); });
}

int run_port(Context& context, const Args& args) {
  Flags app("List a container's published ports, or where one of them is published.");
  const auto operands = parse(app, {"port CONTAINER [PORT[/tcp|udp]]", 1, 2}, args);
  const auto container = context.engine().inspect(operands[0]);
  const bool one = operands.size() == 2;
  const PortMapping wanted = one ? parse_container_port(operands[1]) : PortMapping{};
  std::string text;
  for (const auto& port : container.ports) {
    if (one && (port.container_port != wanted.container_port || port.protocol != wanted.protocol)) continue;
    if (!one)
      text +=
          std::to_string(port.container_port) + (port.protocol == Protocol::tcp ? "/tcp -> " : "/udp -> ");
    text += bracketed(port.host_ip) + ":" + std::to_string(port.host_port) + "\n";
  }
  if (one && text.empty())
    throw NotFound("look up port " + operands[1] + " of " + operands[0] + ": it is not published",
                   "start it with -p " + operands[1]);
  context.console.print(text);
  return 0;
}

}  // namespace devenv::cli
