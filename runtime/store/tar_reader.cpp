#include "tar_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "devenv/error.h"
#include "tar_header.h"
#include "tar_numbers.h"

namespace devenv::store {
namespace {

constexpr std::size_t block_size = 512;
constexpr std::int64_t max_special = 1 << 20;  ///< of long names and PAX records, as in Go

std::uint64_t padding_of(std::uint64_t size) { return (block_size - size % block_size) % block_size; }

bool is_zero(const char* block) {
  return std::all_of(block, block + block_size, [](char c) { return c == 0; });
}

bool has_no_data(char flag) { return flag >= '1' && flag <= '6'; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
}

}  // namespace

std::string shown(const std::string& name) {
  constexpr std::size_t most = 200;
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : name.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      text.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    else
      text += c;
  }
  return text + (name.size() > most ? "…\"" : "\"");
}

void TarReader::fail(const std::string& reason) const { throw Error("read tar: " + reason); }

std::size_t TarReader::fill(char* buffer, std::size_t size) {
  if (begin_ == end_) {
    if (size >= buffer_.size()) return source_(buffer, size);
    begin_ = 0;
    end_ = source_(buffer_.data(), buffer_.size());
  }
  const std::size_t n = std::min(size, end_ - begin_);
  if (n > 0) std::memcpy(buffer, buffer_.data() + begin_, n);
  begin_ += n;
  return n;
}

/// False when the source ends before the first byte of the block.
bool TarReader::read_block(char* block) {
  std::size_t have = 0;
  while (have < block_size) {
    const std::size_t n = fill(block + have, block_size - have);
    if (n == 0 && have == 0) return false;
    if (n == 0) fail("the archive is cut off");
    have += n;
  }
  return true;
}

void TarReader::skip(std::uint64_t bytes) {
  char scratch[8192];
  while (bytes > 0) {
    const std::size_t n = fill(scratch, std::min<std::uint64_t>(sizeof scratch, bytes));
    if (n == 0) fail("the archive is cut off");
    bytes -= n;
  }
}

void TarReader::drain() {
  begin_ = end_ = 0;
  while (source_(buffer_.data(), buffer_.size()) > 0) {
  }
}

std::size_t TarReader::read(char* buffer, std::size_t size) {
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
  if (n == 0) return 0;
  const std::size_t got = fill(buffer, n);
  if (got == 0) fail("the archive is cut off");
  left_ -= got;
  return got;
}

std::optional<TarReader::Header> TarReader::read_header() {
  skip(left_);
  skip(padding_);
  left_ = padding_ = 0;
  Header header;
  if (!read_block(header.block.data())) return std::nullopt;
  if (is_zero(header.block.data())) {
    if (!read_block(header.block.data()) || is_zero(header.block.data())) return std::nullopt;
    fail("a zero block in the middle");
  }
  if (!checksum_fits(header.block.data())) fail("not a tar header (bad checksum)");
  const auto size = parse_field(header.field(124, 12));
  if (!size || *size < 0) fail("bad size");
  header.size = *size;
  return header;
}

/// The body of a header that describes the next one.
std::string TarReader::read_special(const Header& header) {
  if (header.size > max_special) fail("an extended header of more than 1 MiB");
  left_ = static_cast<std::uint64_t>(header.size);
  padding_ = padding_of(left_);
  std::string body(left_, '\0');
  for (std::size_t have = 0; have < body.size();) have += read(body.data() + have, body.size() - have);
  return body;
}

std::optional<TarEntry> TarReader::next() {
  Records records;
  std::string long_name, long_link;
  for (;;) {
    const std::optional<Header> header = read_header();
    if (!header) return std::nullopt;
    switch (header->flag()) {
      case 'x':
        records = parse_records(read_special(*header));
        break;
      case 'g':
        parse_records(read_special(*header));
        break;  // nobody applies global ones to layers
      case 'L':
        long_name = parse_text(read_special(*header));
        break;
      case 'K':
        long_link = parse_text(read_special(*header));
        break;
      default:
        return merge(*header, records, long_name, long_link);
    }
  }
}

TarReader::Records TarReader::parse_records(const std::string& text) const {
  Records records;
  std::string sparse_map, pending;  // GNU.sparse 0.0 repeats its keys
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t space = rest.find(' ');
    const auto length = space == std::string_view::npos ? std::nullopt : parse_decimal(rest.substr(0, space));
    if (!length || *length < 5 || static_cast<std::uint64_t>(*length) > rest.size() ||
        static_cast<std::size_t>(*length) < space + 2)
      fail("bad length of a PAX record");
    const auto size = static_cast<std::size_t>(*length);
    if (rest[size - 1] != '\n') fail("a PAX record without its end");
    const std::string_view record = rest.substr(space + 1, size - space - 2);
    rest.remove_prefix(size);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) fail("a PAX record without a key");
    const std::string key(record.substr(0, equals)), value(record.substr(equals + 1));
    const bool is_name = key == "path" || key == "linkpath" || key == "uname" || key == "gname";
    if ((is_name ? value : key).find('\0') != std::string::npos) fail("a NUL in PAX record " + shown(key));
    if (key == "GNU.sparse.offset" || key == "GNU.sparse.numbytes") {
      if (value.find(',') != std::string::npos) fail("bad sparse map");
      sparse_map += (sparse_map.empty() ? "" : ",") + value;
    } else {
      records[key] = value;
    }
  }
  if (!sparse_map.empty()) records["GNU.sparse.map"] = sparse_map;
  return records;
}

namespace {

EntryType type_of(char flag) {
  switch (flag) {
    case '1':
      return EntryType::hard_link;
    case '2':
      return EntryType::symlink;
    case '3':
      return EntryType::char_device;
    case '4':
      return EntryType::block_device;
    case '5':
      return EntryType::directory;
    case '6':
      return EntryType::fifo;
    default:
      return EntryType::regular;
  }
}

}  // namespace

TarEntry TarReader::merge(const Header& header, const Records& records, const std::string& long_name,
                          const std::string& long_link) {
  TarEntry entry;
  entry.name = parse_text(header.field(0, 100));
  name_ = entry.name;
  entry.link = parse_text(header.field(157, 100));
  std::string prefix;
  if (header.is_star()) {
    prefix = parse_text(header.field(345, 131));
  } else if (header.is_ustar()) {
    prefix = parse_text(header.field(345, 155));
  } else if (header.is_gnu() && header.block[345] != 0 && !parse_field(header.field(345, 12))) {
    // Old writers put a ustar prefix where GNU has its access time.
    if (is_ascii(parse_text(header.field(345, 155)))) prefix = parse_text(header.field(345, 155));
  }
  if (!prefix.empty()) entry.name = prefix + "/" + entry.name;
  const auto number = [&](std::size_t offset, std::size_t length, const char* what) {
    const auto value = parse_field(header.field(offset, length));
    if (!value) fail(std::string("bad ") + what);
    return *value;
  };
  entry.mode = static_cast<unsigned>(number(100, 8, "mode") & 07777);
  const std::int64_t uid = number(108, 8, "uid"), gid = number(116, 8, "gid");
  entry.mtime.tv_sec = number(136, 12, "time");
  if (header.is_ustar() || header.is_gnu()) {
    entry.device_major = static_cast<std::uint64_t>(number(329, 8, "device number"));
    entry.device_minor = static_cast<std::uint64_t>(number(337, 8, "device number"));
  }
  Records owner = records;  // owners travel as records, to be range-checked in one place
  if (!owner.contains("uid") || owner["uid"].empty()) owner["uid"] = std::to_string(uid);
  if (!owner.contains("gid") || owner["gid"].empty()) owner["gid"] = std::to_string(gid);
  auto stored = static_cast<std::uint64_t>(header.size);
  if (!long_name.empty()) entry.name = long_name;
  if (!long_link.empty()) entry.link = long_link;
  apply_records(entry, stored, owner);
  // GNU's long names come last in Go: they win over PAX.
  if (!long_name.empty()) entry.name = long_name;
  if (!long_link.empty()) entry.link = long_link;
  name_ = entry.name;
  const char flag = header.flag();
  if (flag != '\0' && flag != '7' && flag != 'S' && (flag < '0' || flag > '6'))
    fail(std::string("entries of type '") + flag + "' are not supported");
  entry.type = type_of(flag);
  if (flag == '\0' && entry.name.ends_with('/')) entry.type = EntryType::directory;
  left_ = has_no_data(flag) ? 0 : stored;
  padding_ = padding_of(left_);
  entry.size = left_;
  if (entry.type == EntryType::regular) read_sparse(header, entry, records);
  return entry;
}

void TarReader::apply_records(TarEntry& entry, std::uint64_t& stored, const Records& records) const {
  const auto number = [&](const std::string& key, const std::string& value, std::int64_t most) {
    const auto parsed = parse_decimal(value);
    if (!parsed || *parsed < 0 || *parsed > most) fail("bad " + key);
    return *parsed;
  };
  const auto time = [&](const std::string& key, const std::string& value) {
    const auto parsed = parse_pax_time(value);
    if (!parsed) fail("bad " + key);
    return *parsed;
  };
  // chown(2) takes -1 as "leave it"; nobody may own a file by that.
  constexpr std::int64_t max_owner = 0xfffffffe;
  constexpr std::string_view xattr = "SCHILY.xattr.";
  for (const auto& [key, value] : records) {
    if (key.starts_with(xattr)) entry.xattrs[key.substr(xattr.size())] = value;
    if (value.empty()) continue;
    if (key == "path") entry.name = value;
    if (key == "linkpath") entry.link = value;
    if (key == "uid") entry.uid = static_cast<std::uint32_t>(number(key, value, max_owner));
    if (key == "gid") entry.gid = static_cast<std::uint32_t>(number(key, value, max_owner));
    if (key == "size") stored = static_cast<std::uint64_t>(number(key, value, INT64_MAX));
    if (key == "mtime") entry.mtime = time(key, value);
    if (key == "atime") entry.atime = time(key, value);
  }
}

}  // namespace devenv::store
