#include "peers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "devenv/error.h"
#include "runtime/base/check.h"
#include "runtime/base/files.h"
#include "runtime/base/process.h"
#include "runtime/base/spawn.h"
#include "runtime/store/store.h"
#include "table.h"

namespace devenv::bench {
namespace {

namespace fs = std::filesystem;

std::string make_scratch(const std::string& label) {
  std::string path = "/var/tmp/devenv-bench-" + label + "-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw SystemError(errno, "make " + path);
  return path;
}

pid_t spawn(const std::vector<std::string>& argv, int in, int out) {
  SpawnFileActions actions;
  if (in >= 0) posix_spawn_file_actions_adddup2(actions.get(), in, 0);
  if (out >= 0) posix_spawn_file_actions_adddup2(actions.get(), out, 1);
  const std::vector<char*> words = spawn_pointers(argv);
  pid_t pid = -1;
  const int failure = posix_spawnp(&pid, words[0], actions.get(), nullptr, words.data(), environ);
  if (failure != 0) throw SystemError(failure, "run " + argv[0]);
  return pid;
}

}  // namespace

std::string run_or_throw(const std::vector<std::string>& argv) {
  const auto result = run_process({.argv = argv});
  if (result.exit_code != 0)
    throw Error("run " + argv[0] + " " + (argv.size() > 1 ? argv[1] : "") + ": exit code " +
                std::to_string(result.exit_code) + ": " + result.errors);
  return result.output;
}

Peer::Peer() {
  const char* chosen = std::getenv("DEVENV_BENCH_PEER");
  program_ = title_ = chosen == nullptr ? "docker" : chosen;
  try {
    run_or_throw({program_, "info"});
    answers_ = true;
  } catch (const Error&) {
    title_ = "no " + program_;
  }
}

std::string Peer::run(std::vector<std::string> args) const {
  args.insert(args.begin(), program_);
  return run_or_throw(args);
}

void load_into_docker(const std::string& reference, const std::string& name) {
  run_or_throw({"skopeo", "copy", "-q", "oci:" + store::Store::default_root() + ":" + reference,
                "docker-daemon:" + name + ":latest"});
}

Floor::Floor(const std::string& program, const std::vector<std::string>& lower,
             const std::vector<std::string>& command)
    : scratch_(make_scratch("floor")) {
  std::string layers;
  for (const auto& layer : lower) layers += (layers.empty() ? "" : ":") + layer;
  std::vector<std::string> argv{program, scratch_, layers};
  argv.insert(argv.end(), command.begin(), command.end());
  int to[2], from[2];
  check(pipe2(to, O_CLOEXEC), "pipe2");
  check(pipe2(from, O_CLOEXEC), "pipe2");
  const UniqueFd child_in(to[0]), child_out(from[1]);
  to_ = UniqueFd(to[1]);
  from_ = UniqueFd(from[0]);
  pid_ = spawn(argv, child_in.get(), child_out.get());
}

Floor::~Floor() {
  to_.reset();
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
  fs::remove_all(scratch_);
}

double Floor::round() {
  write_all(to_.get(), "x", "the floor program");
  std::string line;
  for (char c = 0; c != '\n'; line += c)
    if (read(from_.get(), &c, 1) != 1) throw Error("run the floor program: it ended");
  return std::stod(line) / 1e6;
}

std::string postgres_binaries() {
  for (int version = 20; version >= 12; --version) {
    const std::string path = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
    if (fs::exists(path + "/initdb")) return path;
  }
  throw NotFound("find the host's postgres: none below /usr/lib/postgresql",
                 "install the package postgresql");
}

void first_query(const std::string& connection_string) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  std::string last;
  while (std::chrono::steady_clock::now() < deadline) {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(connection_string.c_str()),
                                                                PQfinish);
    if (PQstatus(connection.get()) == CONNECTION_OK) {
      const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), "SELECT 1"),
                                                                  PQclear);
      if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) return;
    }
    last = PQerrorMessage(connection.get());
    // The client of a bare server has nothing to wait on but another try.
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  throw Error("query " + connection_string + ": no answer within a minute: " + last);
}

void wait_for_port(const std::string& address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1)
    throw Error("connect to " + address + ": no address");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  throw Error("connect to " + address + ":" + std::to_string(port) + ": not accepted within a minute");
}

BarePostgres::BarePostgres() : directory_(make_scratch("postgres")), binaries_(postgres_binaries()) {
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) throw NotFound("find the user postgres", "install the package postgresql");
  check(chown(directory_.c_str(), user->pw_uid, user->pw_gid), "chown " + directory_);
  run_or_throw({"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", binaries_ + "/initdb",
                "-D", directory_ + "/data", "-A", "trust", "--no-sync"});
}

BarePostgres::~BarePostgres() { fs::remove_all(directory_); }

double BarePostgres::start_to_query() {
  pid_t pid = -1;
  const UniqueFd null = open_file("/dev/null", O_RDWR);
  const double spent = timed([&] {
    pid = spawn({"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", binaries_ + "/postgres",
                 "-D", directory_ + "/data", "-p", "54329", "-k", directory_, "-c",
                 "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "logging_collector=on"},
                null.get(), null.get());
    first_query("host=127.0.0.1 port=54329 user=postgres dbname=postgres");
  });
  kill(pid, SIGINT);
  waitpid(pid, nullptr, 0);
  return spent;
}

}  // namespace devenv::bench
