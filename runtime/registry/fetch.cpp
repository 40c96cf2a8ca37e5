#include "fetch.h"

#include <algorithm>

#include "curl_library.h"
#include "http.h"
#include "runtime/base/files.h"
#include "runtime/base/sha256.h"

namespace devenv::registry {
namespace {

std::string name_from(const HttpResponse& response, const std::string& url) {
  if (const std::string* disposition = response.header("content-disposition")) {
    const std::size_t at = disposition->find("filename=");
    if (at != std::string::npos) {
      std::string name = disposition->substr(at + 9);
      if (name.starts_with('"'))
        name = name.substr(1, name.find('"', 1) - 1);
      else
        name = name.substr(0, name.find_first_of("; \t"));
      name = name.substr(name.rfind('/') + 1);
      if (!name.empty() && name != "." && name != "..") return name;
    }
  }
  const std::size_t begin = url.find("://");
  std::string path = url.substr(begin == std::string::npos ? 0 : begin + 3);
  path = path.substr(0, path.find_first_of("?#"));
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(slash + 1);
}

}  // namespace

FetchedUrl fetch_url(const std::string& url, int out_fd, Deadline deadline) {
  HttpClient client;
  FetchedUrl result;
  Sha256 hash;
  HttpRequest request;
  request.url = url;
  request.deadline = deadline;
  request.sink = [&](std::string_view data) {
    write_all(out_fd, data, url);
    hash.update(data);
    result.size += data.size();
  };
  const HttpResponse response = [&] {
    try {
      return client.send(request);
    } catch (const Unreachable& error) {
      throw Error("download " + url + ": " + error.what());
    }
  }();
  if (!response.ok())
    throw Error("download " + url + ": the server answered " + std::to_string(response.status));
  result.digest = "sha256:" + hash.hex();
  result.name = name_from(response, url);
  if (const std::string* modified = response.header("last-modified"))
    result.mtime_s = static_cast<std::int64_t>(curl().getdate(modified->c_str(), nullptr));
  return result;
}

}  // namespace devenv::registry
