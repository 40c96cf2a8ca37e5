// From the plan to a cloned init: what the holder prepares, and what it does while init mounts.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "child.h"
#include "container.h"
#include "plan_codec.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/kernel/device_filter.h"
#include "runtime/kernel/namespaces.h"
#include "runtime/kernel/refusal.h"

namespace devenv::launch {

namespace {

struct PipeEnds {
  UniqueFd read_end, write_end;
};

PipeEnds make_pipe() {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC), "create a pipe for a container");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void make_directory(const std::string& path, mode_t mode) {
  if (path.empty() || mkdir(path.c_str(), mode) == 0) return;
  if (errno != EEXIST) throw SystemError(errno, "create " + path);
}

std::string hosts_file(const SandboxPlan& plan, const std::string& hostname) {
  std::string text = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  if (plan.network.mode == ContainerNetwork::Mode::none) text += "127.0.0.1\t" + hostname + "\n";
  return text + plan.hosts;
}

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> result;
  for (const std::string& string : strings) result.push_back(string.c_str());
  return result;
}

}  // namespace

// Everything the child reads after clone; alive in the holder until clone returns, in the child for good.
struct Container::Prepared {
  std::string process, hostname_line, hosts, resolv, upper, work;
  std::vector<const char*> lower, hierarchies;
  UniqueFd input, output, errors, control;
  ChildContext context;
};

void Container::make_directories() const {
  make_directory(plan_.scratch_dir, 0700);
  make_directory(plan_.rootfs.upper, 0755);
  make_directory(plan_.rootfs.work, 0700);
  if (!plan_.exit_path.empty()) replace_file(plan_.exit_path, std::string(kExitRecordBytes, ' '), 0600);
}

void Container::open_pipes(Prepared& prepared) {
  if (!plan_.log_path.empty()) {
    pump_ = std::make_unique<LogPump>(server_.loop(),
                                      open_file(plan_.log_path, O_WRONLY | O_CREAT | O_APPEND, 0600));
  } else {
    pump_ = std::make_unique<LogPump>(server_.loop(), open_file("/dev/null", O_WRONLY));
  }
  if (plan_.process.tty) return;
  PipeEnds out = make_pipe(), err = make_pipe();
  prepared.output = std::move(out.write_end);
  prepared.errors = std::move(err.write_end);
  pump_->add(std::move(out.read_end), CriStream::out);
  pump_->add(std::move(err.read_end), CriStream::err);
  if (plan_.stdin_mode == StdinMode::none) return;
  PipeEnds in = make_pipe();
  prepared.input = std::move(in.read_end);
  input_ = std::move(in.write_end);
}

void Container::make_cgroup() {
  const kernel::CgroupLimits limits{plan_.limits.memory_bytes, plan_.limits.cpus, plan_.limits.pids};
  if (const std::string& left = server_.limit_left_behind(); !left.empty()) unmet_limits_.push_back(left);
  if (server_.cgroups().mode == kernel::CgroupMode::none) {
    if (limits.any()) unmet_limits_.push_back("its limits are not enforced: " + server_.cgroups().reason);
    return;
  }
  cgroup_ = std::make_unique<kernel::Cgroup>(server_.cgroups(), server_.options().resources + "/" + plan_.id,
                                             limits);
  unmet_limits_.insert(unmet_limits_.end(), cgroup_->unmet_limits().begin(), cgroup_->unmet_limits().end());
  if (!plan_.privileged && server_.device_filter() >= 0)
    kernel::attach_device_filter(server_.device_filter(), cgroup_->v2_fd());
}

void Container::prepare(Prepared& prepared) {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "create a container's control socket");
  control_ = UniqueFd(ends[0]);
  prepared.control = UniqueFd(ends[1]);
  check(fcntl(control_.get(), F_SETFL, O_NONBLOCK), "make a control socket non-blocking");
  open_pipes(prepared);
  prepared.process = encode_process(plan_.process);
  prepared.hostname_line = hostname_ + "\n";
  prepared.hosts = hosts_file(plan_, hostname_);
  prepared.resolv = attachment_->resolv_conf();
  prepared.lower = pointers(plan_.rootfs.lower);
  prepared.hierarchies = pointers(server_.cgroup_hierarchies());
  ChildContext& context = prepared.context;
  context.plan = &plan_;
  context.process = relocate(prepared.process.data(), prepared.process.size());
  context.lower = prepared.lower.data();
  context.lower_count = static_cast<unsigned>(prepared.lower.size());
  prepared.upper = plan_.rootfs.in_memory ? server_.dir() + "/upper" : plan_.rootfs.upper;
  prepared.work = plan_.rootfs.in_memory ? server_.dir() + "/work" : plan_.rootfs.work;
  context.upper = prepared.upper.c_str();
  context.work = prepared.work.c_str();
  context.cgroups = cgroup_ != nullptr;
  context.cgroup_hierarchies = prepared.hierarchies.data();
  context.cgroup_hierarchy_count = static_cast<unsigned>(prepared.hierarchies.size());
  context.hostname = hostname_.c_str();
  context.hostname_file = prepared.hostname_line.c_str();
  context.hosts_file = prepared.hosts.c_str();
  context.resolv_file = prepared.resolv.c_str();
  context.mount_point = server_.dir().c_str();
  context.control = prepared.control.get();
  context.input = prepared.input.get();
  context.output = prepared.output.get();
  context.errors = prepared.errors.get();
  if (plan_.network.mode == ContainerNetwork::Mode::host)
    context.host_network = server_.networks().host_netns();
}

void Container::place_and_connect(bool born_in_cgroup) {
  Message go;
  go.type = MessageType::go;
  if (cgroup_) cgroup_->attach(pid_, born_in_cgroup);
  send_to_init(go);
  attachment_->connect(pid_);
  set_text(go.text, sizeof go.text, attachment_->ip().c_str());
  send_to_init(go);
}

void Container::start() {
  make_directories();
  make_cgroup();
  Prepared prepared;
  prepare(prepared);
  kernel::CloneRequest request;
  request.flags = kernel::kContainerNamespaces;
  if (plan_.network.mode != ContainerNetwork::Mode::host) request.flags |= CLONE_NEWNET;
  request.cgroup_fd = cgroup_ ? cgroup_->v2_fd() : -1;
  const kernel::CloneResult cloned = kernel::clone_process(request);
  if (cloned.pid == 0) run_init(prepared.context);
  if (cloned.error < 0)
    throw SystemError(-cloned.error, "create the namespaces of container " + plan_.name,
                      kernel::namespace_hint(-cloned.error));
  pid_ = cloned.pid;
  pidfd_ = UniqueFd(cloned.pidfd);
  server_.loop().add(pidfd_.get(), EPOLLIN, [this](std::uint32_t) { on_gone(); });
  server_.loop().add(control_.get(), EPOLLIN, [this](std::uint32_t events) { on_init(events); });
  outbox_.emplace(server_.loop(), control_.get());
  // From here on a failure has a process to undo: it ends like any other, by the loop.
  try {
    place_and_connect(cloned.in_cgroup);
  } catch (const std::exception& error) {
    on_init(0);  // when init failed first, that is the reason
    fail_start(ErrorKind::error, error.what(), 0);
  }
}

}  // namespace devenv::launch
