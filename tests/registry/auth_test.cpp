#include "runtime/registry/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "runtime/registry/client.h"
#include "test_server.h"
#include "tests/support/temp_dir.h"

namespace devenv::registry {
namespace {

using ::testing::HasSubstr;
using testing::http_answer;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::TestRequest;
using testing::TestServer;

const CredentialHelper no_helper = [](const std::string&, const std::string&) { return std::string(); };

std::string user_in(const std::string& json, const std::string& domain, const std::string& path) {
  return credentials_in(json, "test", domain, path, no_helper).username;
}

std::string entry(const std::string& user) {
  return R"({"auth":")" + base64_encode(user + ":pass") + R"("})";
}

TEST(Challenge, IsReadWithQuotesAndCommas) {
  const auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.x/token",service="reg, one",scope="repository:a:pull,push", Basic realm=plain)");
  ASSERT_THAT(challenges, SizeIs(2));
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].parameters.at("service"), "reg, one");
  EXPECT_EQ(challenges[0].parameters.at("scope"), "repository:a:pull,push");
  EXPECT_EQ(challenges[1].scheme, "basic");
  EXPECT_EQ(challenges[1].parameters.at("realm"), "plain");
}

TEST(Challenge, NonsenseIsPassedOver) {
  for (const char* text : {"", ",,,", "=", "Bearer realm=\"", "\"\\", "Bearer ===", "a=b"})
    parse_challenges(text);
  EXPECT_THAT(parse_challenges("a=b"), IsEmpty());
}

TEST(TokenUrl, CarriesServiceAndAllScopes) {
  const Challenge challenge{
      "bearer", {{"realm", "https://a/t?x=1"}, {"service", "reg one"}, {"scope", "repository:b:pull"}}};
  EXPECT_EQ(token_url(challenge, {"repository:a:pull"}, "me"),
            "https://a/t?x=1&service=reg%20one&scope=repository:a:pull&scope=repository:b:pull&account=me");
  EXPECT_THROW(token_url({"bearer", {{"realm", "file:///etc/passwd"}}}, {}, ""), Error);
  EXPECT_THROW(token_url({"bearer", {}}, {}, ""), Error);
}

TEST(Credentials, TheMostSpecificKeyWins) {
  const std::string json = R"({"auths":{"r.io":)" + entry("host") + R"(,"r.io/team":)" + entry("team") +
                           R"(,"r.io/team/app":)" + entry("app") + "}}";
  EXPECT_EQ(user_in(json, "r.io", "team/app"), "app");
  EXPECT_EQ(user_in(json, "r.io", "team/other"), "team");
  EXPECT_EQ(user_in(json, "r.io", "teamwork"), "host");
  EXPECT_EQ(user_in(json, "s.io", "team/app"), "");
}

TEST(Credentials, DockerHubIsWrittenAsItsOldUrl) {
  const std::string json = R"({"auths":{"https://index.docker.io/v1/":)" + entry("hub") + "}}";
  EXPECT_EQ(user_in(json, "docker.io", "library/debian"), "hub");
}

TEST(Credentials, HelpersOfOneRegistryComeFirstTheCommonOneLast) {
  const std::string json = R"({"auths":{"r.io":)" + entry("file") +
                           R"(,"s.io":{}},"credsStore":"common",)"
                           R"("credHelpers":{"t.io":"special"}})";
  const CredentialHelper helper = [](const std::string& name, const std::string& server) {
    return R"({"Username":")" + name + "@" + server + R"(","Secret":"s"})";
  };
  EXPECT_EQ(credentials_in(json, "t", "t.io", "x", helper).username, "special@t.io");
  EXPECT_EQ(credentials_in(json, "t", "r.io", "x", helper).username, "file");
  EXPECT_EQ(credentials_in(json, "t", "s.io", "x", helper).username, "common@s.io");
  EXPECT_EQ(credentials_in(json, "t", "docker.io", "x", helper).username,
            "common@https://index.docker.io/v1/");
  const CredentialHelper token = [](const std::string&, const std::string&) {
    return std::string(R"({"Username":"<token>","Secret":"refresh"})");
  };
  EXPECT_EQ(credentials_in(json, "t", "t.io", "x", token).identity_token, "refresh");
}

TEST(Credentials, ABrokenFileIsAnErrorThatNamesItAndHidesItsContent) {
  try {
    credentials_in(R"({"auths":{"r.io":{"auth":"c2VjcmV0"}}})", "/home/me/auth.json", "r.io", "x", no_helper);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/home/me/auth.json"));
    EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
  }
}

TEST(Base64, GoesThereAndBack) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd"})
    EXPECT_EQ(base64_decode(base64_encode(text)), text);
  EXPECT_EQ(base64_encode("user:pass"), "dXNlcjpwYXNz");
  EXPECT_THROW(base64_decode("a*b"), Error);
}

/// A registry that wants a token, and its token server, which wants a password.
class TokenRegistry : public ::testing::Test {
 protected:
  TokenRegistry() {
    setenv("REGISTRY_AUTH_FILE", (dir / "auth.json").c_str(), 1);
    log_in("me", "secret");
  }
  ~TokenRegistry() override { unsetenv("REGISTRY_AUTH_FILE"); }

  void log_in(const std::string& user, const std::string& password) {
    dir.write("auth.json", R"({"auths":{")" + server.host() + R"(":{"auth":")" +
                               base64_encode(user + ":" + password) + R"("}}})");
  }
  std::string answer(const TestRequest& request) {
    if (request.path.starts_with("/token")) {
      if (request.header("authorization") != "Basic " + base64_encode("me:secret"))
        return http_answer("401 No");
      return http_answer("200 OK", R"({"access_token":"t)" + std::to_string(++tokens) + R"("})");
    }
    if (request.header("authorization") != "Bearer t" + std::to_string(accepted))
      return http_answer("401 Unauthorized",
                         R"({"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]})",
                         {"WWW-Authenticate: Bearer realm=\"" + server.url("/token") + "\",service=\"s\""});
    return http_answer("200 OK", "{}", {"Content-Type: application/vnd.oci.image.manifest.v1+json"});
  }

  test::TempDir dir;
  std::atomic<int> tokens{0}, accepted{1};
  TestServer server{[this](const TestRequest& request) { return answer(request); }};
};

TEST_F(TokenRegistry, GivesAManifestForALogin) {
  RepositoryClient client(parse_reference(server.host() + "/app:1"), "pull", Deadline::never());
  EXPECT_EQ(client.manifest("1").bytes, "{}");
  EXPECT_EQ(client.manifest("1").bytes, "{}");
  EXPECT_EQ(tokens, 1);
  bool asked = false;
  for (const TestRequest& request : server.requests())
    asked = asked || request.path == "/token?service=s&scope=repository:app:pull&account=me";
  EXPECT_TRUE(asked);
}

TEST_F(TokenRegistry, AnOutdatedTokenIsRenewed) {
  RepositoryClient client(parse_reference(server.host() + "/app:1"), "pull", Deadline::never());
  client.manifest("1");
  accepted = 2;
  EXPECT_EQ(client.manifest("1").bytes, "{}");
  EXPECT_EQ(tokens, 2);
}

TEST_F(TokenRegistry, AWrongPasswordIsSaidWithoutBeingShown) {
  log_in("me", "wrong-password");
  RepositoryClient client(parse_reference(server.host() + "/app:1"), "pull", Deadline::never());
  try {
    client.manifest("1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("check the saved login"));
    EXPECT_THAT(error.what(), Not(HasSubstr("wrong-password")));
  }
}

TEST_F(TokenRegistry, ATokenThatIsNeverAcceptedEnds) {
  accepted = 99;
  RepositoryClient client(parse_reference(server.host() + "/app:1"), "pull", Deadline::never());
  EXPECT_THROW(client.manifest("1"), NotFound);
  EXPECT_LE(tokens, 3);
}

TEST(Client, ResolvesLocations) {
  EXPECT_EQ(resolve_location("http://h:1/v2/a/blobs/uploads/", "/v2/x?y=1"), "http://h:1/v2/x?y=1");
  EXPECT_EQ(resolve_location("http://h:1/v2/a?b", "https://other/x"), "https://other/x");
  EXPECT_EQ(resolve_location("http://h/v2/a/", "b"), "http://h/v2/a/b");
  EXPECT_EQ(resolve_location("https://h/v2", "//other/b"), "https://other/b");
}

TEST(Client, PlainHttpIsForLoopbackOnly) {
  for (const char* host : {"localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"localhost.evil.com", "127.evil.com", "example.com", "[::2]", "10.0.0.1"})
    EXPECT_FALSE(is_loopback(host)) << host;
  EXPECT_EQ(registry_host("docker.io"), "registry-1.docker.io");
}

}  // namespace
}  // namespace devenv::registry
