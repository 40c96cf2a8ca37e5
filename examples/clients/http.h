// A tiny HTTP client for the examples, over libcurl.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <stdexcept>
#include <string>

struct HttpAnswer {
  long status = 0;
  std::string body;
};

/// GETs, or POSTs `json` when it is not empty. Throws when there is no answer.
inline HttpAnswer http(const std::string& url, const std::string& json = {}) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), &curl_slist_free_all);
  HttpAnswer answer;
  const auto append = +[](char* data, std::size_t size, std::size_t count, void* body) {
    static_cast<std::string*>(body)->append(data, size * count);
    return size * count;
  };
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, 20L);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &answer.body);
  if (!json.empty()) {
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, json.c_str());
  }
  if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK)
    throw std::runtime_error("ask " + url + ": " + curl_easy_strerror(code));
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}
