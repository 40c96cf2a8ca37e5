#include "launcher.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "codec.h"
#include "connection.h"
#include "plan_codec.h"
#include "runtime/base/check.h"
#include "runtime/base/random_id.h"
#include "runtime/net/bridge.h"
#include "runtime/net/nft.h"

namespace devenv::launch {

namespace {

Message request(MessageType type, const std::string& id = {}) {
  Message message;
  message.type = type;
  set_text(message.id, sizeof message.id, id.c_str());
  return message;
}

ExitStatus exit_of(const Message& message) {
  return {message.value, static_cast<int>(message.number), message.flags != 0};
}

ContainerRecord decode_record(Decoder& in) {
  ContainerRecord record;
  record.id = in.text();
  record.name = in.text();
  record.metadata = in.text();
  record.log_path = in.text();
  record.network = in.text();
  record.ip = in.text();
  record.pid = static_cast<int>(in.number());
  record.state = in.flag() ? ContainerState::exited : ContainerState::running;
  ExitStatus exit;
  exit.code = static_cast<int>(in.number());
  exit.signal = static_cast<int>(in.number());
  exit.out_of_memory = in.flag();
  if (record.state == ContainerState::exited) record.exit = exit;
  record.started_unix_ns = static_cast<std::int64_t>(in.number());
  record.finished_unix_ns = static_cast<std::int64_t>(in.number());
  return record;
}

}  // namespace

// One outstanding question per container or exec, whoever and however often is waiting for it.
struct Holder::Waits {
  std::mutex mutex;
  std::map<ExecKey, std::shared_ptr<Connection::Pending>> pending;
  std::mutex network_mutex;
  bool default_network = false;
};

Holder::Holder(std::unique_ptr<Connection> connection, std::string session_dir)
    : session_dir_(std::move(session_dir)),
      waits_(std::make_unique<Waits>()),
      connection_(std::move(connection)) {}

Holder::~Holder() = default;

const std::string& Holder::session_dir() const { return session_dir_; }
const std::string& Holder::scratch_dir() const { return scratch_dir_; }
const std::string& Holder::ends_with() const { return ends_with_; }
bool Holder::alive() const { return connection_->alive(); }

void Holder::greet() {
  const Answer answer = connection_->call(request(MessageType::hello));
  Decoder in(answer.payload);
  scratch_dir_ = in.text();
  ends_with_ = in.text();
}

NetworkRecord Holder::create_network(const std::string& name, bool internal) {
  const Answer reserved = connection_->call(request(MessageType::reserve_subnet));
  const net::Subnet subnet{static_cast<std::uint8_t>(reserved.message.number)};
  NetworkRecord record;
  record.id = random_id();
  record.name = name.empty() ? "net-" + record.id.substr(0, 12) : name;
  record.subnet = subnet.text();
  record.gateway = subnet.gateway().text();
  record.internal = internal;
  const std::string bridge = net::bridge_name(subnet);
  net::NetworkRules rules;
  rules.bridge = bridge;
  rules.subnet = subnet;
  rules.internal = internal;
  Encoder out;
  out.put(record.id).put(record.name).put(internal).put(subnet.index);
  out.put(net::network_rules_batch(rules)).put(net::remove_rules_batch(bridge));
  connection_->call(request(MessageType::create_network), out.bytes());
  return record;
}

void Holder::remove_network(const std::string& name_or_id) {
  Message message = request(MessageType::remove_network);
  set_text(message.text, sizeof message.text, name_or_id.c_str());
  connection_->call(message);
}

std::vector<NetworkRecord> Holder::networks() {
  const Answer answer = connection_->call(request(MessageType::list_networks));
  Decoder in(answer.payload);
  std::vector<NetworkRecord> records(in.count());
  for (NetworkRecord& record : records) {
    record.id = in.text();
    record.name = in.text();
    record.subnet = in.text();
    record.gateway = in.text();
    record.internal = in.flag();
  }
  return records;
}

void Holder::need_network(const SandboxPlan& plan) {
  if (plan.network.mode != ContainerNetwork::Mode::bridge || plan.network.network != "default") return;
  const std::lock_guard lock(waits_->network_mutex);
  if (waits_->default_network) return;
  try {
    create_network("default", false);
  } catch (const Conflict&) {
    // Another client of this holder was first.
  }
  waits_->default_network = true;
}

Started Holder::start(const SandboxPlan& plan, std::vector<UniqueFd> listeners, std::vector<UniqueFd> keep) {
  need_network(plan);
  Message message = request(MessageType::start);
  message.number = listeners.size();
  std::vector<int> fds;
  for (const UniqueFd& listener : listeners) fds.push_back(listener.get());
  for (const UniqueFd& kept : keep) fds.push_back(kept.get());
  Answer answer = connection_->call(message, encode(plan), fds);
  Started started;
  started.id = answer.message.id;
  started.pid = answer.message.value;
  started.ip = answer.message.text;
  started.started_unix_ns = answer.message.time_ns;
  if (!answer.payload.empty()) started.unmet_limits = Decoder(answer.payload).list();
  if (!answer.fds.empty()) started.pidfd = std::move(answer.fds[0]);
  if (answer.fds.size() > 1) started.input = std::move(answer.fds[1]);
  return started;
}

StartedExec Holder::exec(const std::string& id, const ProcessPlan& process, int input, int output,
                         int errors) {
  Message message = request(MessageType::exec, id);
  std::vector<int> fds;
  unsigned bit = 1;
  for (const int fd : {input, output, errors}) {
    if (fd >= 0 && !process.tty) {
      message.flags |= bit;
      fds.push_back(fd);
    }
    bit <<= 1;
  }
  Answer answer = connection_->call(message, encode(process), fds);
  StartedExec started;
  started.exec_id = answer.message.number;
  started.pid = answer.message.value;
  if (!answer.fds.empty()) started.terminal = std::move(answer.fds[0]);
  return started;
}

std::optional<ExitStatus> Holder::wait_for(const ExecKey& key, Deadline deadline) {
  std::shared_ptr<Connection::Pending> pending;
  {
    const std::lock_guard lock(waits_->mutex);
    auto& known = waits_->pending[key];
    if (!known) {
      Message message = request(key.second == 0 ? MessageType::wait : MessageType::wait_exec, key.first);
      message.number = key.second;
      known = connection_->send(message);
    }
    pending = known;
  }
  if (!connection_->await(*pending, deadline)) return std::nullopt;
  {
    const std::lock_guard lock(waits_->mutex);
    const auto known = waits_->pending.find(key);
    if (known != waits_->pending.end() && known->second == pending) waits_->pending.erase(known);
  }
  connection_->check_answer(*pending);
  return exit_of(pending->answer.message);
}

std::optional<ExitStatus> Holder::wait(const std::string& id, Deadline deadline) {
  return wait_for({id, 0}, deadline);
}

std::optional<ExitStatus> Holder::wait_exec(const std::string& id, std::uint64_t exec_id, Deadline deadline) {
  return wait_for({id, exec_id}, deadline);
}

void Holder::signal(const std::string& id, int number) { signal_exec(id, 0, number); }

void Holder::signal_exec(const std::string& id, std::uint64_t exec_id, int number) {
  Message message = request(MessageType::signal, id);
  message.number = exec_id;
  message.value = number;
  connection_->call(message);
}

UniqueFd Holder::attach_input(const std::string& id) {
  Answer answer = connection_->call(request(MessageType::attach_input, id));
  return answer.fds.empty() ? UniqueFd() : std::move(answer.fds[0]);
}

UniqueFd Holder::follow_log(const std::string& id) {
  int ends[2];
  check(pipe2(ends, O_CLOEXEC | O_NONBLOCK), "create a log's pipe");
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  try {
    connection_->call(request(MessageType::follow_log, id), {}, {write_end.get()});
    return read_end;
  } catch (const NotFound&) {
    return {};
  }
}

bool Holder::listening(const std::string& id, std::uint16_t port, bool udp) {
  Message message = request(MessageType::listening, id);
  message.number = port;
  message.flags = udp;
  return connection_->call(message).message.value != 0;
}

bool Holder::remove(const std::string& id) {
  return connection_->call(request(MessageType::remove, id)).message.value == 0;
}

std::vector<ContainerRecord> Holder::list() {
  const Answer answer = connection_->call(request(MessageType::list));
  Decoder in(answer.payload);
  std::vector<ContainerRecord> records(in.count());
  for (ContainerRecord& record : records) record = decode_record(in);
  return records;
}

std::optional<ContainerRecord> Holder::inspect(const std::string& id) {
  try {
    const Answer answer = connection_->call(request(MessageType::inspect, id));
    Decoder in(answer.payload);
    ContainerRecord record = decode_record(in);
    record.process = decode_process(in.text());
    return record;
  } catch (const NotFound&) {
    return std::nullopt;
  }
}

}  // namespace devenv::launch
