// Who is let in to push, over sockets: passwords, rights, addresses, and answers that come late.
#include <gmock/gmock.h>

#include <mutex>

#include "auth/scheme_negotiation.hpp"
#include "test_server.hpp"

namespace wmpush::test {
namespace {

using namespace pubpoint;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kBasic = "Basic YWxpOlNlc2Ft";       // ali:Sesam
constexpr const char* kWrongBasic = "Basic YWxpOnNlc2Ft";  // ali:sesam

class AccessOnTheWire : public ServerTest {
 protected:
  AccessOnTheWire() {
    settings.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(line);
    };
  }
  /// "Sesam" is the password of ali.
  void with_users(std::string_view hash = "ecff8f7f448fab5069649126afd7b684") {
    ASSERT_EQ(Users::parse("ali:publishing point:" + std::string(hash), settings.access.users), "");
  }
  void grant(std::string_view text) {
    UserGrant grant;
    ASSERT_EQ(UserGrant::parse(text, grant), "");
    settings.access.users.grant(grant);
  }
  static std::string setup(const std::string& authorization, const std::string& path = "/live") {
    RequestText request = RequestText::setup(path);
    if (!authorization.empty()) request.add("Authorization", authorization);
    return request.text();
  }
  static std::string ask(RawClient& client, const std::string& authorization,
                         const std::string& path = "/live") {
    client.send(setup(authorization, path));
    return client.read_response();
  }
  /// What a client that knows Digest says to the challenge in `response`.
  static std::string digest(const std::string& response, const std::string& user,
                            const std::string& password) {
    auth::SchemeNegotiation negotiation({"host", user, password}, {}, {auth::Scheme::Digest});
    const std::vector<std::string> fields{field_of(response, "WWW-Authenticate")};
    EXPECT_TRUE(negotiation.challenged(fields, {})) << response;
    return negotiation.authorization({"POST", "/live"});
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_F(AccessOnTheWire, DigestOfMd5AndOfSha256LetInTheUsersOfAFile) {
  for (const auto& [algorithm, hash] :
       {std::pair("MD5", "ecff8f7f448fab5069649126afd7b684"),
        std::pair("SHA-256", "e500af5e24cf313510beefb31b3810f8ba9ad5265cdbcc3c2097fc54ad9f9359")}) {
    with_users(hash);
    serve();
    auto client = connect();
    const std::string challenge = ask(*client, "");
    EXPECT_EQ(status_of(challenge), 401);
    EXPECT_THAT(challenge, AllOf(HasSubstr("Basic realm="),
                                 HasSubstr("algorithm=" + std::string(algorithm) + ",")));
    EXPECT_EQ(status_of(ask(*client, digest(challenge, "ali", "wrong"))), 401);
    EXPECT_EQ(status_of(ask(*client, digest(challenge, "ali", "Sesam"))), 204) << algorithm;
    const auto attempt = server->attempts().back();
    EXPECT_TRUE(attempt.granted);
    EXPECT_EQ(attempt.user, "ali");
    EXPECT_EQ(attempt.scheme, "Digest");
    EXPECT_EQ(status_for(setup(kBasic, "/nothing")), 404);
    EXPECT_EQ(broken(), "S05");
  }
}

TEST_F(AccessOnTheWire, ARightThatLacksIsForbiddenAndSaidInTheLog) {
  with_users();
  grant("ali:watch:/live");
  grant("ali:push:/studio/*");
  settings.points = {"/live", "/studio/1"};
  serve();
  auto client = connect();
  const std::string response = ask(*client, kBasic);
  EXPECT_EQ(status_of(response), 403);
  EXPECT_EQ(field_of(response, "Connection"), "close");
  EXPECT_EQ(field_of(response, "WWW-Authenticate"), "");
  EXPECT_EQ(status_of(ask(*connect(), kBasic, "/studio/1")), 204);
  ASSERT_EQ(server->attempts().size(), 2u);
  EXPECT_TRUE(server->attempts().front().forbidden);
  EXPECT_THAT(lines(), ElementsAre(StartsWith("user 'ali' may not push to /live (127.0.0.1:")));
}

TEST_F(AccessOnTheWire, APushStartNeedsTheRightToo) {
  with_users();
  grant("*:watch:*");
  serve();
  auto client = connect();
  client->send(RequestText::start("1").text());
  EXPECT_EQ(status_of(client->read_response()), 401);
}

TEST_F(AccessOnTheWire, AddressesThatMayNotPushAreForbidden) {
  ASSERT_EQ(AddressList::parse("!127.0.0.0/8,all", settings.access.push_from), "");
  serve();
  EXPECT_EQ(status_for(setup("")), 403);
  EXPECT_EQ(status_for(setup(kBasic)), 403);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("its address may not push to /live")));
  EXPECT_EQ(server->sessions().size(), 0u);
}

TEST_F(AccessOnTheWire, P49_ASecondWrongPasswordIsAnsweredLateWhileOthersAreServed) {
  with_users();
  settings.access.throttle.first = 300ms;
  serve();
  auto guesser = connect();
  EXPECT_EQ(status_of(ask(*guesser, kWrongBasic)), 401);
  const auto start = std::chrono::steady_clock::now();
  guesser->send(setup(kWrongBasic) + setup(kBasic));
  auto other = connect();
  EXPECT_EQ(status_of(ask(*other, "")), 401);
  EXPECT_EQ(status_of(guesser->read_response()), 401);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 300ms);
  // What came behind it was not forgotten.
  EXPECT_EQ(status_of(guesser->read_response()), 204);
  EXPECT_EQ(status_of(ask(*other, kWrongBasic)), 401);
}

TEST_F(AccessOnTheWire, WhoGoesAwayBeforeALateAnswerIsForgotten) {
  with_users();
  settings.access.throttle.first = 50ms;
  serve();
  auto guesser = connect();
  EXPECT_EQ(status_of(ask(*guesser, kWrongBasic)), 401);
  guesser->send(setup(kWrongBasic));
  EXPECT_TRUE(server->wait_for([&] { return server->attempts().size() == 2; }));
  guesser->reset();
  auto start = connect();
  start->send(RequestText::start("1").add("Authorization", kWrongBasic).text() + h_frame());
  EXPECT_EQ(status_of(start->read_response()), 401);
  EXPECT_EQ(start->read_to_end(), "");
  EXPECT_EQ(status_of(ask(*connect(), kBasic)), 204);
}

TEST_F(AccessOnTheWire, WrongPasswordsOfOneAddressAreOneLineInASecond) {
  with_users();
  settings.access.throttle.first = 0ms;
  serve();
  auto client = connect();
  for (int i = 0; i < 18; ++i) EXPECT_EQ(status_of(ask(*client, kWrongBasic)), 401);
  EXPECT_THAT(lines(), ElementsAre(StartsWith("user 'ali' is not let in by Basic (127.0.0.1:")));
  clock.advance(1000ms);
  EXPECT_EQ(status_of(ask(*client, kWrongBasic)), 401);
  EXPECT_EQ(lines().size(), 2u);
  EXPECT_THAT(lines().back(), HasSubstr(") and 17 more"));
  EXPECT_THAT(lines(), Each(AllOf(Not(HasSubstr("sesam")), Not(HasSubstr("YWxp")))));
}

TEST_F(AccessOnTheWire, AStaleNonceIsReplacedAtOnce) {
  with_users();
  serve();
  auto client = connect();
  const std::string challenge = ask(*client, "");
  clock.advance(301s);
  const std::string stale = ask(*client, digest(challenge, "ali", "Sesam"));
  EXPECT_EQ(status_of(stale), 401);
  EXPECT_THAT(field_of(stale, "WWW-Authenticate"), HasSubstr("stale=true"));
  EXPECT_EQ(status_of(ask(*client, digest(stale, "ali", "Sesam"))), 204);
  EXPECT_THAT(lines(), ElementsAre());
}

}  // namespace
}  // namespace wmpush::test
