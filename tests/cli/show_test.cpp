#include <gtest/gtest.h>

#include "adapters/cli/arguments.h"
#include "adapters/cli/show/container_view.h"
#include "adapters/cli/show/human.h"
#include "adapters/cli/show/table.h"
#include "adapters/cli/suggest.h"
#include "captured.h"

namespace devenv::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Table, IsDockers) {
  EXPECT_EQ(format_table({{"DRIVER", "VOLUME NAME"}, {"local", "data"}}),
            "DRIVER    VOLUME NAME\nlocal     data\n");
  EXPECT_EQ(format_table({{"A", "B"}, {"a long cell", "b"}}), "A             B\na long cell   b\n");
  EXPECT_EQ(format_table({{"A", "B"}, {"\u2026", "b"}}), "A         B\n\u2026         b\n");
}

TEST(Human, DurationsAreDockers) {
  EXPECT_EQ(human_duration(0), "Less than a second");
  EXPECT_EQ(human_duration(kSecond), "1 second");
  EXPECT_EQ(human_duration(59 * kSecond), "59 seconds");
  EXPECT_EQ(human_duration(60 * kSecond), "About a minute");
  EXPECT_EQ(human_duration(3599 * kSecond), "59 minutes");
  EXPECT_EQ(human_duration(3600 * kSecond), "About an hour");
  EXPECT_EQ(human_duration(47 * 3600 * kSecond), "47 hours");
  EXPECT_EQ(human_duration(48 * 3600 * kSecond), "2 days");
  EXPECT_EQ(human_duration(14 * 24 * 3600 * kSecond), "2 weeks");
  EXPECT_EQ(human_duration(60 * 24 * 3600 * kSecond), "2 months");
  EXPECT_EQ(human_duration(730 * 24 * 3600 * kSecond), "2 years");
}

TEST(Human, SizesAndTimes) {
  EXPECT_EQ(human_size(0), "0B");
  EXPECT_EQ(human_size(1234), "1.23kB");
  EXPECT_EQ(human_size(117'000'000), "117MB");
  EXPECT_EQ(human_time(0), "1970-01-01 00:00:00 +0000 UTC");
  EXPECT_EQ(rfc3339_nano(1'000'000'001), "1970-01-01T00:00:01.000000001Z");
}

TEST(Human, CommandsAreQuotedAndCut) {
  EXPECT_EQ(quoted("a\"b\n"), "\"a\\\"b\\n\"");
  EXPECT_EQ(join_command({"sh", "-c", "echo hi"}), "sh -c 'echo hi'");
  EXPECT_EQ(ellipsis("12345678901234567890", 20), "12345678901234567890");
  EXPECT_EQ(ellipsis("123456789012345678901", 20), "1234567890123456789\u2026");
}

ContainerInfo sample() {
  return {.id = std::string(64, 'b'),
          .name = "web",
          .image = "app:1",
          .command = {"python3", "-m", "http.server"},
          .state = ContainerState::running,
          .created_unix_ns = 100 * kSecond,
          .started_unix_ns = 101 * kSecond,
          .ports = {{80, Protocol::tcp, "::1", 8080},
                    {80, Protocol::tcp, "127.0.0.1", 8080},
                    {81, Protocol::tcp, "127.0.0.1", 8081}}};
}

TEST(ContainerView, StatusAndPorts) {
  ContainerInfo container = sample();
  EXPECT_EQ(status_text(container, 106 * kSecond), "Up 5 seconds");
  EXPECT_EQ(ports_text(container.ports), "127.0.0.1:8080-8081->80-81/tcp, [::1]:8080->80/tcp");
  container.state = ContainerState::exited;
  container.exit = ExitStatus{.code = 3};
  container.finished_unix_ns = 110 * kSecond;
  EXPECT_EQ(status_text(container, 230 * kSecond), "Exited (3) 2 minutes ago");
}

TEST(ContainerView, InspectHasDockersFieldNames) {
  const Json json = inspect_container(sample());
  EXPECT_EQ(json["Name"], "/web");
  EXPECT_EQ(json["State"]["Status"], "running");
  EXPECT_EQ(json["Path"], "python3");
  EXPECT_EQ(json["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"], "8080");
}

TEST(Listing, ShowsTemplatesAndJsonLines) {
  const Listing listing{.columns = {{"NAME", "Name"}}, .items = {{{"Name", "a\"b"}, {"ID", "1"}}}};
  const auto shown = [&](const std::string& format) {
    Captured captured;
    show(captured.context().console, listing, format);
    return captured.out();
  };
  EXPECT_EQ(shown(""), "NAME\na\"b\n");
  EXPECT_EQ(shown("json"), "{\"ID\":\"1\",\"Name\":\"a\\\"b\"}\n");
  EXPECT_EQ(shown("{{.ID}}\\t{{ .Name }}!"), "1\ta\"b!\n");
  EXPECT_EQ(shown("{{json .Name}}"), "\"a\\\"b\"\n");
  EXPECT_EQ(shown("table {{.ID}}\\t{{.Name}}"), "ID        NAME\n1         a\"b\n");
  EXPECT_THROW(shown("{{.Nam}}"), UsageError);
  EXPECT_THROW(shown("{{.Name"), UsageError);
  EXPECT_THROW(shown("{{range .}}"), UsageError);
}

TEST(Suggest, FindsTheNearest) {
  const std::vector<std::string> verbs{"run", "rm", "images", "inspect", "logs"};
  EXPECT_EQ(nearest("image", verbs), "images");
  EXPECT_EQ(nearest("lgos", verbs), "logs");
  EXPECT_EQ(nearest("insp", verbs), "inspect");
  EXPECT_EQ(nearest("frobnicate", verbs), std::nullopt);
}

}  // namespace
}  // namespace devenv::cli
