// A container as docker's ps and inspect show it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "devenv/engine.h"
#include "listing.h"
#include "runtime/base/json.h"

namespace devenv::cli {

/// "Up 5 seconds", "Exited (0) 2 minutes ago", "Created"; "Damaged: " and why its record cannot be read.
std::string status_text(const ContainerInfo& container, std::int64_t now_ns);

/// "127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp", runs of ports as ranges.
std::string ports_text(const std::vector<PublishedPort>& ports);

Fields container_fields(const ContainerInfo& container, std::int64_t now_ns, bool truncate);

/// The object of `inspect`, in docker's field names.
Json inspect_container(const ContainerInfo& container);
Json inspect_image_json(const ImageInfo& image);

}  // namespace devenv::cli
