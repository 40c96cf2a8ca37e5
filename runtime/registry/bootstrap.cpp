#include "bootstrap.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <optional>
#include <sstream>

#include "bootstrap_files.h"
#include "bootstrap_needs.h"
#include "http.h"
#include "runtime/base/files.h"
#include "runtime/base/process.h"
#include "runtime/base/settings.h"
#include "runtime/store/tar_writer.h"

extern char** environ;

namespace devenv::registry {
namespace {

constexpr char default_archive[] = "http://deb.debian.org/debian";
constexpr char default_security[] = "http://deb.debian.org/debian-security";
constexpr char keyring[] = "/usr/share/keyrings/debian-archive-keyring.gpg";
constexpr char image_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Distribution {
  const char* tag;
  const char* suite;
  bool merge_usr;  ///< its packages leave merging / and /usr to whoever installs them
};
constexpr std::array<Distribution, 4> distributions = {{{"bookworm", "bookworm", true},
                                                        {"12", "bookworm", true},
                                                        {"trixie", "trixie", false},
                                                        {"13", "trixie", false}}};

struct Chosen {
  Distribution distribution;
  bool slim;
};

std::optional<Chosen> choose(const Reference& reference) {
  if (reference.name() != "docker.io/library/debian" || !reference.digest.empty()) return std::nullopt;
  std::string tag = reference.tag;
  const bool slim = tag.ends_with("-slim");
  if (slim) tag.resize(tag.size() - 5);
  for (const Distribution& each : distributions)
    if (tag == each.tag) return Chosen{each, slim};
  return std::nullopt;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// Fills what is empty from the host's apt, when it uses Debian's archive.
void ask_apt(Mirrors& mirrors) {
  try {
    const ProcessResult targets = run_process(
        {.argv = {"apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Identifier: Packages"},
         .input = {},
         .env = {},
         .deadline = Deadline::after(std::chrono::seconds(20)),
         .on_error_line = {}});
    std::istringstream lines(targets.output);
    for (std::string label, uri; lines >> label >> uri;) {
      if (!uri.starts_with("http://") && !uri.starts_with("https://")) continue;
      if (label == "Debian" && mirrors.archive.empty()) mirrors.archive = without_slash(uri);
      if (label == "Debian-Security" && mirrors.security.empty()) mirrors.security = without_slash(uri);
    }
  } catch (const Error&) {
    // No apt, or a slow one: the public mirrors will do.
  }
}

std::string source_stanza(const std::string& uri, const std::string& suites) {
  return "Types: deb\nURIs: " + uri + "\nSuites: " + suites + "\nComponents: main\nSigned-By: " + keyring +
         "\n";
}

/// The archive's own date, so that the same packages give the same bytes; empty when it does not say.
std::string archive_epoch(const std::string& archive, const std::string& suite) {
  HttpClient http({.attempts = 2, .first_delay = std::chrono::milliseconds(200)});
  HttpRequest request;
  request.url = archive + "/dists/" + suite + "/InRelease";
  request.headers = {"Range: bytes=0-8191"};
  request.deadline = Deadline::after(std::chrono::seconds(30));
  const HttpResponse response = http.send(request);
  if (!response.ok())
    throw Error("read " + request.url + ": the server answered " + std::to_string(response.status),
                "set DEVENV_DEBIAN_MIRROR to a Debian mirror");
  const std::size_t at = response.body.find("\nDate: ");
  if (at == std::string::npos) return {};
  std::tm date = {};
  if (::strptime(response.body.c_str() + at + 7, "%a, %d %b %Y %H:%M:%S", &date) == nullptr) return {};
  return std::to_string(::timegm(&date));
}

std::string rfc3339(const std::string& epoch) {
  const std::time_t seconds = epoch.empty() ? std::time(nullptr) : std::stoll(epoch);
  std::tm date = {};
  ::gmtime_r(&seconds, &date);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &date));
}

/// Ours, with a scratch directory beside the result and the archive's date.
std::vector<std::string> child_environment(const std::string& scratch, const std::string& epoch) {
  std::vector<std::string> result;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("TMPDIR=") && !text.starts_with("SOURCE_DATE_EPOCH=") &&
        !text.starts_with("LC_ALL="))
      result.emplace_back(text);
  }
  result.push_back("TMPDIR=" + scratch);
  result.push_back("LC_ALL=C.UTF-8");
  if (!epoch.empty()) result.push_back("SOURCE_DATE_EPOCH=" + epoch);
  return result;
}

/// Of mmdebstrap's information the steps that take time, of its warnings all but the one that our private
/// scratch directory always gives.
bool worth_showing(std::string_view line) {
  if (line.starts_with("W: ")) return line.find("unsandboxed") == std::string_view::npos;
  if (!line.starts_with("I: ")) return false;
  for (const char* step : {"running apt-get", "downloading", "extracting", "installing", "creating"})
    if (line.substr(3).starts_with(step)) return true;
  return false;
}

void run_mmdebstrap(const Reference& reference, const BootstrapPlan& plan, const std::string& scratch,
                    const std::string& epoch, const std::string& target, const Progress& progress) {
  const std::string sources = scratch + "/debian.sources";
  replace_file(sources, plan.sources);
  std::vector<std::string> argv;
  // As root it mounts proc and the like: in a mount namespace of its own, which ends with it, whatever it
  // dies of.
  if (geteuid() == 0) argv = {"unshare", "--mount"};
  argv.insert(argv.end(), plan.argv.begin(), plan.argv.end());
  argv.insert(argv.end(), {plan.suite, target, sources});
  std::string complaint;
  const auto on_line = [&](std::string_view line) {
    if (line.starts_with("E: ") || line.starts_with("Err:")) complaint = line.substr(line.find(' ') + 1);
    if (progress && worth_showing(line)) progress(reference.familiar() + ": " + std::string(line.substr(3)));
  };
  const ProcessResult result = run_process({.argv = argv,
                                            .input = {},
                                            .env = child_environment(scratch, epoch),
                                            .deadline = Deadline::never(),
                                            .on_error_line = on_line});
  if (result.exit_code == 0) return;
  throw Error(
      "bootstrap " + reference.familiar() + ": mmdebstrap failed" +
          (complaint.empty() ? " with exit code " + std::to_string(result.exit_code) : ": " + complaint),
      "check the mirror, or name another in DEVENV_DEBIAN_MIRROR");
}

/// An empty dev/, which mmdebstrap leaves out together with the device nodes.
store::TarEntry dev_entry(const std::string& epoch) {
  store::TarEntry entry;
  entry.name = "./dev/";
  entry.type = store::EntryType::directory;
  entry.mode = 0755;
  if (!epoch.empty()) entry.mtime.tv_sec = std::stoll(epoch);
  return entry;
}

store::Descriptor keep_as_blob(const std::string& tar, const std::string& epoch, const store::Store& store) {
  const UniqueFd fd = open_file(tar, O_RDONLY);
  store::BlobWriter writer = store.blobs().begin();
  const store::ByteSource source = store::fd_source(fd.get(), tar);
  // The archive that follows brings the end of both.
  store::TarWriter([&](std::string_view bytes) { writer.write(bytes); }).begin(dev_entry(epoch));
  std::vector<char> buffer(1u << 20);
  while (const std::size_t n = source(buffer.data(), buffer.size())) writer.write({buffer.data(), n});
  store::Descriptor layer;
  layer.media_type = store::media_type::oci_layer;
  layer.size = writer.size();
  layer.digest = writer.commit();
  return layer;
}

store::ImageConfig image_config(const Reference& reference, const std::string& epoch,
                                const std::string& diff_id) {
  store::ImageConfig config;
  config.created = rfc3339(epoch);
  config.platform = store::host_platform();
  config.config.env = {image_path};
  config.config.cmd = {"bash"};
  config.diff_ids = {diff_id};
  store::History history;
  history.created = config.created;
  history.created_by = "devenv image bootstrap " + reference.familiar();
  config.history = {history};
  return config;
}

store::StoredImage make(const Reference& reference, const store::Store& store,
                        const store::OverlayMounter& mount, const Progress& progress) {
  const Mirrors mirrors = debian_mirrors();
  const BootstrapPlan plan = plan_bootstrap(reference, mirrors);
  const char* search_path = std::getenv("PATH");
  require_needs("bootstrap " + reference.familiar(),
                missing_for_bootstrap(plan.suite, search_path == nullptr ? "/usr/bin:/bin" : search_path));
  if (progress) progress(reference.familiar() + ": bootstrapping from " + mirrors.archive);
  const std::string epoch = [&] {
    try {
      return archive_epoch(mirrors.archive, plan.suite);
    } catch (const Unreachable& error) {
      throw Error("bootstrap " + reference.familiar() + ": " + error.what(),
                  "set DEVENV_DEBIAN_MIRROR to a Debian mirror this machine reaches");
    }
  }();
  const store::TmpDir scratch = store.tmp_dir();
  const std::string tar = scratch.path() + "/rootfs.tar";
  run_mmdebstrap(reference, plan, scratch.path(), epoch, tar, progress);
  const store::Descriptor layer = keep_as_blob(tar, epoch, store);
  const UniqueFd archive = store.blobs().open(layer.digest);
  store.layers().unpack({layer.digest}, store::fd_source(archive.get(), layer.digest), mount);
  return store.images().put_image(image_config(reference, epoch, layer.digest), {layer}, reference.full());
}

}  // namespace

std::vector<std::string> known_bootstraps() {
  std::vector<std::string> names;
  for (const Distribution& each : distributions) {
    names.push_back("debian:" + std::string(each.tag));
    names.push_back("debian:" + std::string(each.tag) + "-slim");
  }
  return names;
}

bool can_bootstrap(const Reference& reference) { return choose(reference).has_value(); }

Mirrors debian_mirrors() {
  Mirrors mirrors{without_slash(settings::debian_mirror()),
                  without_slash(settings::debian_security_mirror())};
  if (mirrors.archive.empty()) ask_apt(mirrors);
  if (mirrors.archive.empty()) mirrors.archive = default_archive;
  if (mirrors.security.empty()) mirrors.security = default_security;
  return mirrors;
}

BootstrapPlan plan_bootstrap(const Reference& reference, const Mirrors& mirrors) {
  const std::optional<Chosen> chosen = choose(reference);
  if (!chosen) {
    std::string known;
    for (const std::string& name : known_bootstraps()) known += (known.empty() ? "" : ", ") + name;
    throw Error("bootstrap " + reference.familiar() + ": not a known distribution", "known are " + known);
  }
  BootstrapPlan plan;
  plan.suite = chosen->distribution.suite;
  plan.slim = chosen->slim;
  plan.sources = source_stanza(mirrors.archive, plan.suite + " " + plan.suite + "-updates") + "\n" +
                 source_stanza(mirrors.security, plan.suite + "-security");
  // It must not outlive us: its parent's death is its SIGTERM, upon which it cleans up after itself.
  plan.argv = {"setpriv",      "--pdeathsig",       "TERM",
               "mmdebstrap",   "--variant=minbase", "--mode=auto",
               "--format=tar", "--skip=output/dev", "--skip=chroot/policy-rc.d"};
  // Without this, the package that merges them afterwards would bring all of perl.
  if (chosen->distribution.merge_usr)
    plan.argv.insert(plan.argv.end(),
                     {"--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr", "--include=usr-is-merged"});
  if (plan.slim)
    for (const char* option : bootstrap_files::slim_options)
      plan.argv.push_back("--dpkgopt=" + std::string(option));
  plan.argv.push_back("--customize-hook=" + std::string(bootstrap_files::customize_hook));
  return plan;
}

store::StoredImage bootstrap(const Reference& asked, const store::Store& store,
                             const store::OverlayMounter& mount, const Progress& progress, bool force) {
  plan_bootstrap(asked, {default_archive, default_security});  // refuses what is unknown before anything else
  const auto present = [&]() -> std::optional<store::StoredImage> {
    auto image = force ? std::nullopt : store.images().find_reference(asked.full());
    if (image && !store.images().is_unpacked(*image)) store.images().unpack(*image, mount);
    return image;
  };
  if (auto image = present()) return *image;
  const store::FileLock lock =
      store.lock("bootstrap-" + asked.tag, store::FileLock::Mode::exclusive, Deadline::never());
  if (auto image = present()) return *image;
  return make(asked, store, mount, progress);
}

}  // namespace devenv::registry
