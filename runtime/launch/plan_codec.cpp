#include "plan_codec.h"

#include <bit>
#include <cstring>

#include "codec.h"
#include "runtime/base/check.h"

namespace devenv::launch {

namespace {

void put_process(Encoder& out, const ProcessPlan& process) {
  out.put(process.argv).put(process.env);
  out.put(process.user).put(process.cwd).put(process.create_cwd).put(process.umask);
  out.put(process.tty).put(process.rows).put(process.columns);
}

ProcessPlan get_process(Decoder& in) {
  ProcessPlan process;
  process.argv = in.list();
  process.env = in.list();
  process.user = in.text();
  process.cwd = in.text();
  process.create_cwd = in.flag();
  process.umask = static_cast<std::uint32_t>(in.number());
  process.tty = in.flag();
  process.rows = static_cast<std::uint16_t>(in.number());
  process.columns = static_cast<std::uint16_t>(in.number());
  return process;
}

void put_file_system(Encoder& out, const SandboxPlan& plan) {
  out.put(plan.rootfs.lower);
  out.put(plan.rootfs.upper).put(plan.rootfs.work).put(plan.rootfs.in_memory);
  out.put(plan.rootfs.read_only).put(plan.rootfs.volatile_upper);
  out.put(plan.mounts.size());
  for (const MountPlan& mount : plan.mounts)
    out.put(static_cast<std::uint64_t>(mount.kind))
        .put(mount.source)
        .put(mount.target)
        .put(mount.read_only)
        .put(mount.size_bytes)
        .put(mount.mode);
  out.put(plan.masked_paths);
  out.put(plan.read_only_paths);
  out.put(plan.hosts).put(plan.shm_size_bytes);
}

void get_file_system(Decoder& in, SandboxPlan& plan) {
  plan.rootfs.lower = in.list();
  plan.rootfs.upper = in.text();
  plan.rootfs.work = in.text();
  plan.rootfs.in_memory = in.flag();
  plan.rootfs.read_only = in.flag();
  plan.rootfs.volatile_upper = in.flag();
  plan.mounts.resize(in.count());
  for (MountPlan& mount : plan.mounts) {
    mount.kind = static_cast<MountPlan::Kind>(in.number());
    mount.source = in.text();
    mount.target = in.text();
    mount.read_only = in.flag();
    mount.size_bytes = in.number();
    mount.mode = static_cast<std::uint32_t>(in.number());
  }
  plan.masked_paths = in.list();
  plan.read_only_paths = in.list();
  plan.hosts = in.text();
  plan.shm_size_bytes = in.number();
}

void put_network(Encoder& out, const ContainerNetwork& network) {
  out.put(static_cast<std::uint64_t>(network.mode)).put(network.network);
  out.put(network.aliases);
  out.put(network.ports.size());
  for (const PortPlan& port : network.ports) out.put(port.container_port).put(port.udp);
}

ContainerNetwork get_network(Decoder& in) {
  ContainerNetwork network;
  network.mode = static_cast<ContainerNetwork::Mode>(in.number());
  network.network = in.text();
  network.aliases = in.list();
  network.ports.resize(in.count());
  for (PortPlan& port : network.ports) {
    port.container_port = static_cast<std::uint16_t>(in.number());
    port.udp = in.flag();
  }
  return network;
}

void put_confinement(Encoder& out, const SandboxPlan& plan) {
  out.put(plan.limits.memory_bytes).put(std::bit_cast<std::uint64_t>(plan.limits.cpus));
  out.put(static_cast<std::uint64_t>(plan.limits.pids)).put(plan.rlimits.size());
  for (const RlimitPlan& limit : plan.rlimits)
    out.put(static_cast<std::uint64_t>(limit.resource)).put(limit.soft).put(limit.hard);
  out.put(plan.capabilities);
  out.put(std::string_view(reinterpret_cast<const char*>(plan.seccomp.data()), plan.seccomp.size()));
  out.put(plan.no_new_privileges).put(plan.privileged);
}

void get_confinement(Decoder& in, SandboxPlan& plan) {
  plan.limits.memory_bytes = in.number();
  plan.limits.cpus = std::bit_cast<double>(in.number());
  plan.limits.pids = static_cast<std::int64_t>(in.number());
  plan.rlimits.resize(in.count());
  for (RlimitPlan& limit : plan.rlimits) {
    limit.resource = static_cast<std::int32_t>(in.number());
    limit.soft = in.number();
    limit.hard = in.number();
  }
  plan.capabilities = in.number();
  const std::string filter = in.text();
  plan.seccomp.assign(filter.begin(), filter.end());
  plan.no_new_privileges = in.flag();
  plan.privileged = in.flag();
}

// Writes strings and pointer arrays behind the header; arrays first, so that they stay aligned.
class BlockWriter {
 public:
  explicit BlockWriter(std::size_t header) : bytes_(header, '\0') {}

  std::uint64_t reserve(std::size_t pointers) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + pointers * sizeof(std::uint64_t));
    return at;
  }
  std::uint64_t add(const std::string& text) {
    const std::size_t at = bytes_.size();
    bytes_.append(text.c_str(), text.size() + 1);
    return at;
  }
  void set(std::uint64_t slot, std::uint64_t value) {
    std::memcpy(bytes_.data() + slot, &value, sizeof value);
  }
  void add_all(std::uint64_t array, const std::vector<std::string>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) set(array + i * sizeof(std::uint64_t), add(list[i]));
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

bool relocate_text(char* base, std::size_t size, char*& field) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(field);
  if (offset < sizeof(ProcessBlock) || offset >= size) return false;
  field = base + offset;
  return true;
}

bool relocate_array(char* base, std::size_t size, char**& field, std::size_t count,
                    std::size_t slots) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(field);
  if (offset < sizeof(ProcessBlock) || offset % alignof(char*) != 0 || offset > size) return false;
  if (slots > (size - offset) / sizeof(char*)) return false;
  field = reinterpret_cast<char**>(base + offset);
  for (std::size_t i = 0; i < count; ++i)
    if (!relocate_text(base, size, field[i])) return false;
  for (std::size_t i = count; i < slots; ++i) field[i] = nullptr;
  return true;
}

}  // namespace

std::string encode(const SandboxPlan& plan) {
  Encoder out;
  out.put(plan.id).put(plan.name).put(plan.hostname).put(plan.metadata);
  put_file_system(out, plan);
  put_network(out, plan.network);
  put_confinement(out, plan);
  out.put(static_cast<std::uint64_t>(plan.stdin_mode));
  put_process(out, plan.process);
  out.put(static_cast<std::uint64_t>(plan.stop_signal)).put(static_cast<std::uint64_t>(plan.stop_grace_ms));
  out.put(plan.scratch_dir)
      .put(plan.log_path)
      .put(plan.exit_path)
      .put(plan.auto_remove)
      .put(plan.die_with_connection);
  return out.bytes();
}

SandboxPlan decode_plan(std::string_view bytes) {
  Decoder in(bytes);
  SandboxPlan plan;
  plan.id = in.text();
  plan.name = in.text();
  plan.hostname = in.text();
  plan.metadata = in.text();
  get_file_system(in, plan);
  plan.network = get_network(in);
  get_confinement(in, plan);
  plan.stdin_mode = static_cast<StdinMode>(in.number());
  plan.process = get_process(in);
  plan.stop_signal = static_cast<int>(in.number());
  plan.stop_grace_ms = static_cast<std::int64_t>(in.number());
  plan.scratch_dir = in.text();
  plan.log_path = in.text();
  plan.exit_path = in.text();
  plan.auto_remove = in.flag();
  plan.die_with_connection = in.flag();
  return plan;
}

std::string encode(const ProcessPlan& process) {
  Encoder out;
  put_process(out, process);
  return out.bytes();
}

ProcessPlan decode_process(std::string_view bytes) {
  Decoder in(bytes);
  return get_process(in);
}

std::string encode_process(const ProcessPlan& process) {
  if (process.argv.empty()) throw Error("start a process: no command was given");
  BlockWriter out(sizeof(ProcessBlock));
  const std::uint64_t argv = out.reserve(process.argv.size() + 1);
  const std::uint64_t envp = out.reserve(process.env.size() + 2);
  out.add_all(argv, process.argv);
  out.add_all(envp, process.env);
  ProcessBlock block{};
  block.magic = ProcessBlock::kMagic;
  block.argc = static_cast<std::uint32_t>(process.argv.size());
  block.envc = static_cast<std::uint32_t>(process.env.size());
  block.argv = reinterpret_cast<char**>(argv);
  block.envp = reinterpret_cast<char**>(envp);
  block.user = reinterpret_cast<char*>(out.add(process.user));
  block.cwd = reinterpret_cast<char*>(out.add(process.cwd.empty() ? "/" : process.cwd));
  block.umask = process.umask;
  block.rows = process.rows;
  block.columns = process.columns;
  block.create_cwd = process.create_cwd;
  block.tty = process.tty;
  block.size = static_cast<std::uint32_t>(out.bytes().size());
  std::memcpy(out.bytes().data(), &block, sizeof block);
  return std::move(out.bytes());
}

ProcessBlock* relocate(char* bytes, std::size_t size) noexcept {
  if (size < sizeof(ProcessBlock) || bytes[size - 1] != '\0') return nullptr;
  auto* block = reinterpret_cast<ProcessBlock*>(bytes);
  if (block->magic != ProcessBlock::kMagic || block->size != size || block->argc == 0) return nullptr;
  const bool good = relocate_array(bytes, size, block->argv, block->argc, std::size_t{block->argc} + 1) &&
                    relocate_array(bytes, size, block->envp, block->envc, std::size_t{block->envc} + 2) &&
                    relocate_text(bytes, size, block->user) && relocate_text(bytes, size, block->cwd);
  return good ? block : nullptr;
}

}  // namespace devenv::launch
