// Waits for an HTTP answer on a published port. libcurl stays inside this file.
#include <curl/curl.h>

#include <algorithm>

#include "function_strategy.h"
#include "pattern.h"

namespace devenv {
namespace {

constexpr std::size_t longest_body = 1u << 20;

struct Response {
  long status = 0;
  std::string body;
  std::string failure;  ///< of the transfer; empty when there was an answer
};

std::size_t append(char* data, std::size_t size, std::size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() < longest_body) text.append(data, size * count);
  return size * count;
}

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Headers header_list(const HttpCheck& check) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : check.headers)
    list = curl_slist_append(list, (name + ": " + value).c_str());
  return Headers(list, &curl_slist_free_all);
}

/// libcurl's own words hold ports and times, and differ by version and by how far a connection came.
std::string reason(CURLcode code, const char* detail) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:  // how far it came before the reset is chance
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return "the connection was closed without an answer, as when nothing listens on the port in it";
    case CURLE_OPERATION_TIMEDOUT:
      return "connected, but no answer in time";
    case CURLE_PARTIAL_FILE:
      return "the answer broke off";
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "the answer is not HTTP";
    default:
      return *detail != '\0' ? detail : curl_easy_strerror(code);
  }
}

Response request(const HttpCheck& check, std::uint16_t port, Deadline deadline) {
  // Thread-safe since 7.84 and counted; undone with the process.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  Response response;
  const Easy easy(initialised == CURLE_OK ? curl_easy_init() : nullptr, &curl_easy_cleanup);
  if (!easy) throw Error("ask over HTTP: libcurl does not start");
  const Headers headers = header_list(check);
  char error[CURL_ERROR_SIZE] = "";
  const std::string url =
      (check.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port) + check.path;
  CURL* const handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, check.method.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, std::max<long>(1, deadline.poll_timeout_ms()));
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &response.body);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  if (check.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (!check.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(check.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, check.body.data());
  }
  if (!check.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, check.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, check.password.c_str());
  }
  const CURLcode result = curl_easy_perform(handle);
  if (result != CURLE_OK) response.failure = reason(result, error);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
  return response;
}

bool status_wanted(const HttpCheck& check, long status) {
  if (check.statuses.empty()) return status >= 200 && status < 400;
  return std::find(check.statuses.begin(), check.statuses.end(), status) != check.statuses.end();
}

WaitAnswer judge(const HttpCheck& check, const Pattern& body, const Response& response) {
  const std::string asked = check.method + " " + check.path + ": ";
  if (!response.failure.empty()) return WaitAnswer::not_yet(asked + response.failure);
  const std::string answered = asked + std::to_string(response.status);
  const std::string beginning = response.body.substr(0, 200);
  if (!status_wanted(check, response.status))
    return WaitAnswer::not_yet(answered + (beginning.empty() ? "" : ", " + beginning));
  if (!check.body_matches.empty() && !body.found_in(response.body))
    return WaitAnswer::not_yet(answered + ", but the body does not match: " + beginning);
  return WaitAnswer::ready(answered);
}

std::string description(std::uint16_t port, const HttpCheck& check) {
  std::string wanted;
  for (const int status : check.statuses) wanted += (wanted.empty() ? "" : " or ") + std::to_string(status);
  if (wanted.empty()) wanted = "2xx or 3xx";
  if (!check.body_matches.empty()) wanted += " and a body matching /" + check.body_matches + "/";
  return check.method + " " + check.path + " on port " + std::to_string(port) + " to be answered with " +
         wanted;
}

}  // namespace

Wait wait::http(std::uint16_t container_port, HttpCheck check) {
  const Pattern body(check.body_matches, "a body");
  const std::string text = description(container_port, check);
  return make_wait(text, [=](const WaitTarget& target, Deadline deadline) {
    return judge(check, body, request(check, target.host_port(container_port), deadline));
  });
}

}  // namespace devenv
