// Reads tar archives (v7, ustar, PAX, GNU with long names and sparse files) as Go's archive/tar does: the
// reading docker, containerd and BuildKit have of a layer is the one that counts, byte for byte. libarchive's
// reader differs where it matters here: it normalises UTF-8 names to NFC, mangles names that are not UTF-8,
// needs a UTF-8 locale, and guesses about data behind hard links. Hostile input is expected.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "byte_stream.h"
#include "tar_entry.h"

namespace devenv::store {

class TarReader {
 public:
  explicit TarReader(ByteSource source) : source_(std::move(source)) {}

  /// The next entry; nullopt at the end of the archive. What is left of the last one's data is skipped.
  /// Throws Error "read tar: <reason>" for what is no archive or cut off.
  std::optional<TarEntry> next();
  /// The entry it stands at or, between two, stood at last; empty before the first. For messages.
  const std::string& name() const { return name_; }
  /// Stored bytes of the current entry (of a sparse file: its ranges, one after the other); 0 at their end.
  std::size_t read(char* buffer, std::size_t size);
  /// Reads the source to its end, whatever follows the archive.
  void drain();

 private:
  using Records = std::map<std::string, std::string>;
  struct Header;

  std::size_t fill(char* buffer, std::size_t size);
  bool read_block(char* block);
  void skip(std::uint64_t bytes);
  std::optional<Header> read_header();
  std::string read_special(const Header& header);
  Records parse_records(const std::string& text) const;
  TarEntry merge(const Header& header, const Records& records, const std::string& long_name,
                 const std::string& long_link);
  void apply_records(TarEntry& entry, std::uint64_t& stored, const Records& records) const;
  void read_sparse(const Header& header, TarEntry& entry, const Records& records);
  std::vector<std::uint64_t> old_gnu_map(const Header& header, TarEntry& entry);
  std::vector<std::uint64_t> map_from_data();
  [[noreturn]] void fail(const std::string& reason) const;

  ByteSource source_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t left_ = 0;  ///< stored bytes of the current entry not read yet
  std::uint64_t padding_ = 0;
  std::string name_;
};

}  // namespace devenv::store
