#include "client.h"

#include <filesystem>

#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/store/manifest.h"

namespace devenv::registry {
namespace {

const char* const certificate_dirs[] = {"/etc/containers/certs.d", "/etc/docker/certs.d"};

std::string accepted_manifests() {
  using namespace store::media_type;
  return std::string("Accept: ") + oci_index + ", " + oci_manifest + ", " + docker_list + ", " +
         docker_manifest;
}

/// What the registry said in its own words: {"errors":[{"code","message"}]}.
std::string said(const HttpResponse& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  if (body.is_object() && body.contains("errors") && body["errors"].is_array() && !body["errors"].empty()) {
    const Json& first = body["errors"][0];
    if (first.is_object() && first.contains("message") && first["message"].is_string())
      return first["message"].get<std::string>();
  }
  return {};
}

std::string plain_type(std::string type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  return type;
}

}  // namespace

std::string registry_host(const std::string& domain) {
  return domain == "docker.io" ? "registry-1.docker.io" : domain;
}

bool is_loopback(const std::string& host) {
  if (host.starts_with("[")) return host.starts_with("[::1]");
  const std::string name = host.substr(0, host.find(':'));
  return name == "localhost" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos);
}

std::string resolve_location(const std::string& base_url, const std::string& location) {
  if (location.starts_with("http://") || location.starts_with("https://")) return location;
  const std::size_t host = base_url.find("://") + 3;
  if (location.starts_with("//")) return base_url.substr(0, host - 2) + location;
  if (location.starts_with("/")) return base_url.substr(0, base_url.find('/', host)) + location;
  return base_url.substr(0, base_url.rfind('/', base_url.find('?')) + 1) + location;
}

RepositoryClient::RepositoryClient(const Reference& reference, const std::string& actions, Deadline deadline,
                                   RetryPolicy retry)
    : reference_(reference),
      host_(registry_host(reference.domain)),
      deadline_(deadline),
      http_(retry),
      authorizer_(http_, find_credentials(reference.domain, reference.path),
                  {"repository:" + reference.path + ":" + actions}) {
  std::error_code ignored;
  for (const char* dir : certificate_dirs)
    for (const auto& entry : std::filesystem::directory_iterator(std::string(dir) + "/" + host_, ignored)) {
      const std::filesystem::path& file = entry.path();
      if (file.extension() == ".crt") ca_pem_ += read_file(file) + "\n";
      if (file.extension() != ".cert") continue;
      client_cert_ = file;
      client_key_ = std::filesystem::path(file).replace_extension(".key");
    }
}

HttpRequest RepositoryClient::prepare(const std::string& method, const std::string& url) const {
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.deadline = deadline_;
  request.insecure_tls = insecure_tls_;
  request.ca_pem = ca_pem_;
  request.client_cert = client_cert_;
  request.client_key = client_key_;
  return request;
}

/// A registry on loopback may speak plain http; docker tries TLS first, without checking its certificate.
void RepositoryClient::connect() {
  base_ = "https://" + host_;
  if (!is_loopback(host_)) return;
  insecure_tls_ = true;
  try {
    http_.send(prepare("GET", base_ + "/v2/"));
  } catch (const Unreachable&) {
    base_ = "http://" + host_;
  }
}

std::string RepositoryClient::url(const std::string& tail) {
  std::call_once(connected_, [this] { connect(); });
  return base_ + "/v2/" + reference_.path + "/" + tail;
}

HttpResponse RepositoryClient::send(HttpRequest request) {
  const std::vector<std::string> plain = request.headers;
  for (int round = 0;; ++round) {
    const std::string authorization = authorizer_.header();
    request.headers = plain;
    if (!authorization.empty()) request.headers.push_back(authorization);
    HttpResponse response = http_.send(request);
    if (response.status != 401 || round == 2) return response;
    if (!authorizer_.answer(response, authorization, deadline_)) return response;
  }
}

void RepositoryClient::fail(const std::string& action, const HttpResponse& response) const {
  const std::string words = said(response);
  const std::string detail = words.empty() ? "" : " (" + words + ")";
  if (response.status == 404) throw NotFound(action + ": " + host_ + " has no such image" + detail);
  if (response.status == 401 || response.status == 403)
    throw NotFound(action + ": " + host_ + " refuses access" + detail,
                   "it does not exist, or needs a login (docker login, podman login or skopeo login)");
  if (response.status == 429)
    throw Error(action + ": " + host_ + " limits the rate of requests" + detail, "log in or try again later");
  throw Error(action + ": " + host_ + " answered " + std::to_string(response.status) + detail);
}

FetchedManifest RepositoryClient::manifest(const std::string& tag_or_digest) {
  HttpRequest request = prepare("GET", url("manifests/" + tag_or_digest));
  request.headers = {accepted_manifests()};
  HttpResponse response = send(std::move(request));
  const std::string action = "pull " + reference_.familiar();
  if (!response.ok()) fail(action, response);
  const std::string* type = response.header("content-type");
  FetchedManifest result{std::move(response.body), type == nullptr ? "" : plain_type(*type), {}};
  result.digest = sha256_digest(result.bytes);
  if (tag_or_digest.find(':') != std::string::npos && tag_or_digest != result.digest)
    throw Error(action + ": the manifest " + host_ + " sent is not " + tag_or_digest + " but " +
                result.digest);
  return result;
}

void RepositoryClient::blob(const std::string& digest, const std::function<void(std::string_view)>& sink) {
  HttpRequest request = prepare("GET", url("blobs/" + digest));
  request.sink = sink;
  const HttpResponse response = send(std::move(request));
  if (!response.ok()) fail("pull " + reference_.familiar() + ": blob " + digest, response);
}

bool RepositoryClient::has_blob(const std::string& digest) {
  const HttpResponse response = send(prepare("HEAD", url("blobs/" + digest)));
  return response.ok();
}

void RepositoryClient::put_blob(const std::string& digest, std::uint64_t size, int fd) {
  const std::string action = "push " + reference_.familiar() + ": blob " + digest;
  const HttpResponse begun = send(prepare("POST", url("blobs/uploads/")));
  const std::string* location = begun.header("location");
  if (!begun.ok() || location == nullptr) fail(action, begun);
  std::string target = resolve_location(begun.url, *location);
  target += (target.find('?') == std::string::npos ? "?digest=" : "&digest=") + digest;
  HttpRequest request = prepare("PUT", target);
  request.headers = {"Content-Type: application/octet-stream"};
  request.body_fd = fd;
  request.body_size = size;
  const HttpResponse response = send(std::move(request));
  if (!response.ok()) fail(action, response);
}

void RepositoryClient::put_manifest(const std::string& tag_or_digest, const std::string& media_type,
                                    const std::string& bytes) {
  HttpRequest request = prepare("PUT", url("manifests/" + tag_or_digest));
  request.headers = {"Content-Type: " + media_type};
  request.body = bytes;
  const HttpResponse response = send(std::move(request));
  if (!response.ok()) fail("push " + reference_.familiar(), response);
}

}  // namespace devenv::registry
