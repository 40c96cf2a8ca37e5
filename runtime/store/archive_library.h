// The functions of libarchive, loaded with the first compressed layer that needs them.
#pragma once

#include <archive.h>

#include "runtime/base/lazy_library.h"

namespace devenv::store {

struct ArchiveLibrary {
  LazyLibrary library{"libarchive.so.13", "libarchive13"};
  decltype(&archive_read_new) read_new = library.function<decltype(&archive_read_new)>("archive_read_new");
  decltype(&archive_read_free) read_free =
      library.function<decltype(&archive_read_free)>("archive_read_free");
  decltype(&archive_read_open) read_open =
      library.function<decltype(&archive_read_open)>("archive_read_open");
  decltype(&archive_read_next_header) read_next_header =
      library.function<decltype(&archive_read_next_header)>("archive_read_next_header");
  decltype(&archive_read_data) read_data =
      library.function<decltype(&archive_read_data)>("archive_read_data");
  decltype(&archive_read_support_filter_gzip) read_support_filter_gzip =
      library.function<decltype(&archive_read_support_filter_gzip)>("archive_read_support_filter_gzip");
  decltype(&archive_read_support_filter_zstd) read_support_filter_zstd =
      library.function<decltype(&archive_read_support_filter_zstd)>("archive_read_support_filter_zstd");
  decltype(&archive_read_support_filter_bzip2) read_support_filter_bzip2 =
      library.function<decltype(&archive_read_support_filter_bzip2)>("archive_read_support_filter_bzip2");
  decltype(&archive_read_support_filter_xz) read_support_filter_xz =
      library.function<decltype(&archive_read_support_filter_xz)>("archive_read_support_filter_xz");
  decltype(&archive_read_support_format_raw) read_support_format_raw =
      library.function<decltype(&archive_read_support_format_raw)>("archive_read_support_format_raw");
  decltype(&archive_read_support_format_empty) read_support_format_empty =
      library.function<decltype(&archive_read_support_format_empty)>("archive_read_support_format_empty");
  decltype(&archive_set_error) set_error =
      library.function<decltype(&archive_set_error)>("archive_set_error");
  decltype(&archive_error_string) error_string =
      library.function<decltype(&archive_error_string)>("archive_error_string");
};

/// Loaded by the first call, for good. Throws NotFound when it cannot be; the next call tries again.
inline const ArchiveLibrary& libarchive() {
  static const ArchiveLibrary loaded;
  return loaded;
}

}  // namespace devenv::store
