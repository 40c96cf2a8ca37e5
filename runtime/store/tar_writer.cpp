#include "tar_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "devenv/error.h"

namespace devenv::store {
namespace {

constexpr std::size_t block_size = 512;
constexpr std::int64_t max_octal_11 = 077777777777;
constexpr std::int64_t max_octal_7 = 07777777;

std::uint64_t padding_of(std::uint64_t size) { return (block_size - size % block_size) % block_size; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
}

/// Whether `text` is well-formed enough to be called UTF-8 in a PAX record.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80       ? 0
                             : lead >> 5 == 6  ? 1
                             : lead >> 4 == 14 ? 2
                             : lead >> 3 == 30 ? 3
                                               : 9;
    if (more > 3 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

char flag_of(EntryType type) {
  switch (type) {
    case EntryType::regular:
      return '0';
    case EntryType::hard_link:
      return '1';
    case EntryType::symlink:
      return '2';
    case EntryType::char_device:
      return '3';
    case EntryType::block_device:
      return '4';
    case EntryType::directory:
      return '5';
    case EntryType::fifo:
      return '6';
  }
  return '0';
}

/// "length key=value\n", the length counting itself.
std::string record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  if (rest + std::to_string(length).size() != length) length = rest + std::to_string(length).size();
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

std::string pax_time(timespec time) {
  // PAX counts "-1.5" down from zero, the kernel up from -2.
  const bool negative = time.tv_sec < 0;
  if (negative && time.tv_nsec > 0) {
    time.tv_sec += 1;
    time.tv_nsec = 1'000'000'000 - time.tv_nsec;
  }
  std::string text = (negative ? "-" : "") + std::to_string(negative ? -time.tv_sec : time.tv_sec);
  if (time.tv_nsec == 0) return text;
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%09ld", time.tv_nsec);
  text += fraction;
  return text.substr(0, text.find_last_not_of('0') + 1);
}

/// Where to cut a name into ustar's prefix (155) and name (100); npos when it does not fit.
std::size_t prefix_length(const std::string& name) {
  if (name.size() <= 100) return 0;
  const std::size_t last = name.ends_with('/') ? name.size() - 2 : std::string::npos;
  const std::size_t slash = name.rfind('/', std::min<std::size_t>(last, 155));
  if (slash == std::string::npos || slash == 0 || name.size() - slash - 1 > 100) return std::string::npos;
  return slash;
}

class Block {
 public:
  void text(std::size_t offset, std::size_t length, std::string_view value) {
    std::memcpy(bytes_.data() + offset, value.data(), std::min(length, value.size()));
  }
  /// Octal, one less digit than the field's length; a value out of range (then in a PAX record) becomes 0.
  void number(std::size_t offset, std::size_t length, std::int64_t value, std::int64_t most) {
    if (value < 0 || value > most) value = 0;
    char digits[24];
    std::snprintf(digits, sizeof digits, "%0*llo", static_cast<int>(length - 1),
                  static_cast<unsigned long long>(value));
    text(offset, length, digits);
  }
  std::string_view finish(char flag) {
    bytes_[156] = flag;
    text(257, 8, std::string_view("ustar\00000", 8));
    text(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : bytes_) sum += static_cast<unsigned char>(c);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    text(148, 7, std::string_view(digits, 7));
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, block_size> bytes_{};
};

std::string pax_records(const TarEntry& entry) {
  std::map<std::string, std::string> records;
  const bool plain_name = is_ascii(entry.name) && prefix_length(entry.name) != std::string::npos;
  const bool plain_link = is_ascii(entry.link) && entry.link.size() <= 100;
  if (!plain_name) records["path"] = entry.name;
  if (!plain_link) records["linkpath"] = entry.link;
  if (!is_utf8(entry.name) || !is_utf8(entry.link)) records["hdrcharset"] = "BINARY";
  if (entry.size > static_cast<std::uint64_t>(max_octal_11)) records["size"] = std::to_string(entry.size);
  if (entry.uid > max_octal_7) records["uid"] = std::to_string(entry.uid);
  if (entry.gid > max_octal_7) records["gid"] = std::to_string(entry.gid);
  if (entry.mtime.tv_nsec != 0 || entry.mtime.tv_sec < 0 || entry.mtime.tv_sec > max_octal_11)
    records["mtime"] = pax_time(entry.mtime);
  for (const auto& [name, value] : entry.xattrs) {
    if (name.find('=') != std::string::npos)
      throw Error("write tar: entry " + shown(entry.name) + ": extended attribute " + shown(name) +
                  " has a name no archive can hold");
    records["SCHILY.xattr." + name] = value;
  }
  std::string text;
  // hdrcharset speaks of the records after it.
  if (const auto charset = records.extract("hdrcharset")) text = record(charset.key(), charset.mapped());
  for (const auto& [key, value] : records) text += record(key, value);
  return text;
}

std::string ascii_part(std::string_view name, std::size_t most) {
  std::string text;
  for (const char c : name.substr(0, most)) text += static_cast<signed char>(c) >= 0 ? c : '_';
  return text;
}

}  // namespace

void TarWriter::begin(const TarEntry& entry) {
  const std::string zeros(block_size, '\0');
  if (const std::string records = pax_records(entry); !records.empty()) {
    const std::size_t slash = entry.name.find_last_of('/', entry.name.size() - 2);
    const std::size_t base = slash == std::string::npos || entry.name.size() < 2 ? 0 : slash + 1;
    Block extended;
    extended.text(0, 100, "PaxHeaders.0/" + ascii_part(std::string_view(entry.name).substr(base), 80));
    extended.number(100, 8, 0644, max_octal_7);
    extended.number(108, 8, 0, max_octal_7);
    extended.number(116, 8, 0, max_octal_7);
    extended.number(124, 12, static_cast<std::int64_t>(records.size()), max_octal_11);
    extended.number(136, 12, 0, max_octal_11);
    sink_(extended.finish('x'));
    sink_(records);
    sink_(std::string_view(zeros).substr(0, padding_of(records.size())));
  }
  const bool plain = is_ascii(entry.name);
  const std::size_t cut = plain ? prefix_length(entry.name) : std::string::npos;
  Block block;
  if (cut == std::string::npos) {
    block.text(0, 100, ascii_part(entry.name, 100));
  } else {
    block.text(0, 100, std::string_view(entry.name).substr(cut == 0 ? 0 : cut + 1));
    block.text(345, 155, std::string_view(entry.name).substr(0, cut));
  }
  block.number(100, 8, entry.mode, max_octal_7);
  block.number(108, 8, entry.uid, max_octal_7);
  block.number(116, 8, entry.gid, max_octal_7);
  block.number(124, 12, static_cast<std::int64_t>(entry.size), max_octal_11);
  block.number(136, 12, entry.mtime.tv_sec, max_octal_11);
  block.text(157, 100, ascii_part(entry.link, 100));
  block.number(329, 8, static_cast<std::int64_t>(entry.device_major), max_octal_7);
  block.number(337, 8, static_cast<std::int64_t>(entry.device_minor), max_octal_7);
  sink_(block.finish(flag_of(entry.type)));
  left_ = entry.size;
  padding_ = padding_of(entry.size);
}

void TarWriter::write(std::string_view data) {
  if (data.size() > left_) throw Error("write tar: more data than the entry's size");
  left_ -= data.size();
  sink_(data);
}

void TarWriter::end() {
  if (left_ > 0) throw Error("write tar: less data than the entry's size");
  if (padding_ > 0) sink_(std::string(padding_, '\0'));
  padding_ = 0;
}

void TarWriter::finish() { sink_(std::string(2 * block_size, '\0')); }

}  // namespace devenv::store
