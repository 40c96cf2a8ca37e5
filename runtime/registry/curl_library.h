// The functions of libcurl, loaded with the first request.
#pragma once

#include <curl/curl.h>

#include "runtime/base/lazy_library.h"

namespace devenv::registry {

struct CurlLibrary {
  LazyLibrary library{"libcurl.so.4", "libcurl4"};
  decltype(&curl_global_init) global_init = library.function<decltype(&curl_global_init)>("curl_global_init");
  decltype(&curl_easy_init) easy_init = library.function<decltype(&curl_easy_init)>("curl_easy_init");
  decltype(&curl_easy_cleanup) easy_cleanup =
      library.function<decltype(&curl_easy_cleanup)>("curl_easy_cleanup");
  decltype(&curl_easy_reset) easy_reset = library.function<decltype(&curl_easy_reset)>("curl_easy_reset");
  decltype(&curl_easy_setopt) easy_setopt = library.function<decltype(&curl_easy_setopt)>("curl_easy_setopt");
  decltype(&curl_easy_perform) easy_perform =
      library.function<decltype(&curl_easy_perform)>("curl_easy_perform");
  decltype(&curl_easy_getinfo) easy_getinfo =
      library.function<decltype(&curl_easy_getinfo)>("curl_easy_getinfo");
  decltype(&curl_easy_strerror) easy_strerror =
      library.function<decltype(&curl_easy_strerror)>("curl_easy_strerror");
  decltype(&curl_slist_append) slist_append =
      library.function<decltype(&curl_slist_append)>("curl_slist_append");
  decltype(&curl_slist_free_all) slist_free_all =
      library.function<decltype(&curl_slist_free_all)>("curl_slist_free_all");
  decltype(&curl_getdate) getdate = library.function<decltype(&curl_getdate)>("curl_getdate");
};

/// Loaded by the first call, for good. Throws NotFound when it cannot be; the next call tries again.
inline const CurlLibrary& curl() {
  static const CurlLibrary loaded;
  return loaded;
}

}  // namespace devenv::registry
