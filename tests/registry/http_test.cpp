#include "runtime/registry/http.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "runtime/base/files.h"
#include "runtime/base/sha256.h"
#include "runtime/registry/fetch.h"
#include "test_server.h"
#include "tests/support/temp_dir.h"

namespace devenv::registry {
namespace {

using ::testing::HasSubstr;
using testing::http_answer;
using ::testing::SizeIs;
using testing::TestRequest;
using testing::TestServer;

const RetryPolicy quick{.attempts = 4,
                        .first_delay = std::chrono::milliseconds(1),
                        .longest_delay = std::chrono::milliseconds(5)};

std::string content(std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + " ";
  return text.substr(0, size);
}

/// The first `served` bytes of a body that promises to be longer.
std::string broken_answer(const std::string& body, std::size_t served) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body.substr(0, served);
}

struct Download {
  HttpResponse response;
  std::string body;
};

Download download(const std::string& url) {
  Download result;
  HttpClient client(quick);
  HttpRequest request;
  request.url = url;
  request.sink = [&](std::string_view data) { result.body += data; };
  result.response = client.send(request);
  return result;
}

TEST(Http, ResumesABrokenTransferWhereItStopped) {
  const std::string body = content(300000);
  std::atomic<int> round{0};
  TestServer server([&](const TestRequest& request) {
    if (round++ == 0) return broken_answer(body, 100000);
    const std::size_t from = std::stoul(request.header("range").substr(6));
    return http_answer("206 Partial Content", body.substr(from),
                       {"Content-Range: bytes " + std::to_string(from) + "-299999/300000"});
  });
  EXPECT_EQ(download(server.url()).body, body);
  ASSERT_THAT(server.requests(), SizeIs(2));
  EXPECT_EQ(server.requests()[1].header("range"), "bytes=100000-");
}

TEST(Http, DropsWhatItHasWhenTheServerStartsOver) {
  const std::string body = content(200000);
  std::atomic<int> round{0};
  TestServer server([&](const TestRequest&) {
    return round++ == 0 ? broken_answer(body, 70000) : http_answer("200 OK", body);
  });
  EXPECT_EQ(download(server.url()).body, body);
}

TEST(Http, RefusesARangeItDidNotAskFor) {
  const std::string body = content(1000);
  std::atomic<int> round{0};
  TestServer server([&](const TestRequest&) {
    return round++ == 0
               ? broken_answer(body, 500)
               : http_answer("206 Partial Content", body.substr(400), {"Content-Range: bytes 400-999/1000"});
  });
  EXPECT_THROW(download(server.url()), Error);
}

TEST(Http, AsksABusyServerAgain) {
  std::atomic<int> round{0};
  TestServer server([&](const TestRequest&) {
    switch (round++) {
      case 0:
        return http_answer("429 Too Many Requests", "slow down", {"Retry-After: 0"});
      case 1:
        return http_answer("503 Service Unavailable", "busy");
      case 2:
        return http_answer("408 Request Timeout", "late");
      default:
        return http_answer("200 OK", "here");
    }
  });
  EXPECT_EQ(download(server.url()).body, "here");
  EXPECT_THAT(server.requests(), SizeIs(4));
}

TEST(Http, GivesTheLastRefusalBackWhenAttemptsAreUsedUp) {
  TestServer server(
      [](const TestRequest&) { return http_answer("500 Oops", "broken", {"Retry-After: 9999"}); });
  const Download result = download(server.url());
  EXPECT_EQ(result.response.status, 500);
  EXPECT_EQ(result.response.body, "broken");
  EXPECT_EQ(result.body, "");
  EXPECT_THAT(server.requests(), SizeIs(4));
}

TEST(Http, DoesNotRetryWhatIsFinal) {
  TestServer server([](const TestRequest&) { return http_answer("404 Not Found", "no"); });
  EXPECT_EQ(download(server.url()).response.status, 404);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST(Http, LeavesAuthorizationBehindWhenTheHostChanges) {
  TestServer other([](const TestRequest&) { return http_answer("200 OK", "blob"); });
  TestServer server([&](const TestRequest& request) {
    if (request.path == "/same") return http_answer("200 OK", "same");
    return http_answer(
        "307 Temporary Redirect", "",
        {"Location: " + (request.path == "/away" ? "http://localhost:" + std::to_string(other.port()) + "/x"
                                                 : server.url("/same"))});
  });
  HttpClient client(quick);
  HttpRequest request;
  request.headers = {"Authorization: Bearer secret"};
  request.url = server.url("/away");
  EXPECT_EQ(client.send(request).body, "blob");
  request.url = server.url("/near");
  EXPECT_EQ(client.send(request).body, "same");
  EXPECT_EQ(other.requests().at(0).header("authorization"), "");
  EXPECT_EQ(server.requests().at(2).path, "/same");
  EXPECT_EQ(server.requests().at(2).header("authorization"), "Bearer secret");
}

TEST(Http, AnUnreachableServerIsOneClause) {
  unsigned port = 0;
  {
    port = TestServer([](const TestRequest&) { return http_answer("200 OK"); }).port();
  }
  try {
    download("http://127.0.0.1:" + std::to_string(port) + "/");
    FAIL();
  } catch (const Unreachable& error) {
    EXPECT_EQ(error.what(), "no connection to 127.0.0.1:" + std::to_string(port));
  }
}

TEST(Http, AnExceptionOfTheSinkEndsTheTransfer) {
  TestServer server([](const TestRequest&) { return http_answer("200 OK", content(100000)); });
  HttpClient client(quick);
  HttpRequest request;
  request.url = server.url();
  request.sink = [](std::string_view) { throw Error("no space"); };
  EXPECT_THROW(client.send(request), Error);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST(Fetch, KeepsNameAndTimeOfAFile) {
  TestServer server([](const TestRequest& request) {
    std::vector<std::string> headers = {"Last-Modified: Thu, 01 Jan 1970 00:01:40 GMT"};
    if (request.path == "/named") headers.push_back("Content-Disposition: attachment; filename=\"../x.tar\"");
    return http_answer("200 OK", "bytes", headers);
  });
  const test::TempDir dir;
  const UniqueFd out = open_file(dir / "out", O_WRONLY | O_CREAT);
  const FetchedUrl fetched = fetch_url(server.url("/a/b.txt?c=d/e"), out.get());
  EXPECT_EQ(fetched.digest, sha256_digest(read_file(dir / "out")));
  EXPECT_EQ(fetched.name, "b.txt");
  EXPECT_EQ(fetched.mtime_s, 100);
  EXPECT_EQ(fetched.size, 5u);
  EXPECT_EQ(test::slurp(dir / "out"), "bytes");
  EXPECT_EQ(fetch_url(server.url("/named"), out.get()).name, "x.tar");
  EXPECT_EQ(fetch_url(server.url("/"), out.get()).name, "");
}

TEST(Fetch, SaysWhatTheServerAnswered) {
  TestServer server([](const TestRequest&) { return http_answer("404 Not Found", "no"); });
  try {
    fetch_url(server.url("/x"), -1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "download " + server.url("/x") + ": the server answered 404");
  }
}

}  // namespace
}  // namespace devenv::registry
