// Makes the archives of the tests: well-formed ones through TarWriter, hostile ones from raw headers.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "devenv/error.h"
#include "runtime/base/files.h"
#include "runtime/store/apply.h"
#include "runtime/store/tar_writer.h"

namespace devenv::store::testing {

/// A directory under the test's scratch, removed at the end.
class Scratch {
 public:
  Scratch() {
    char name[] = "/var/tmp/devenv-store-XXXXXX";
    path_ = mkdtemp(name);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { remove_tree(path_); }

  std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string make(const std::string& name) const {
    make_directories(path(name));
    return path(name);
  }
  const std::string& root() const { return path_; }

 private:
  std::string path_;
};

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

class Tar {
 public:
  Tar& add(TarEntry entry, const std::string& data = {}) {
    entry.size = data.size();
    if (entry.mtime.tv_sec == 0) entry.mtime.tv_sec = 1000;
    writer_.begin(entry);
    writer_.write(data);
    writer_.end();
    return *this;
  }
  Tar& file(const std::string& name, const std::string& data = {}, unsigned mode = 0644) {
    TarEntry entry;
    entry.name = name;
    entry.mode = mode;
    return add(entry, data);
  }
  Tar& directory(const std::string& name, unsigned mode = 0755) {
    return plain(name, EntryType::directory, "", mode);
  }
  Tar& symlink(const std::string& name, const std::string& target) {
    return plain(name, EntryType::symlink, target, 0777);
  }
  Tar& hard_link(const std::string& name, const std::string& target) {
    return plain(name, EntryType::hard_link, target, 0644);
  }
  Tar& plain(const std::string& name, EntryType type, const std::string& link, unsigned mode) {
    TarEntry entry;
    entry.name = name;
    entry.type = type;
    entry.link = link;
    entry.mode = mode;
    return add(entry);
  }
  /// Bytes as they are.
  Tar& raw(const std::string& bytes) {
    text_ += bytes;
    return *this;
  }
  std::string finish() {
    writer_.finish();
    return text_;
  }
  /// Without the end marker.
  const std::string& bytes() const { return text_; }

 private:
  std::string text_;
  TarWriter writer_{[this](std::string_view data) { text_.append(data); }};
};

/// A ustar header with any type flag and size, its checksum right.
inline std::string raw_header(const std::string& name, char flag, std::uint64_t size,
                              const std::string& link = {}) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  char number[16];
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  std::snprintf(number, sizeof number, "%011llo", static_cast<unsigned long long>(size));
  put(124, number);
  put(136, "00000001750");
  block[156] = flag;
  put(157, link);
  put(257, std::string("ustar\00000", 8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(number, sizeof number, "%06o", sum);
  put(148, number);
  block[154] = '\0';
  return block;
}

/// `text` filled up to whole blocks.
inline std::string blocks(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

inline std::string pax_record(const std::string& key, const std::string& value) {
  std::size_t size = key.size() + value.size() + 3;
  size += std::to_string(size + 2).size();
  return std::to_string(size) + " " + key + "=" + value + "\n";
}

/// A PAX header holding `records` for the entry that follows.
inline std::string pax_header(const std::string& records) {
  return raw_header("PaxHeaders/x", 'x', records.size()) + blocks(records);
}

inline ApplyResult apply_tar(const std::string& root, const std::string& archive,
                             const ApplyOptions& options = {}) {
  const UniqueFd fd = open_file(root, O_RDONLY | O_DIRECTORY);
  return apply_layer(fd.get(), memory_source(archive), options);
}

/// One line per file: path, type and mode, owner, size, mtime, link or content, xattrs. Equal snapshots are
/// byte-identical trees.
inline std::string snapshot(const std::string& root, bool times = true) {
  std::map<std::string, std::string> lines;
  namespace fs = std::filesystem;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path();
    struct stat st {};
    lstat(path.c_str(), &st);
    std::ostringstream line;
    line << std::oct << st.st_mode << std::dec << ' ' << st.st_uid << ':' << st.st_gid << ' ' << st.st_rdev;
    if (times) line << ' ' << st.st_mtim.tv_sec << '.' << st.st_mtim.tv_nsec;
    if (S_ISLNK(st.st_mode)) line << " -> " << fs::read_symlink(entry.path()).string();
    if (S_ISREG(st.st_mode)) line << " = " << read_file(path);
    if (!S_ISDIR(st.st_mode)) line << " links " << st.st_nlink;
    char names[4096];
    const ssize_t size = llistxattr(path.c_str(), names, sizeof names);
    for (ssize_t i = 0; i < size; ++i) line << (names[i] ? names[i] : ' ');
    lines[path.substr(root.size() + 1)] = line.str();
  }
  std::string text;
  for (const auto& [path, line] : lines) text += path + ": " + line + "\n";
  return text;
}

}  // namespace devenv::store::testing
