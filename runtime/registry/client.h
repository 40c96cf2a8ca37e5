// One repository of one registry, over the distribution protocol (OCI distribution-spec). Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "auth.h"
#include "http.h"
#include "reference.h"

namespace devenv::registry {

struct FetchedManifest {
  std::string bytes;  ///< exact
  std::string media_type;
  std::string digest;  ///< sha256 of bytes
};

/// "docker.io" is served by registry-1.docker.io; every other domain by itself.
std::string registry_host(const std::string& domain);
/// localhost, 127.0.0.0/8 and ::1, with or without a port: plain http is accepted there, as docker does.
bool is_loopback(const std::string& host);
/// Resolves a Location header against the URL it came from.
std::string resolve_location(const std::string& base_url, const std::string& location);

class RepositoryClient {
 public:
  /// `actions`: "pull" or "pull,push". Asks nobody yet.
  RepositoryClient(const Reference& reference, const std::string& actions, Deadline deadline,
                   RetryPolicy retry = {});

  const std::string& host() const { return host_; }

  /// By tag or digest; a digest is verified. Throws NotFound, Unreachable, Error.
  FetchedManifest manifest(const std::string& tag_or_digest);
  /// Streams a blob. The caller verifies what it gets.
  void blob(const std::string& digest, const std::function<void(std::string_view)>& sink);

  bool has_blob(const std::string& digest);
  /// Uploads `size` bytes of the regular file `fd` in one piece.
  void put_blob(const std::string& digest, std::uint64_t size, int fd);
  void put_manifest(const std::string& tag_or_digest, const std::string& media_type,
                    const std::string& bytes);

 private:
  void connect();
  HttpRequest prepare(const std::string& method, const std::string& url) const;
  /// Sends with authorisation, answering challenges.
  HttpResponse send(HttpRequest request);
  std::string url(const std::string& tail);
  [[noreturn]] void fail(const std::string& action, const HttpResponse& response) const;

  const Reference reference_;
  const std::string host_;
  const Deadline deadline_;
  HttpClient http_;
  Authorizer authorizer_;
  std::once_flag connected_;
  std::string base_;  ///< "https://host"
  bool insecure_tls_ = false;
  std::string ca_pem_, client_cert_, client_key_;
};

}  // namespace devenv::registry
