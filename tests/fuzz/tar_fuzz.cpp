// Hostile archives: whatever the bytes, reading ends in entries or an Error, and what was read can be written
// and read again unchanged.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "devenv/error.h"
#include "runtime/store/tar_reader.h"
#include "runtime/store/tar_writer.h"

namespace {

using devenv::store::TarEntry;
using devenv::store::TarReader;
using devenv::store::TarWriter;

void require(bool truth) {
  if (!truth) std::abort();
}

std::string read_data(TarReader& reader) {
  std::string data;
  char buffer[4096];
  for (std::size_t n; (n = reader.read(buffer, sizeof buffer)) > 0;) data.append(buffer, n);
  return data;
}

void expect_round_trip(TarEntry entry, const std::string& data) {
  if (entry.sparse) return;
  std::string archive;
  TarWriter writer([&](std::string_view bytes) { archive.append(bytes); });
  writer.begin(entry);
  writer.write(data);
  writer.end();
  writer.finish();
  TarReader reader(devenv::store::memory_source(archive));
  const auto again = reader.next();
  require(again && again->name == entry.name && again->link == entry.link && again->mode == entry.mode);
  require(again->uid == entry.uid && again->gid == entry.gid && again->xattrs == entry.xattrs);
  require(read_data(reader) == data && !reader.next());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  try {
    TarReader reader(devenv::store::decompressed(devenv::store::memory_source(input)));
    for (int count = 0; count < 1000; ++count) {
      const auto entry = reader.next();
      if (!entry) break;
      const std::string data = read_data(reader);
      require(entry->sparse || data.size() == entry->size);
      if (!entry->name.empty()) expect_round_trip(*entry, data);
    }
  } catch (const devenv::Error&) {
  }
  return 0;
}
