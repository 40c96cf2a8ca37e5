// Golden messages of starts that fail, each shape on the real engine.
#include "start_failure.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

namespace devenv::errors {
namespace {

using namespace std::chrono_literals;

TEST(StartFailure, TimedOutWhileRunning) {
  ServiceSpec spec = shell("echo one; echo two >&2; exec sleep 600", wait::port(80));
  after_its_log_has(spec, "two");
  spec.startup_timeout = 100ms;
  EXPECT_EQ(normalised(failure(spec)),
            R"(start service shell (image small): not ready after <time>
  waited for:  port 80/tcp to be listened on
  for:         <time> of <time>, asked <n> times
  last answer: nothing listens on 80/tcp on an address others can reach
  state:       running
  log (all 2 lines):
    | one
    | two
  try:         make it listen on 0.0.0.0 rather than 127.0.0.1, check the port's number, or raise startup_timeout if it is only slow)");
}

TEST(StartFailure, ExitedWithACode) {
  EXPECT_EQ(normalised(failure(shell("gate; echo about to fail >&2; exit 3", wait::port(80)))),
            R"(start service shell (image small): it exited after <time>, before it was ready
  waited for:  port 80/tcp to be listened on
  for:         <time> of <time>, asked <n> times
  last answer: nothing listens on 80/tcp on an address others can reach
  state:       exited, exit code 3
  log (all 1 line):
    | about to fail
  try:         the log above says why; run it by hand: devenv run --rm -it small)");
}

TEST(StartFailure, ExitedByItself) {
  EXPECT_EQ(normalised(failure(shell("gate", wait::port(80)))),
            R"(start service shell (image small): it exited after <time>, before it was ready
  waited for:  port 80/tcp to be listened on
  for:         <time> of <time>, asked <n> times
  last answer: nothing listens on 80/tcp on an address others can reach
  state:       exited, exit code 0
  log:         empty
  try:         its command ended by itself; a service stays in the foreground (or wait with wait::exit()))");
}

TEST(StartFailure, ExitedBeforeItWasAsked) {
  ServiceSpec spec = shell("exit 3", wait::command({"true"}));
  spec.hooks.after_start = [](Service& service) {
    Laboratory::shared().engine->wait(service.id(), Deadline::after(1min));
  };
  EXPECT_EQ(normalised(failure(spec)),
            R"(start service shell (image small): it exited after <time>, before it was ready
  waited for:  `true` to succeed in it
  for:         <time> of <time>, asked <n> times
  last answer: use container shell-<id>: it is not running; see why: devenv logs shell-<id>
  state:       exited, exit code 3
  log:         empty
  try:         the log above says why; run it by hand: devenv run --rm -it small)");
}

TEST(StartFailure, KilledBySignal) {
  EXPECT_EQ(normalised(failure(shell("gate; kill -SEGV $$", wait::port(80)))),
            R"(start service shell (image small): it exited after <time>, before it was ready
  waited for:  port 80/tcp to be listened on
  for:         <time> of <time>, asked <n> times
  last answer: nothing listens on 80/tcp on an address others can reach
  state:       exited, exit code 139 (SIGSEGV)
  log:         empty
  try:         it crashed; run the image by hand: devenv run --rm -it small)");
}

TEST(StartFailure, OutOfMemory) {
  ServiceSpec spec = shell("gate; exec tail /dev/zero", wait::port(80));
  spec.container.limits.memory_bytes = 16u << 20;
  EXPECT_EQ(normalised(failure(spec)),
            R"(start service shell (image small): it exited after <time>, before it was ready
  waited for:  port 80/tcp to be listened on
  for:         <time> of <time>, asked <n> times
  last answer: nothing listens on 80/tcp on an address others can reach
  state:       exited, exit code 137 (SIGKILL, out of memory)
  log:         empty
  try:         raise its memory limit (now 16 MiB) or make it use less)");
}

TEST(StartFailure, TheLogsTailIsShown) {
  ServiceSpec spec = shell("for i in $(seq 30); do echo line $i; done; exec sleep 600", wait::log("never"));
  after_its_log_has(spec, "line 30");
  spec.startup_timeout = 100ms;
  const std::string text = normalised(failure(spec));
  EXPECT_NE(text.find("  last answer: 0 matching of 30 lines, the last: line 30\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("  log (last 20 of 30 lines):\n    | line 11\n"), std::string::npos) << text;
}

TEST(StartFailure, ACommandThatFails) {
  ServiceSpec spec = shell("exec sleep 600", wait::command({"sh", "-c", "echo not yet >&2; exit 4"}));
  spec.startup_timeout = 100ms;
  EXPECT_EQ(normalised(failure(spec)),
            R"(start service shell (image small): not ready after <time>
  waited for:  `sh -c echo not yet >&2; exit 4` to succeed in it
  for:         <time> of <time>, asked <n> times
  last answer: exit code 4: not yet
  state:       running
  log:         empty
  try:         it printed nothing: check its command, or raise startup_timeout if it is only slow)");
}

TEST(StartFailure, ACommandThatCannotBe) {
  EXPECT_EQ(normalised(failure(shell("exec sleep 600", wait::command({"pg_isready"})))),
            R"(start service shell (image small): it cannot become ready
  waited for:  `pg_isready` to succeed in it
  for:         <time> of <time>, asked <n> times
  last answer: execute "pg_isready": not found in the container's PATH; a script's #! line or a dynamic loader that is missing reads the same
  state:       running
  log:         empty
  try:         check what is waited for)");
}

TEST(StartFailure, AnHttpAnswer) {
  ServiceSpec spec = shell(
      "printf 'HTTP/1.0 503 no\\r\\n\\r\\nbusy' > /tmp/a; while :; do nc -l -p 80 < /tmp/a > /dev/null; done",
      wait::http(80));
  PortMapping port;
  port.container_port = 80;
  spec.container.ports = {port};
  // In the end it has answered once; what else was seen on the way does not matter.
  spec.ready = wait::check(wait::http(80).describe(), [ask = wait::http(80)](const WaitTarget& target) {
    WaitAnswer answer = ask.strategy()->begin(target)->ask(Deadline::after(5s));
    return answer.text.find("503") == std::string::npos ? answer : WaitAnswer::never(answer.text);
  });
  EXPECT_EQ(normalised(failure(spec)),
            R"(start service shell (image small): it cannot become ready
  waited for:  GET / on port 80 to be answered with 2xx or 3xx
  for:         <time> of <time>, asked <n> times
  last answer: GET /: 503, busy
  state:       running
  log:         empty
  try:         check what is waited for)");
}

TEST(StartFailure, HttpWhereNothingListens) {
  ServiceSpec spec = shell("exec sleep 600", wait::http(80));
  PortMapping port;
  port.container_port = 80;
  spec.container.ports = {port};
  spec.startup_timeout = 100ms;
  EXPECT_EQ(normalised(failure(spec)),
            R"(start service shell (image small): not ready after <time>
  waited for:  GET / on port 80 to be answered with 2xx or 3xx
  for:         <time> of <time>, asked <n> times
  last answer: GET /: the connection was closed without an answer, as when nothing listens on the port in it
  state:       running
  log:         empty
  try:         it printed nothing: check its command, or raise startup_timeout if it is only slow)");
}

TEST(StartFailure, TheMissingOnesOfSeveral) {
  ServiceSpec spec =
      shell("exec sleep 600", wait::all_of({wait::command({"true"}), wait::port(80), wait::file("/x")}));
  spec.startup_timeout = 100ms;
  const std::string text = normalised(failure(spec));
  EXPECT_NE(text.find("  waited for:  `true` to succeed in it and port 80/tcp to be listened on and file /x "
                      "to exist in it\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  last answer: port 80/tcp to be listened on: nothing listens on 80/tcp on an address "
                      "others can reach; file "
                      "/x to exist in it: /x does not exist\n"),
            std::string::npos)
      << text;
}

TEST(StartFailure, APreparationThatFails) {
  ServiceSpec spec = shell("gate; echo cannot initialise; exit 5", wait::port(80));
  spec.preparation.enabled = true;
  EXPECT_EQ(normalised(failure(spec)),
            R"(prepare service shell (image small): it exited after <time>, before it was ready
  waited for:  port 80/tcp to be listened on
  for:         <time> of <time>, asked <n> times
  last answer: nothing listens on 80/tcp on an address others can reach
  state:       exited, exit code 5
  log (all 1 line):
    | cannot initialise
  try:         the log above says why; run it by hand: devenv run --rm -it small)");
  EXPECT_TRUE(Laboratory::shared().engine->states().empty()) << "what failed is not cloned";
}

TEST(StartFailure, APreparationThatDoesNotStopCleanly) {
  ServiceSpec spec = shell("trap 'exit 6' TERM; echo up; while :; do sleep 0.01; done", wait::log("up"));
  spec.preparation.enabled = true;
  const std::string text = normalised(failure(spec));
  EXPECT_NE(
      text.find(
          "  last answer: it was ready, but did not stop cleanly\n  state:       exited, exit code 6\n"),
      std::string::npos)
      << text;
}

TEST(StartFailure, ACommandThatIsNotThere) {
  ServiceSpec spec = shell("", wait::port(80));
  spec.container.command = {"no-such-program"};
  EXPECT_EQ(failure(spec),
            "start service shell (image small): execute \"no-such-program\": not found in the container's "
            "PATH; a script's #! "
            "line or a dynamic loader that is missing reads the same");
  spec.container.command = {"/etc/passwd"};
  EXPECT_EQ(failure(spec),
            "start service shell (image small): execute \"/etc/passwd\": permission denied; it is a "
            "directory, not executable "
            "(chmod +x), or on a noexec mount");
}

TEST(StartFailure, AnImageThatIsNotThere) {
  ServiceSpec spec = shell("", wait::port(80));
  spec.container.image = "smal";
  spec.pull = PullPolicy::never;
  EXPECT_EQ(failure(spec),
            "start service shell (image smal): find image smal: not in the store; did you mean small?");
}

TEST(StartFailure, ABuildThatFails) {
  Laboratory::shared().write("app/Dockerfile", "FROM small\nRUN echo compiling; exit 9\n");
  ServiceSpec spec = shell("", wait::port(80));
  spec.container.image.clear();
  spec.build.emplace();
  spec.build->context_dir = Laboratory::shared().dir + "/app";
  EXPECT_EQ(
      normalised(failure(spec)),
      R"(start service shell (image built from <dir>/app): <dir>/app/Dockerfile:2: RUN echo compiling; exit 9: the command exited with code 9
last output:
  compiling)");
}

TEST(StartFailure, APortThatIsTaken) {
  const int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(taken, 1), 0);
  ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ServiceSpec spec = shell("exec sleep 600", wait::port(80));
  PortMapping port;
  port.container_port = 80;
  port.host_port = ntohs(address.sin_port);
  spec.container.ports = {port};
  EXPECT_EQ(normalised(failure(spec)),
            "start service shell (image small): publish port 127.0.0.1:" + std::to_string(port.host_port) +
                ": the port is in use by process <pid> (start_failure_t); choose another host port, or none "
                "to get a free one");
  close(taken);
}

TEST(StartFailure, AnExpressionThatIsNone) {
  EXPECT_THROW(wait::log("("), Error);
  HttpCheck check;
  check.body_matches = "[";
  try {
    wait::http(80, check);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "wait for a body matching /[/: not a regular expression; ECMAScript syntax; write \\( or "
                 "\\[ for a literal bracket");
  }
}

}  // namespace
}  // namespace devenv::errors
