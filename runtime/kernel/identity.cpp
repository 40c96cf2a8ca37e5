#include "identity.h"

#include <sys/stat.h>

#include <climits>

#include "devenv/error.h"
#include "rootfs.h"
#include "syscalls.h"

namespace devenv::kernel {
namespace {

constexpr unsigned kMostId = INT_MAX;  // CVE-2024-40635: beyond it uid_t wraps around in signed hands

struct Text {
  const char* data;
  std::size_t size;

  bool equals(Text other) const { return size == other.size && std::memcmp(data, other.data, size) == 0; }
};

bool is_number(Text text) {
  for (std::size_t i = 0; i < text.size; ++i)
    if (text.data[i] < '0' || text.data[i] > '9') return false;
  return text.size > 0;
}

/// The value, or -1 when it is above 2^31-1.
long number_of(Text text) {
  unsigned long value = 0;
  for (std::size_t i = 0; i < text.size; ++i) {
    value = value * 10 + static_cast<unsigned long>(text.data[i] - '0');
    if (value > kMostId) return -1;
  }
  return static_cast<long>(value);
}

/// Fields of a passwd or group line, streamed: the file may be larger than memory. Only the first fields are
/// kept, and of each the first bytes; a longer one can match nothing. The last field of a group line, its
/// members, is seen one by one.
class LineReader {
 public:
  static constexpr unsigned kFields = 7;
  static constexpr std::size_t kFieldSize = 4096;

  explicit LineReader(int fd) : fd_(fd) {}

  /// Reads one line's fields, splitting field `list_field` at commas into calls of `member`. False at the
  /// end of the file; error() tells a failure.
  template <class Member>
  bool next(unsigned list_field, const Member& member) {
    count_ = 0;
    used_ = 0;
    overlong_ = false;
    bool any = false;
    for (int byte; (byte = get()) >= 0; any = true) {
      if (byte == '\n') return finish_field(list_field, member), true;
      if (byte == ':' || (byte == ',' && count_ == list_field)) {
        finish_field(list_field, member);
        if (byte == ':') ++count_;
        used_ = 0;
        overlong_ = false;
        continue;
      }
      if (count_ >= kFields || used_ == kFieldSize)
        skip_field();
      else
        scratch_[used_++] = static_cast<char>(byte);
    }
    if (any) finish_field(list_field, member);
    return any && error_ == 0;
  }

  /// Field `index` of the line; empty when there is none. Fields longer than kKept read as empty.
  Text field(unsigned index) const {
    if (index > count_ || index >= kFields) return {"", 0};
    return {fields_[index], sizes_[index]};
  }
  unsigned fields() const { return count_ + 1; }
  int error() const { return error_; }

 private:
  static constexpr std::size_t kKept = 512;

  template <class Member>
  void finish_field(unsigned list_field, const Member& member) {
    if (count_ >= kFields) return;
    if (count_ == list_field) {
      if (used_ > 0 && !overlong_) member(*this, Text{scratch_, used_});
      return;
    }
    sizes_[count_] = overlong_ || used_ > kKept ? 0 : used_;
    std::memcpy(fields_[count_], scratch_, sizes_[count_]);
  }

  /// The rest of what is buffered of a field that matches nothing any more, at memory's speed.
  void skip_field() {
    overlong_ = true;
    std::size_t length = filled_ - position_;
    for (const char end : {'\n', ':', ','})
      if (const void* found = std::memchr(buffer_ + position_, end, length))
        length = static_cast<std::size_t>(static_cast<const char*>(found) - (buffer_ + position_));
    position_ += length;
  }

  int get() {
    if (position_ == filled_) {
      ssize_t n;
      do {
        n = read(fd_, buffer_, sizeof buffer_);
      } while (n < 0 && errno == EINTR);
      if (n < 0) error_ = -errno;
      if (n <= 0) return -1;
      filled_ = static_cast<std::size_t>(n);
      position_ = 0;
    }
    return static_cast<unsigned char>(buffer_[position_++]);
  }

  int fd_;
  int error_ = 0;
  char buffer_[65536];
  std::size_t position_ = 0, filled_ = 0;
  char scratch_[kFieldSize];
  std::size_t used_ = 0;
  bool overlong_ = false;
  char fields_[kFields][kKept];
  std::size_t sizes_[kFields] = {};
  unsigned count_ = 0;
};

/// -ENOENT when the image has none; a fifo is not waited on, and anything but a file is refused.
int open_table(int root_fd, const char* path) {
  ScopedFd fd(open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (fd.failed()) return fd.error();
  struct stat st;
  if (fstat(fd.get(), &st) != 0) return -errno;
  return S_ISREG(st.st_mode) ? fd.release() : -EINVAL;
}

constexpr auto kIgnoreMembers = [](const LineReader&, Text) {};

bool valid_id(Text text) { return is_number(text) && number_of(text) >= 0; }

struct Request {
  Text user, group;
  bool user_is_number, has_group, group_is_number;
};

IdentityError parse(const char* text, Request& request) {
  const char* colon = std::strchr(text, ':');
  request.user = {text, colon != nullptr ? static_cast<std::size_t>(colon - text) : std::strlen(text)};
  request.has_group = colon != nullptr;
  request.group = request.has_group ? Text{colon + 1, std::strlen(colon + 1)} : Text{"", 0};
  if (request.user.size == 0 || (request.has_group && request.group.size == 0))
    return IdentityError::malformed;
  if (std::memchr(request.group.data, ':', request.group.size) != nullptr) return IdentityError::malformed;
  for (const Text part : {request.user, request.group})
    if (part.size > 0 &&
        (*part.data == '+' || *part.data == '-' || std::memchr(part.data, '\n', part.size) != nullptr))
      return IdentityError::malformed;
  request.user_is_number = is_number(request.user);
  request.group_is_number = is_number(request.group);
  if ((request.user_is_number && number_of(request.user) < 0) ||
      (request.group_is_number && number_of(request.group) < 0))
    return IdentityError::out_of_range;
  return IdentityError::none;
}

/// Finds the user's line and takes uid, gid, home and name from it.
IdentityError read_passwd(int root_fd, const Request& request, FlatIdentity& result, char (&name)[512],
                          std::size_t& name_size) {
  if (request.user_is_number) result.uid = static_cast<uid_t>(number_of(request.user));
  const ScopedFd file(open_table(root_fd, "etc/passwd"));
  if (file.error() == -ENOENT)
    return request.user_is_number ? IdentityError::none : IdentityError::unknown_user;
  if (file.failed()) return IdentityError::unreadable;
  LineReader line(file.get());
  while (line.next(LineReader::kFields, kIgnoreMembers)) {
    const Text uid = line.field(2), gid = line.field(3), home = line.field(5);
    if (line.fields() < 4 || line.field(0).size == 0 || !valid_id(uid) || !valid_id(gid)) continue;
    // A line named "1000" with uid 0 must not answer for USER 1000.
    const bool matches = request.user_is_number ? static_cast<uid_t>(number_of(uid)) == result.uid
                                                : line.field(0).equals(request.user);
    if (!matches) continue;
    result.uid = static_cast<uid_t>(number_of(uid));
    result.gid = static_cast<gid_t>(number_of(gid));
    name_size = line.field(0).size;
    std::memcpy(name, line.field(0).data, name_size);
    if (home.size > 0) {
      std::memcpy(result.home, home.data, home.size);
      result.home[home.size] = '\0';
    }
    return IdentityError::none;
  }
  if (line.error() < 0) return IdentityError::unreadable;
  return request.user_is_number ? IdentityError::none : IdentityError::unknown_user;
}

IdentityError add_group(FlatIdentity& result, gid_t gid) {
  for (unsigned i = 0; i < result.group_count; ++i)
    if (result.groups[i] == gid) return IdentityError::none;
  if (result.group_count == sizeof result.groups / sizeof result.groups[0])
    return IdentityError::too_many_groups;
  result.groups[result.group_count++] = gid;
  return IdentityError::none;
}

/// A named group's id.
IdentityError find_group(int root_fd, Text name, gid_t& gid) {
  const ScopedFd file(open_table(root_fd, "etc/group"));
  if (file.error() == -ENOENT) return IdentityError::unknown_group;
  if (file.failed()) return IdentityError::unreadable;
  LineReader line(file.get());
  while (line.next(3, kIgnoreMembers)) {
    if (line.fields() < 3 || !line.field(0).equals(name) || !valid_id(line.field(2))) continue;
    gid = static_cast<gid_t>(number_of(line.field(2)));
    return IdentityError::none;
  }
  return line.error() < 0 ? IdentityError::unreadable : IdentityError::unknown_group;
}

/// Every group that lists the user as a member.
IdentityError add_memberships(int root_fd, Text user, FlatIdentity& result) {
  const ScopedFd file(open_table(root_fd, "etc/group"));
  if (file.error() == -ENOENT) return IdentityError::none;
  if (file.failed()) return IdentityError::unreadable;
  LineReader line(file.get());
  IdentityError error = IdentityError::none;
  const auto member = [&](const LineReader& at, Text name) {
    const Text gid = at.field(2);
    if (at.field(0).size > 0 && name.equals(user) && valid_id(gid) && error == IdentityError::none)
      error = add_group(result, static_cast<gid_t>(number_of(gid)));
  };
  while (line.next(3, member)) {
  }
  return line.error() < 0 ? IdentityError::unreadable : error;
}

}  // namespace

IdentityError resolve_identity_at(int root_fd, const char* user, bool allow_empty, FlatIdentity& result) {
  result.uid = 0;
  result.gid = 0;
  result.group_count = 0;
  std::strcpy(result.home, "/");
  if (*user == '\0' && allow_empty) user = "0";
  Request request{};
  if (const IdentityError error = parse(user, request); error != IdentityError::none) return error;
  char name[512];
  std::size_t name_size = 0;
  IdentityError error = read_passwd(root_fd, request, result, name, name_size);
  if (error != IdentityError::none) return error;
  if (request.has_group) {
    // An explicit group stands alone, as docker has it: no memberships of the user.
    if (request.group_is_number)
      result.gid = static_cast<gid_t>(number_of(request.group));
    else
      error = find_group(root_fd, request.group, result.gid);
    return error != IdentityError::none ? error : add_group(result, result.gid);
  }
  error = add_group(result, result.gid);
  if (error != IdentityError::none || name_size == 0) return error;
  return add_memberships(root_fd, {name, name_size}, result);
}

const char* reason_of(IdentityError error) {
  switch (error) {
    case IdentityError::none:
      return "";
    case IdentityError::malformed:
      return "it must be a name or a number, then perhaps ':' and a group";
    case IdentityError::out_of_range:
      return "ids go up to 2147483647";
    case IdentityError::unknown_user:
      return "no such user in the image's /etc/passwd";
    case IdentityError::unknown_group:
      return "no such group in the image's /etc/group";
    case IdentityError::too_many_groups:
      return "the user is in more than 2048 groups";
    case IdentityError::unreadable:
      return "the image's /etc/passwd or /etc/group cannot be read as a regular file";
  }
  return "unknown reason";
}

Identity resolve_identity(int root_fd, const std::string& user) {
  FlatIdentity flat;
  const IdentityError error = user.find('\0') != std::string::npos
                                  ? IdentityError::malformed
                                  : resolve_identity_at(root_fd, user.c_str(), true, flat);
  if (error != IdentityError::none) throw Error("find user \"" + user + "\": " + reason_of(error));
  return {flat.uid, flat.gid, {flat.groups, flat.groups + flat.group_count}, flat.home};
}

}  // namespace devenv::kernel
