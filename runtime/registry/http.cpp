#include "http.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include "curl_library.h"

namespace devenv::registry {
namespace {

constexpr std::size_t body_limit = 4u << 20;
constexpr long connect_timeout_ms = 15000;
constexpr long stalled_after_s = 30;

struct CurlDeleter {
  void operator()(CURL* handle) const { curl().easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return text;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

/// What one send() knows across its attempts.
struct Transfer {
  const HttpRequest& request;
  CURL* handle;
  HttpResponse response = {};
  std::uint64_t delivered = 0;  ///< bytes the sink has
  std::uint64_t skip = 0;       ///< bytes to drop: the server restarted at 0 although asked to resume
  bool body_begun = false;
  std::uint64_t upload_at = 0;
  std::exception_ptr failure = {};

  long status() const {
    long code = 0;
    curl().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    return code;
  }

  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // of the next answer: a redirect's, or 100 Continue's, successor
      response.headers.clear();
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string& value = response.headers[lower(std::string(line.substr(0, colon)))];
    const std::string text = trimmed(line.substr(colon + 1));
    value = value.empty() ? text : value + ", " + text;
  }

  void begin_body() {
    body_begun = true;
    if (delivered == 0) return;
    if (status() == 200) {
      skip = delivered;
      return;
    }
    const std::string* range = response.header("content-range");
    if (range == nullptr || !range->starts_with("bytes " + std::to_string(delivered) + "-"))
      throw Error("resume " + request.url + ": the server answered with a range that was not asked for");
  }

  void take_body(std::string_view data) {
    const long code = status();
    if (!request.sink || code < 200 || code >= 300) {
      if (response.body.size() < body_limit)
        response.body.append(data.substr(0, body_limit - response.body.size()));
      return;
    }
    if (!body_begun) begin_body();
    const std::uint64_t dropped = std::min<std::uint64_t>(skip, data.size());
    skip -= dropped;
    data.remove_prefix(dropped);
    if (data.empty()) return;
    request.sink(data);
    delivered += data.size();
  }
};

/// Runs `action` and keeps its exception: none may cross libcurl's C frames.
template <class Action>
std::size_t guarded(Transfer& transfer, std::size_t on_success, std::size_t on_failure, Action action) {
  try {
    action();
    return on_success;
  } catch (...) {
    transfer.failure = std::current_exception();
    return on_failure;
  }
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  return guarded(transfer, size, 0, [&] { transfer.take_header({data, size}); });
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  return guarded(transfer, size, size + 1, [&] { transfer.take_body({data, size}); });
}

std::size_t on_upload(char* buffer, std::size_t unit, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const HttpRequest& request = transfer.request;
  const std::size_t room = unit * count;
  if (request.body_fd >= 0) {
    const ssize_t got = ::pread(request.body_fd, buffer, room, static_cast<off_t>(transfer.upload_at));
    if (got < 0) return CURL_READFUNC_ABORT;
    transfer.upload_at += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
  const std::size_t n = std::min(room, request.body.size() - transfer.upload_at);
  std::copy_n(request.body.data() + transfer.upload_at, n, buffer);
  transfer.upload_at += n;
  return n;
}

int on_seek(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(self)->upload_at = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void set_method(CURL* handle, Transfer& transfer) {
  const HttpRequest& request = transfer.request;
  if (request.method == "HEAD") {
    curl().easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "GET") {
    curl().easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    return;
  }
  const std::uint64_t size = request.body_fd >= 0 ? request.body_size : request.body.size();
  curl().easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl().easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl().easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  curl().easy_setopt(handle, CURLOPT_READFUNCTION, on_upload);
  curl().easy_setopt(handle, CURLOPT_READDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_SEEKFUNCTION, on_seek);
  curl().easy_setopt(handle, CURLOPT_SEEKDATA, &transfer);
}

CurlList header_list(const HttpRequest& request) {
  CurlList list(curl().slist_append(nullptr, "Expect:"));  // waiting for 100 Continue costs a second
  for (const std::string& header : request.headers)
    list.reset(curl().slist_append(list.release(), header.c_str()));
  return list;
}

void set_security(CURL* handle, const HttpRequest& request) {
  const bool secure = request.url.starts_with("https:");
  curl().easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  if (request.insecure_tls) {
    curl().easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl().easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!request.ca_pem.empty()) {
    curl_blob pem{const_cast<char*>(request.ca_pem.data()), request.ca_pem.size(), CURL_BLOB_COPY};
    curl().easy_setopt(handle, CURLOPT_CAINFO_BLOB, &pem);
  }
  if (!request.client_cert.empty()) {
    curl().easy_setopt(handle, CURLOPT_SSLCERT, request.client_cert.c_str());
    curl().easy_setopt(handle, CURLOPT_SSLKEY, request.client_key.c_str());
  }
}

/// Returns libcurl's verdict; `transfer.response` holds the answer.
CURLcode attempt(Transfer& transfer, char* error_text) {
  CURL* handle = transfer.handle;
  const HttpRequest& request = transfer.request;
  curl().easy_reset(handle);
  const CurlList headers = header_list(request);
  set_method(handle, transfer);
  set_security(handle, request);
  curl().easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl().easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl().easy_setopt(handle, CURLOPT_USERAGENT, "devenv");
  curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl().easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
  curl().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  curl().easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl().easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, stalled_after_s);
  if (!request.deadline.is_never())
    curl().easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                       static_cast<long>(std::max(1, request.deadline.poll_timeout_ms())));
  curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text);
  curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl().easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl().easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  std::string range;
  if (transfer.delivered > 0) {
    range = std::to_string(transfer.delivered) + "-";
    curl().easy_setopt(handle, CURLOPT_RANGE, range.c_str());
  }
  transfer.response = {};
  transfer.body_begun = false;
  transfer.skip = 0;
  transfer.upload_at = 0;
  const CURLcode code = curl().easy_perform(handle);
  transfer.response.status = transfer.status();
  const char* url = nullptr;
  curl().easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &url);
  transfer.response.url = url == nullptr ? request.url : url;
  return code;
}

bool never_connected(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return true;
    default:
      return false;
  }
}

std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string::npos) return url;
  return url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3);
}

std::string plain_reason(CURLcode code, const std::string& url, const char* error_text) {
  const std::string host = host_of(url);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the name " + host + " cannot be resolved";
    case CURLE_COULDNT_CONNECT:
      return "no connection to " + host;
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the TLS certificate of " + host + " is not trusted";
    case CURLE_OPERATION_TIMEDOUT:
      return host + " did not answer in time";
    default:
      return std::string(host) + ": " + (*error_text != '\0' ? error_text : curl().easy_strerror(code));
  }
}

bool worth_retrying(long status) { return status == 408 || status == 429 || status >= 500; }

void pause(std::chrono::milliseconds delay) { ::poll(nullptr, 0, static_cast<int>(delay.count())); }

}  // namespace

struct HttpClient::Impl {
  RetryPolicy retry;
  std::mutex mutex;
  std::vector<CurlHandle> idle;  ///< each with its open connections

  CurlHandle take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) {
      CurlHandle fresh(curl().easy_init());
      if (!fresh) throw Error("start a transfer: libcurl is out of memory");
      return fresh;
    }
    CurlHandle handle = std::move(idle.back());
    idle.pop_back();
    return handle;
  }

  void give_back(CurlHandle handle) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }

  /// The pause before attempt number `next`, or what the server asked for, capped.
  std::chrono::milliseconds delay(CURL* handle, int next) const {
    curl_off_t asked_s = 0;
    curl().easy_getinfo(handle, CURLINFO_RETRY_AFTER, &asked_s);
    const auto own = retry.first_delay * (1 << std::min(next - 1, 10));
    const std::chrono::milliseconds asked = std::chrono::seconds(std::min<curl_off_t>(asked_s, 3600));
    return std::min(std::max<std::chrono::milliseconds>(own, asked), retry.longest_delay);
  }
};

HttpClient::HttpClient(RetryPolicy retry) : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl().global_init(CURL_GLOBAL_DEFAULT); });
  impl_->retry = retry;
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request) {
  CurlHandle handle = impl_->take();
  Transfer transfer{request, handle.get()};
  for (int number = 1;; ++number) {
    char error_text[CURL_ERROR_SIZE] = "";
    const std::uint64_t before = transfer.delivered;
    const CURLcode code = attempt(transfer, error_text);
    if (transfer.failure) std::rethrow_exception(transfer.failure);
    if (request.deadline.passed())
      throw Timeout(request.method + " " + request.url + ": not done within its time");
    if (never_connected(code)) throw Unreachable(plain_reason(code, request.url, error_text));
    if (code == CURLE_OK && !worth_retrying(transfer.response.status)) break;
    if (transfer.delivered > before) number = 1;  // it moves: only attempts in vain are counted
    if (number >= impl_->retry.attempts) {
      if (code == CURLE_OK) break;
      throw Unreachable(plain_reason(code, request.url, error_text));
    }
    pause(impl_->delay(handle.get(), number));
  }
  impl_->give_back(std::move(handle));
  return std::move(transfer.response);
}

}  // namespace devenv::registry
