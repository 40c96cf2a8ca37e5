#include "layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "blob.h"
#include "names.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"

namespace devenv::store {
namespace {

constexpr char record_name[] = "/layer.json";

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

void make_directory(const std::string& path, mode_t mode) {
  check(mkdir(path.c_str(), mode), [&] { return "create directory " + path; });
  check(chmod(path.c_str(), mode), [&] { return "set mode of " + path; });
}

}  // namespace

StagedLayer::StagedLayer(TmpDir tmp)
    : tmp_(std::move(tmp)), diff_(tmp_.path() + "/layer/diff"), work_(tmp_.path() + "/work") {
  make_directory(tmp_.path() + "/layer", 0755);
  make_directory(diff_, 0755);  // becomes the root directory of containers
  make_directory(work_, 0700);
}

std::string LayerStore::path(const std::string& chain_id) const {
  return root_ + "/layers/" + digest_hex(chain_id, "layer") + "/diff";
}

bool LayerStore::has(const std::string& chain_id) const { return exists(path(chain_id)); }

LayerInfo LayerStore::info(const std::string& chain_id) const {
  if (!has(chain_id))
    throw NotFound("read layer " + chain_id +
                   ": it is not unpacked in the store; pull or build the image again");
  const std::string file = root_ + "/layers/" + digest_hex(chain_id, "layer") + record_name;
  const Json record = parse_json(read_file(file), file);
  return {chain_id, json_value<std::string>(record, "diff_id", "", file),
          json_value<std::uint64_t>(record, "size", 0, file)};
}

std::vector<LayerInfo> LayerStore::list() const {
  std::vector<LayerInfo> layers;
  for (const std::string& name : named_directories(root_ + "/layers")) {
    const std::string chain_id = "sha256:" + name;
    if (is_digest(chain_id) && has(chain_id)) layers.push_back(info(chain_id));
  }
  return layers;
}

std::vector<std::string> LayerStore::lower_dirs(const std::vector<std::string>& diff_ids) const {
  std::vector<std::string> dirs;
  for (const std::string& chain_id : chain_ids(diff_ids)) {
    dirs.push_back(path(chain_id));
    if (!exists(dirs.back()))
      throw NotFound("use layer " + chain_id +
                     ": it is not unpacked in the store; pull or build the image again");
  }
  std::reverse(dirs.begin(), dirs.end());
  return dirs;
}

FileLock LayerStore::use(const std::string& chain_id) const {
  auto lock = FileLock::try_acquire_directory(root_ + "/layers/" + digest_hex(chain_id, "layer"),
                                              FileLock::Mode::shared);
  if (!lock)  // only discard() holds it exclusively
    throw NotFound("use layer " + chain_id +
                   ": it is not unpacked in the store; pull or build the image again");
  return std::move(*lock);
}

std::vector<LayerInfo> LayerStore::discard(const std::vector<LayerInfo>& unneeded,
                                           const TmpDir& trash) const {
  std::vector<LayerInfo> present = list(), left = unneeded, discarded;
  // A layer does not say what it lies on, but its chain id is made of that one's.
  const auto carries_another = [&](const LayerInfo& below) {
    return std::any_of(present.begin(), present.end(), [&](const LayerInfo& above) {
      return chain_id({below.chain_id, above.diff_id}) == above.chain_id;
    });
  };
  const auto try_discard = [&](const LayerInfo& layer) {
    if (carries_another(layer)) return false;
    const std::string hex = digest_hex(layer.chain_id, "layer"), path = root_ + "/layers/" + hex;
    const auto lock = FileLock::try_acquire_directory(path, FileLock::Mode::exclusive);
    if (!lock || rename(path.c_str(), (trash.path() + "/" + hex).c_str()) != 0) return false;
    discarded.push_back(layer);
    std::erase_if(present, [&](const LayerInfo& other) { return other.chain_id == layer.chain_id; });
    return true;
  };
  while (std::erase_if(left, try_discard) > 0) continue;  // topmost first: each round uncovers the next
  return discarded;
}

StagedLayer LayerStore::begin() const { return StagedLayer(TmpDir::create(root_)); }

bool LayerStore::commit(StagedLayer staged, const LayerInfo& info) const {
  const std::string from = staged.tmp_.path() + "/layer";
  const std::string target = root_ + "/layers/" + digest_hex(info.chain_id, "layer");
  replace_file(from + record_name, Json({{"diff_id", info.diff_id}, {"size", info.size}}).dump());
  if (rename(from.c_str(), target.c_str()) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  throw SystemError(errno, "store layer " + info.chain_id);
}

LayerInfo LayerStore::unpack(const std::vector<std::string>& diff_ids, const ByteSource& archive,
                             const OverlayMounter& mount, const ApplyOptions& options) const {
  const std::string chain = chain_id(diff_ids);
  if (has(chain)) return info(chain);
  const std::vector<std::string> parents = lower_dirs({diff_ids.begin(), diff_ids.end() - 1});
  StagedLayer staged = begin();
  ApplyResult applied;
  {
    const UniqueFd root = parents.empty() ? open_file(staged.diff(), O_RDONLY | O_DIRECTORY)
                                          : mount(parents, staged.diff(), staged.work());
    applied = apply_layer(root.get(), archive, options);
  }
  if (applied.diff_id != diff_ids.back())
    throw CorruptBlob("unpack layer " + diff_ids.back() + ": its bytes have the digest " + applied.diff_id +
                      "; pull or build the image again");
  const LayerInfo made{chain, applied.diff_id, applied.size};
  commit(std::move(staged), made);
  return made;
}

}  // namespace devenv::store
