#include "blob.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "digest.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/random_id.h"
#include "tree.h"

namespace devenv::store {
namespace {

std::string blob_path(const std::string& root, const std::string& digest) {
  return root + "/blobs/sha256/" + digest_hex(digest, "open blob");
}

}  // namespace

BlobWriter::BlobWriter(const std::string& root) : root_(root) {
  const std::string directory = root + "/blobs/sha256";
  fd_ = UniqueFd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0444));
  if (fd_) return;
  if (errno != EOPNOTSUPP) throw SystemError(errno, "open " + directory);
  // overlayfs before 6.1, network file systems. A name that the sweep knows, should we be killed.
  const std::string name = root + "/blob.tmp-" + random_id(12);
  fd_ = open_file(name, O_CREAT | O_EXCL | O_RDWR, 0444);
  name_ = name;
}

BlobWriter::BlobWriter(BlobWriter&& other) noexcept
    : root_(std::move(other.root_)),
      fd_(std::move(other.fd_)),
      name_(std::exchange(other.name_, {})),
      hash_(std::move(other.hash_)),
      size_(other.size_) {}

BlobWriter::~BlobWriter() {
  if (!name_.empty()) unlink(name_.c_str());
}

void BlobWriter::write(std::string_view data) {
  write_all(fd_.get(), data, "blob in " + root_);
  hash_.update(data);
  size_ += data.size();
}

std::string BlobWriter::commit(const std::string& expected_digest,
                               std::optional<std::uint64_t> expected_size) {
  const std::string hex = hash_.hex();
  const std::string digest = "sha256:" + hex;
  if (expected_size && *expected_size != size_)
    throw CorruptBlob("store blob " + expected_digest + ": got " + std::to_string(size_) +
                      " bytes instead of " + std::to_string(*expected_size) + "; try again");
  if (!expected_digest.empty() && expected_digest != digest)
    throw CorruptBlob("store blob " + expected_digest + ": the bytes have the digest " + digest +
                      "; try again");
  publish(blob_path(root_, digest), digest);
  fd_.reset();
  return digest;
}

void BlobWriter::publish(const std::string& path, const std::string& digest) {
  const auto action = [&] { return "store blob " + digest; };
  if (!name_.empty()) {
    check(rename(name_.c_str(), path.c_str()), action);
    name_.clear();
    return;
  }
  const auto link_as = [&](const std::string& name) {
    const std::string from = "/proc/self/fd/" + std::to_string(fd_.get());
    return linkat(AT_FDCWD, from.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
  };
  if (link_as(path) != 0) {
    if (errno != EEXIST) throw SystemError(errno, "store blob " + digest);
    struct stat st {};
    const bool complete = stat(path.c_str(), &st) == 0 && static_cast<std::uint64_t>(st.st_size) == size_;
    if (!complete) {  // damaged by something else: heal it (linkat cannot replace a name)
      const std::string temporary = path + "." + random_id(8);
      check(link_as(temporary), action);
      check(rename(temporary.c_str(), path.c_str()), action);
    }
  }
}

std::string BlobStore::path(const std::string& digest) const { return blob_path(root_, digest); }

bool BlobStore::has(const std::string& digest) const {
  struct stat st {};
  return stat(path(digest).c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

UniqueFd BlobStore::open(const std::string& digest) const {
  const std::string file = path(digest);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT)
    throw NotFound("open blob " + digest + ": it is not in the store " + root_ +
                   "; pull or build the image again");
  return UniqueFd(check(fd, [&] { return "open blob " + file; }));
}

std::uint64_t BlobStore::size(const std::string& digest) const {
  struct stat st {};
  check(fstat(open(digest).get(), &st), [&] { return "stat blob " + digest; });
  return static_cast<std::uint64_t>(st.st_size);
}

std::string BlobStore::read(const std::string& digest, std::size_t limit) const {
  try {
    return inspect(digest, limit);
  } catch (const CorruptBlob&) {
    remove(digest);  // so that the next pull or build makes it anew
    throw CorruptBlob("read blob " + digest +
                      ": its bytes are not what the digest promises; the damaged file was removed, pull or "
                      "build the image again");
  }
}

std::string BlobStore::inspect(const std::string& digest, std::size_t limit) const {
  std::string data = read_all(open(digest).get(), "blob " + digest, limit);
  if (sha256_digest(data) != digest) throw damaged(digest);
  return data;
}

CorruptBlob BlobStore::damaged(const std::string& digest) const {
  return CorruptBlob("verify blob " + digest + ": its bytes are not what the digest promises; remove " +
                     path(digest) + " and pull or build the image again");
}

std::string BlobStore::put(std::string_view data) const {
  BlobWriter writer = begin();
  writer.write(data);
  return writer.commit();
}

void BlobStore::verify(const std::string& digest) const {
  const UniqueFd fd = open(digest);
  const ByteSource source = fd_source(fd.get(), "blob " + digest);
  Sha256 hash;
  std::vector<char> buffer(256 * 1024);
  for (std::size_t n; (n = source(buffer.data(), buffer.size())) > 0;) hash.update({buffer.data(), n});
  if ("sha256:" + hash.hex() != digest) throw damaged(digest);
}

void BlobStore::remove(const std::string& digest) const {
  if (unlink(path(digest).c_str()) != 0 && errno != ENOENT) throw SystemError(errno, "remove blob " + digest);
}

std::vector<std::string> BlobStore::list() const {
  const UniqueFd dir = open_file(root_ + "/blobs/sha256", O_RDONLY | O_DIRECTORY);
  std::vector<std::string> digests;
  for (const std::string& name : names_in(dir.get())) {
    if (is_digest("sha256:" + name)) digests.push_back("sha256:" + name);
  }
  return digests;
}

}  // namespace devenv::store
