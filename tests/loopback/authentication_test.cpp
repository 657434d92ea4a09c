// Rule C22 over real sockets: PushSink against a publishing point that wants a password.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "pubpoint/server.hpp"
#include "support/engine_driver.hpp"
#include "support/faulty_server.hpp"
#include "support/push_fixture.hpp"
#include "support/raw_server.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using pubpoint::Attempt;
using pubpoint::Server;
using pubpoint::Settings;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPassword = "Sesam, oeffne dich!";
constexpr const char* kWrong = "hunter2-hunter2";

Settings guarded() {
  Settings settings;
  settings.authentication.user = "ali";
  settings.authentication.password = kPassword;
  return settings;
}

class AuthenticationTest : public PushFixture {
 protected:
  AuthenticationTest() {
    options.user = "ali";
    options.password = kPassword;
    // Whatever tickets there are on this machine are not for a test.
    options.auth = nullptr;
  }

  Result push(Server& server) {
    const Result result = PushFixture::push(server.url());
    expect_no_breach(server);
    return result;
  }

  static std::vector<std::string> shown(const Server& server) {
    std::vector<std::string> texts;
    for (const Attempt& attempt : server.attempts())
      texts.push_back(attempt.scheme + " " + attempt.user +
                      (attempt.granted ? " granted"
                       : attempt.stale ? " stale"
                                       : " refused"));
    return texts;
  }
};

TEST_F(AuthenticationTest, C22_DigestIsPreferredToBasic) {
  Server server(guarded());
  EXPECT_EQ(push(server), Result::S_OK) << message;
  EXPECT_THAT(shown(server), ::testing::ElementsAre("Digest ali granted", "Digest ali granted"));
  EXPECT_EQ(server.sessions().back().packets, packets);
  EXPECT_TRUE(server.sessions().back().end_of_stream);
  // The setup is asked for twice on one connection, and the stream follows on it.
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_THAT(lines, HasSubstr("Digest, realm 'publishing point', user 'ali'"));
}

TEST_F(AuthenticationTest, C22_EveryKindOfDigestIsUnderstoodBySomeoneElse) {
  for (const char* algorithm : {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"}) {
    for (const bool qop : {true, false}) {
      if (!qop && std::string(algorithm) != "MD5") continue;  // RFC 2069 had no other
      Settings settings = guarded();
      settings.authentication.schemes = {"Digest"};
      settings.authentication.algorithm = algorithm;
      settings.authentication.qop = qop;
      Server server(settings);
      EXPECT_EQ(push(server), Result::S_OK) << algorithm << qop << message;
      EXPECT_EQ(server.attempts().size(), 2u) << algorithm << qop;
    }
  }
}

TEST_F(AuthenticationTest, C22_BasicWhereThatIsAllThereIs) {
  Settings settings = guarded();
  settings.authentication.schemes = {"Basic"};
  Server server(settings);
  EXPECT_EQ(push(server), Result::S_OK) << message;
  EXPECT_THAT(shown(server), ::testing::ElementsAre("Basic ali granted", "Basic ali granted"));
}

TEST_F(AuthenticationTest, C22_AuthPinsAScheme) {
  Server server(guarded());
  options.auth = "basic";
  EXPECT_EQ(push(server), Result::S_OK) << message;
  EXPECT_THAT(shown(server), ::testing::ElementsAre("Basic ali granted", "Basic ali granted"));
  options.auth = "ntlm";
  EXPECT_EQ(push(server), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message, HasSubstr("auth is NTLM"));
  EXPECT_EQ(server.attempts().size(), 2u);
  options.auth = "kerberos";
  EXPECT_EQ(push(server), Result::E_INVALIDARG);
  EXPECT_THAT(message, HasSubstr("negotiate, ntlm, digest or basic"));
}

TEST_F(AuthenticationTest, C22_AWrongPasswordIsTriedOnceAndShownNowhereNotEvenByBasic) {
  options.password = kWrong;
  Server server(guarded());
  std::string said_by_server;
  EXPECT_EQ(push(server), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(shown(server), ::testing::ElementsAre("Digest ali refused"));
  EXPECT_THAT(message,
              AllOf(HasSubstr("401"), HasSubstr("user 'ali'"), HasSubstr("Digest"),
                    HasSubstr("Basic was left out"), HasSubstr("auth=basic"),
                    HasSubstr("realm 'publishing point'"), HasSubstr("check user and password")));
  EXPECT_THAT(lines + message, AllOf(Not(HasSubstr(kWrong)), Not(HasSubstr("aHVudGVy"))));
  EXPECT_EQ(server.requests(), 2u);
}

TEST_F(AuthenticationTest, C22_BasicIsWarnedAboutWhereABetterSchemeIsOfferedThatCannotBeDone) {
  Settings settings = guarded();
  settings.authentication.schemes = {"Basic"};
  {
    Server only(settings);
    EXPECT_EQ(push(only), Result::S_OK) << message;
    EXPECT_THAT(lines, Not(HasSubstr("shows the password")));
  }
  RawServer server([](RawServer::Connection& connection) {
    connection.read_head();
    connection.send(
        "HTTP/1.1 401 Unauthorized\r\nServer: Rex/9.0\r\nContent-Length: 0\r\n"
        "WWW-Authenticate: Digest realm=\"d\", nonce=\"n\", algorithm=SHA-3\r\n"
        "WWW-Authenticate: Basic realm=\"b\"\r\n\r\n");
    connection.read_head();
    connection.send(kAccepted);
    connection.read_head();
  });
  PushSink sink(options);
  EXPECT_EQ(sink.Connect(server.url()), Result::S_OK) << sink.last_error().message;
  EXPECT_THAT(lines, AllOf(HasSubstr("answering by Basic, which shows the password"),
                           HasSubstr("SHA-3"), Not(HasSubstr(options.password))));
}

TEST_F(AuthenticationTest, C22_WithoutAUserTheErrorAsksForOne) {
  options.user = options.password = nullptr;
  ::unsetenv("WMPUSH_PASSWORD");
  Server server(guarded());
  EXPECT_EQ(push(server), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message, AllOf(HasSubstr("give user and password"), HasSubstr("realm")));
  EXPECT_TRUE(server.attempts().empty());
}

TEST_F(AuthenticationTest, C22_TheUrlAndAFileCarryCredentialsToo) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "password";
  std::ofstream(file) << kPassword << "\n";
  options.user = options.password = nullptr;
  Server server(guarded());
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  PushSink by_url(options);
  EXPECT_EQ(by_url.Connect("wmpush://ali:Sesam%2C%20oeffne%20dich!@" + host + "/live"),
            Result::S_OK)
      << by_url.last_error().message;
  const std::string file_name = file.string();
  options.password_file = file_name.c_str();
  PushSink by_file(options);
  EXPECT_EQ(by_file.Connect("wmpush://ali@" + host + "/live"), Result::S_OK)
      << by_file.last_error().message;
  PushSink strange(options);
  EXPECT_EQ(strange.Connect("wmpush://a%0Db@" + host + "/live"), Result::E_INVALIDARG);
}

TEST_F(AuthenticationTest, C22_ANonceThatRunsOutAtARolloverIsReplaced) {
  Settings settings = guarded();
  settings.authentication.schemes = {"Digest"};
  settings.authentication.nonce_uses = 3;
  options.content_length = 12000;
  Server server(settings);
  EXPECT_EQ(push(server), Result::S_OK) << message;
  const auto session = server.sessions().back();
  EXPECT_EQ(session.packets, packets);
  EXPECT_GT(session.push_starts, 5u);
  const auto attempts = server.attempts();
  EXPECT_GT(
      std::count_if(attempts.begin(), attempts.end(), [](const Attempt& a) { return a.stale; }), 1);
  for (const Attempt& attempt : attempts) EXPECT_TRUE(attempt.granted || attempt.stale);
}

TEST_F(AuthenticationTest, C22_AChallengeToAPushStartIsAnsweredOnANewConnection) {
  FaultyServer server{Settings{}};
  Fault fault;
  fault.at = At::PushStart;
  fault.response =
      "HTTP/1.1 401 Unauthorized\r\nServer: Cougar/9.6.7600.16564\r\nConnection: close\r\n"
      "WWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
  server.add_fault(fault);
  EXPECT_EQ(push(server), Result::S_OK) << message;
  EXPECT_EQ(server.sessions().back().packets, packets);
  EXPECT_EQ(server.connections(), 2u);
}

TEST(AuthenticationSchemes, DigestAndBasicAreAlwaysAmongThem) {
  EXPECT_THAT(wmpush_authentication_schemes(), HasSubstr("Digest, Basic"));
}

}  // namespace
}  // namespace wmpush::test
