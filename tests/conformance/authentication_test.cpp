// Rule C22: challenges, answered by the engine with the schemes that need no server of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sink/credentials.hpp"
#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using auth::Scheme;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kBasic = "Basic dXNlcjpzZWNyZXQ=";  // user:secret

std::string unauthorized(std::string_view challenges, std::string_view more = {},
                         std::string_view body = {}) {
  std::string text = "HTTP/1.1 401 Unauthorized\r\nServer: Cougar/9.6.7600.16564\r\n";
  text.append(challenges).append(more);
  if (more.find("Transfer-Encoding") == std::string_view::npos)
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append("\r\n").append(body);
}

/// NTLM, or Negotiate, as the engine sees them: two rounds, and then the connection is let in.
class TwoRounds : public auth::Mechanism {
 public:
  explicit TwoRounds(Scheme scheme) : name_(auth::name(scheme)) {}
  Step take(std::span<const auth::Challenge>, std::string&) override {
    if (std::exchange(accepted_, false)) round_ = 0;
    fresh_ = true;
    return ++round_ > 2 ? Step::Refused : Step::Ready;
  }
  std::string authorization(const auth::RequestLine&) override {
    return std::exchange(fresh_, false) ? name_ + " round" + std::to_string(round_) : std::string();
  }
  bool incomplete() const override { return round_ == 1 && !accepted_; }
  void accepted() override { accepted_ = true; }

 private:
  const std::string name_;
  int round_ = 0;
  bool fresh_ = false;
  bool accepted_ = false;
};

std::unique_ptr<auth::Mechanism> make_two_rounds(Scheme scheme, const auth::Credentials& given) {
  if (scheme == Scheme::Ntlm || scheme == Scheme::Negotiate)
    return std::make_unique<TwoRounds>(scheme);
  return auth::make_mechanism(scheme, given);
}

class Authentication : public ::testing::Test {
 protected:
  explicit Authentication(std::vector<Scheme> available = {Scheme::Ntlm, Scheme::Digest,
                                                           Scheme::Basic},
                          auth::Credentials credentials = {"server", "user", "secret"})
      : authenticator(auth::SchemeNegotiation(credentials, {}, available, make_two_rounds)),
        driver(config()) {}

  wmhttp::EngineConfig config() {
    auto config = engine_config();
    config.server_authenticator = &authenticator;
    config.setup_body = "Template-URL: \"/t\"\r\nAutoDestroy: 0\r\n";
    return config;
  }
  /// The request that the engine sends now.
  SentRequest next() {
    const auto requests = requests_in(driver.flush());
    EXPECT_EQ(requests.size(), 1u);
    return requests.empty() ? SentRequest{} : requests.back();
  }
  SentRequest answered(const std::string& response) {
    driver.answer(response);
    return next();
  }
  std::string digest(int nonce, std::string_view more = {}) {
    return "WWW-Authenticate: Digest realm=\"r\", nonce=\"n" + std::to_string(nonce) +
           "\", qop=\"auth\"" + std::string(more) + "\r\n";
  }
  void reconnect() {
    ASSERT_EQ(driver.engine.wants(), EngineDriver::Want::Connect);
    driver.engine.connected(driver.now);
  }

  SessionAuthenticator authenticator;
  EngineDriver driver;
};

TEST_F(Authentication, C22_TheFirstRequestGivesNothingAway) {
  driver.set_up();
  EXPECT_EQ(requests_in(driver.wire)[0].header("Authorization"), "(none)");
}

TEST_F(Authentication, C22_ABasicChallengeIsAnsweredAndEveryFurtherRequestCarriesTheAnswer) {
  driver.set_up(unauthorized("WWW-Authenticate: Basic realm=\"r\"\r\n"));
  const SentRequest again = next();
  EXPECT_EQ(again.header("Authorization"), kBasic);
  EXPECT_THAT(again.body, StartsWith("Template-URL"));
  driver.answer(kAccepted);
  ASSERT_FALSE(driver.header());
  const auto start = next();
  EXPECT_EQ(start.header("Content-Type"), "application/x-wms-pushstart");
  EXPECT_EQ(start.header("Authorization"), kBasic);
}

TEST_F(Authentication, C22_DigestCountsItsRequestsOverRollovers) {
  auto shorter = config();
  shorter.content_length = 4000;
  EngineDriver rolling(shorter);
  rolling.set_up(unauthorized(digest(1)));
  rolling.flush();
  rolling.answer(kAccepted);
  ASSERT_FALSE(rolling.header());
  for (int i = 0; i < 20; ++i) {
    ASSERT_FALSE(rolling.packet());
    rolling.flush();
    if (rolling.engine.state() == EngineDriver::State::RollingOver) rolling.answer(kNextPlease);
    rolling.flush();
  }
  const auto requests = requests_in(rolling.wire);
  ASSERT_GT(requests.size(), 5u);
  for (std::size_t i = 1; i < requests.size(); ++i) {
    const auto given = auth::parse_challenges(requests[i].header("Authorization"));
    ASSERT_EQ(given.size(), 1u);
    EXPECT_EQ(std::stoul(std::string(*given[0].parameter("nc")), nullptr, 16), i);
    EXPECT_EQ(given[0].parameter("uri"), "/live");
  }
}

TEST_F(Authentication, C22_NoBodyUntilTheLastRoundOfAConnectionsScheme) {
  driver.set_up(unauthorized("WWW-Authenticate: NTLM\r\n"));
  const SentRequest first = next();
  EXPECT_EQ(first.header("Authorization"), "NTLM round1");
  EXPECT_EQ(first.content_length, 0);
  EXPECT_EQ(first.header("Content-Type"), "application/x-wms-pushsetup");
  const SentRequest last = answered(unauthorized("WWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n"));
  EXPECT_EQ(last.header("Authorization"), "NTLM round2");
  EXPECT_THAT(last.body, StartsWith("Template-URL"));
  driver.answer(kAccepted);
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::Ready);
  ASSERT_FALSE(driver.header());
  EXPECT_EQ(next().header("Authorization"), "(none)");  // the connection is let in
}

TEST_F(Authentication, C22_TheBodyFollowsWhenTheConnectionIsLetInEarly) {
  driver.set_up(unauthorized("WWW-Authenticate: NTLM\r\n"));
  EXPECT_EQ(next().body, "");
  driver.answer(kAccepted);
  const SentRequest last = next();
  EXPECT_EQ(last.header("Authorization"), "(none)");
  EXPECT_THAT(last.body, StartsWith("Template-URL"));
  driver.answer(kAccepted);
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::Ready);
}

TEST_F(Authentication, C22_TheBodyOfA401IsReadPastOnTheConnectionThatIsKept) {
  const std::string page = "HTTP/1.1 204 this is no answer\r\n\r\n";
  driver.set_up(unauthorized("WWW-Authenticate: NTLM\r\n", {}, page));
  next();
  const std::string chunked =
      unauthorized("WWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n", "Transfer-Encoding: chunked\r\n",
                   "22;why=not\r\n" + page + "\r\n0\r\nTrailer: x\r\n\r\n");
  SentRequest last;
  // However the answer is cut, and with the next request out in the middle of it.
  for (const char& byte : chunked) {
    driver.answer(std::string_view(&byte, 1));
    const std::string sent = driver.flush();
    if (!sent.empty()) last = requests_in(sent).front();
  }
  EXPECT_EQ(last.header("Authorization"), "NTLM round2");
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::SettingUp);
  driver.answer(kAccepted);
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::Ready) << driver.engine.error().message;
}

TEST_F(Authentication, C22_AClosedConnectionIsMadeAgainWhereTheSchemeDoesNotNeedIt) {
  driver.set_up(unauthorized("WWW-Authenticate: Basic realm=\"r\"\r\n", "Connection: close\r\n"));
  reconnect();
  EXPECT_EQ(next().header("Authorization"), kBasic);
}

TEST_F(Authentication, C22_AServerThatClosesBehindAChallengeWithoutSayingSoIsAskedAgain) {
  driver.set_up(unauthorized("WWW-Authenticate: Basic realm=\"r\"\r\n"));
  EXPECT_EQ(next().header("Authorization"), kBasic);
  driver.engine.peer_closed(driver.now);
  reconnect();
  EXPECT_EQ(next().header("Authorization"), kBasic);
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
}

TEST_F(Authentication, C22_NtlmNeedsItsConnectionAndTheNextSchemeDoesNot) {
  const std::string both = "WWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm=\"r\"\r\n";
  driver.set_up(unauthorized(both));
  next();
  driver.answer(unauthorized(both, "Connection: close\r\n"));
  reconnect();
  EXPECT_EQ(next().header("Authorization"), kBasic);
}

TEST_F(Authentication, C22_AWrongPasswordIsOneTryPerSchemeAndAnErrorThatNamesThem) {
  const std::string all =
      "WWW-Authenticate: NTLM\r\nWWW-Authenticate: Digest realm=\"the realm\", "
      "nonce=\"n\", qop=\"auth\", Basic realm=\"the realm\"\r\n";
  driver.set_up(unauthorized(all));
  int requests = 0;
  while (!driver.engine.error() && requests < 100) {
    next();
    ++requests;
    driver.answer(unauthorized(all));
  }
  EXPECT_EQ(requests, 3);  // NTLM takes two, and Basic is left out
  const Error& error = driver.engine.error();
  EXPECT_EQ(error.result, Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_EQ(error.http_status, 401);
  EXPECT_THAT(error.message, AllOf(HasSubstr("Digest, realm 'the realm'"), HasSubstr("NTLM"),
                                   HasSubstr("user 'user'"), Not(HasSubstr("secret")),
                                   HasSubstr("Basic was left out"), HasSubstr("auth=basic")));
  EXPECT_THAT(driver.wire, Not(HasSubstr(kBasic)));
}

TEST_F(Authentication, C22_AChallengeToAPushStartHasItSentAgainFromItsFirstByte) {
  driver.start_stream();
  ASSERT_FALSE(driver.packet(1000, 'a'));
  driver.flush();
  const SentRequest before = requests_in(driver.wire).back();
  ASSERT_FALSE(driver.packet(1000, 'b'));
  driver.answer(unauthorized(digest(1), "Connection: close\r\n"));
  reconnect();
  const SentRequest again = next();
  EXPECT_THAT(again.header("Authorization"), StartsWith("Digest username=\"user\""));
  EXPECT_EQ(again.header("Cookie"), "push-id=4124758405");
  EXPECT_EQ(again.content_length, before.content_length);
  EXPECT_EQ(ids(frames_in(again.body)), "HDD");
  EXPECT_EQ(frames_in(again.body)[1].payload, std::string(1000, 'a'));
  EXPECT_EQ(frames_in(again.body)[2].payload, std::string(1000, 'b'));
  EXPECT_EQ(driver.engine.packets_sent(), 2u);
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::Streaming);
  ASSERT_FALSE(driver.packet());
  EXPECT_EQ(ids(frames_in(driver.flush())), "D");
}

TEST_F(Authentication, C22_NtlmIsNotForAPushStart) {
  driver.start_stream();
  driver.answer(unauthorized("WWW-Authenticate: NTLM\r\n" + digest(1)));
  reconnect();
  EXPECT_THAT(next().header("Authorization"), StartsWith("Digest "));

  driver.answer(unauthorized("WWW-Authenticate: NTLM\r\n"));
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_SERVER_ACCESSDENIED);
}

TEST_F(Authentication, C22_AStaleNonceAtARolloverCostsNothingButAConnection) {
  auto shorter = config();
  shorter.content_length = 4000;
  EngineDriver rolling(shorter);
  rolling.set_up(unauthorized(digest(1)));
  rolling.flush();
  rolling.answer(kAccepted);
  ASSERT_FALSE(rolling.header());
  std::string marks;
  for (char mark = 'a'; mark < 'k'; ++mark) {
    ASSERT_FALSE(rolling.packet(1000, mark));
    marks += mark;
    rolling.flush();
    if (rolling.engine.state() != EngineDriver::State::RollingOver) continue;
    rolling.answer(unauthorized(digest(mark, ", stale=true")));
    ASSERT_EQ(rolling.engine.wants(), EngineDriver::Want::Connect);
    rolling.engine.connected(rolling.now);
    rolling.flush();
    ASSERT_EQ(rolling.engine.state(), EngineDriver::State::RollingOver);
    rolling.answer(kNextPlease);
    rolling.flush();
  }
  // Every second PushStart is the one that counts; each packet is in them once.
  std::string received;
  const auto requests = requests_in(rolling.wire);
  for (std::size_t i = 2; i < requests.size(); ++i) {
    if (i + 1 < requests.size() && requests[i].body == requests[i + 1].body) continue;
    for (const SentFrame& frame : frames_in(requests[i].body))
      if (frame.id == wmhttp::FrameId::Data) received += frame.payload[0];
  }
  EXPECT_EQ(received, marks);
  EXPECT_GT(requests.size(), 7u);
}

TEST_F(Authentication, C22_AChallengeBehindTheEndHasEverythingSentAgainWithTheEnd) {
  driver.start_stream();
  ASSERT_FALSE(driver.packet());
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  driver.flush();
  driver.answer(unauthorized(digest(1)));
  reconnect();
  EXPECT_EQ(ids(frames_in(next().body)), "HDE");
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::Ending);
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::Ended);
  EXPECT_FALSE(driver.engine.error());
}

TEST_F(Authentication, C22_AChallengeTooLateToBeginAgainIsAnErrorThatSaysSo) {
  driver.start_stream();
  for (int i = 0; i < 300; ++i) {
    ASSERT_FALSE(driver.packet());
    driver.flush();
  }
  driver.answer(unauthorized(digest(1)));
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(driver.engine.error().message, HasSubstr("262144 bytes"));
}

TEST_F(Authentication, C22_AProxysChallengeIsNotAnsweredWithTheServersPassword) {
  driver.set_up(
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(driver.wire, Not(HasSubstr("uthorization:")));
}

TEST_F(Authentication, C22_AProxyIsAnsweredByItsOwnAuthenticator) {
  SessionAuthenticator proxy(auth::SchemeNegotiation({"proxy", "pat", "hush"}, {}), "proxy");
  auto both = config();
  both.proxy_authenticator = &proxy;
  EngineDriver through(both);
  through.set_up(
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
      "Content-Length: 0\r\n\r\n");
  through.flush();
  through.answer(unauthorized("WWW-Authenticate: Basic realm=\"r\"\r\n"));
  through.flush();
  const auto requests = requests_in(through.wire);
  ASSERT_EQ(requests.size(), 3u);
  const SentRequest& last = requests.back();
  EXPECT_EQ(last.header("Authorization"), kBasic);
  EXPECT_EQ(last.header("Proxy-Authorization"), "Basic cGF0Omh1c2g=");
}

TEST(AcceptedAuthentication, C06_ListsWhatThisBuildCanDoWithoutBasic) {
  const std::vector<Scheme> all(auth::kPreference.begin(), auth::kPreference.end());
  EXPECT_EQ(accepted_authentication({}, all), "Negotiate, NTLM, Digest");
  EXPECT_EQ(accepted_authentication({}, {Scheme::Digest, Scheme::Basic}), "Digest");
  EXPECT_EQ(accepted_authentication(Scheme::Ntlm, all), "NTLM");
  EXPECT_EQ(accepted_authentication(Scheme::Basic, all), "");

  auto config = engine_config();
  config.authentication_schemes = "Negotiate, NTLM, Digest";
  EngineDriver driver(config);
  driver.start_stream();
  for (const SentRequest& request : requests_in(driver.wire))
    EXPECT_EQ(request.header("X-Accept-Authentication"), "Negotiate, NTLM, Digest");
}

}  // namespace
}  // namespace wmpush::test
