// The sparse files of TarReader: old GNU, and GNU's three PAX dialects (tar manual, "Storing Sparse Files").
#include <array>
#include <string>

#include "tar_header.h"
#include "tar_numbers.h"
#include "tar_reader.h"

namespace devenv::store {
namespace {

constexpr std::size_t max_map_numbers = 1 << 17;

/// The numbers of "1,2,3"; false when one is malformed.
bool split_numbers(std::string_view text, std::vector<std::uint64_t>& numbers) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const auto number = parse_decimal(text.substr(0, comma));
    if (!number || *number < 0) return false;
    numbers.push_back(static_cast<std::uint64_t>(*number));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return true;
}

std::string value_of(const std::map<std::string, std::string>& records, const char* key) {
  const auto found = records.find(key);
  return found == records.end() ? std::string() : found->second;
}

}  // namespace

void TarReader::read_sparse(const Header& header, TarEntry& entry, const Records& records) {
  std::vector<std::uint64_t> numbers;
  if (header.flag() == 'S') {
    if (!header.is_gnu()) fail("a sparse file in an archive that is not GNU's");
    numbers = old_gnu_map(header, entry);
  } else {
    const std::string version =
        value_of(records, "GNU.sparse.major") + "." + value_of(records, "GNU.sparse.minor");
    const std::string map = value_of(records, "GNU.sparse.map");
    const bool in_data = version == "1.0";
    if (!in_data && version != "0.0" && version != "0.1" && (version != "." || map.empty())) return;
    if (const std::string name = value_of(records, "GNU.sparse.name"); !name.empty()) entry.name = name;
    std::string size = value_of(records, "GNU.sparse.size");
    if (size.empty()) size = value_of(records, "GNU.sparse.realsize");
    if (!size.empty()) {
      const auto real = parse_decimal(size);
      if (!real || *real < 0) fail("bad size of a sparse file");
      entry.size = static_cast<std::uint64_t>(*real);
    }
    if (in_data)
      numbers = map_from_data();
    else if (!split_numbers(map, numbers))
      fail("bad sparse map");
  }
  if (numbers.size() % 2 != 0) fail("bad sparse map");
  std::uint64_t end = 0, stored = 0;
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    const DataRange range{numbers[i], numbers[i + 1]};
    if (range.offset < end || range.offset > entry.size || range.length > entry.size - range.offset)
      fail("bad sparse map");
    end = range.offset + range.length;
    stored += range.length;
    if (range.length > 0) entry.ranges.push_back(range);
  }
  if (stored != left_) fail("the sparse map and the stored size differ");
  entry.sparse = true;
}

std::vector<std::uint64_t> TarReader::old_gnu_map(const Header& header, TarEntry& entry) {
  const auto real = parse_field(header.field(483, 12));
  if (!real || *real < 0) fail("bad size of a sparse file");
  entry.size = static_cast<std::uint64_t>(*real);
  std::vector<std::uint64_t> numbers;
  const auto take = [&](std::string_view block, std::size_t offset, std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; ++i, offset += 24) {
      if (block[offset] == 0) return;  // an unused pair ends the list
      for (const std::size_t at : {offset, offset + 12}) {
        const auto number = parse_field(block.substr(at, 12));
        if (!number || *number < 0) fail("bad sparse map");
        numbers.push_back(static_cast<std::uint64_t>(*number));
      }
    }
  };
  take(header.field(0, 512), 386, 4);
  std::array<char, 512> block{};
  for (bool more = header.block[482] != 0; more; more = block[504] != 0) {
    // These blocks stand between header and data and are not part of the stored size.
    if (!read_block(block.data())) fail("the archive is cut off");
    take({block.data(), block.size()}, 0, 21);
    if (numbers.size() > max_map_numbers) fail("a sparse map with too many parts");
  }
  return numbers;
}

/// Version 1.0: the map stands before the data, decimal lines filled up to a block.
std::vector<std::uint64_t> TarReader::map_from_data() {
  std::vector<std::uint64_t> numbers;
  std::string line;
  std::uint64_t wanted = 1;  // the count itself first
  for (std::uint64_t have = 0; have < wanted;) {
    std::array<char, 512> block{};
    for (std::size_t n = 0; n < block.size();) {
      const std::size_t got = read(block.data() + n, block.size() - n);
      if (got == 0) fail("bad sparse map");
      n += got;
    }
    for (const char c : block) {
      if (have == wanted) break;
      if (c != '\n') {
        line += c;
        if (line.size() > 20) fail("bad sparse map");
        continue;
      }
      const auto number = parse_decimal(line);
      if (!number || *number < 0) fail("bad sparse map");
      line.clear();
      if (have++ == 0) {
        if (*number > static_cast<std::int64_t>(max_map_numbers / 2))
          fail("a sparse map with too many parts");
        wanted += static_cast<std::uint64_t>(*number) * 2;
      } else {
        numbers.push_back(static_cast<std::uint64_t>(*number));
      }
    }
  }
  return numbers;
}

}  // namespace devenv::store
