#include "wmhttp/session_id.hpp"

#include <gmock/gmock.h>

namespace wmpush::wmhttp {
namespace {

using namespace std::chrono_literals;
constexpr Time kLoss{1h};
const Route::Place kPlace{{"server", 80}, "/live"};

Response named(const std::string& push_id) {
  Response response;
  response.status = 204;
  response.push_id = push_id;
  return response;
}

/// A session whose PushStart has begun.
SessionId streaming(Resume resume = Resume::Auto) {
  SessionId session(resume);
  EXPECT_FALSE(session.take(named("4711")));
  session.accept(named("4711"));
  session.make_resumable();
  return session;
}

TEST(SessionId, BeginsAsOneThatAsksForANewSession) {
  const SessionId session(Resume::Auto);
  EXPECT_EQ(session.push_id(), "0");
  EXPECT_TRUE(session.fresh());
  EXPECT_FALSE(session.accepted());
  EXPECT_FALSE(session.resumable(kLoss, kLoss));
}

TEST(SessionId, KeepsWhatTheServerSetsAndTellsWhenItRenames) {
  SessionId session(Resume::Auto);
  Response response = named("4711");
  response.cookies = {{"a", "1"}, {"b", "2"}};
  EXPECT_FALSE(session.take(response));
  EXPECT_TRUE(session.renamed());
  response.cookies = {{"a", "3"}};
  EXPECT_FALSE(session.take(response));
  EXPECT_FALSE(session.renamed());
  EXPECT_THAT(session.cookies(),
              testing::ElementsAre(testing::Pair("a", "3"), testing::Pair("b", "2")));
}

TEST(SessionId, RefusesMoreThanItKeeps) {
  SessionId session(Resume::Auto);
  EXPECT_THAT(session.take(named(std::string(256, '1'))).message,
              testing::HasSubstr("a push-id of 256 characters"));
  Response many;
  for (std::size_t i = 0; i <= kMaxCookies; ++i) many.cookies.emplace_back(std::to_string(i), "x");
  EXPECT_THAT(session.take(many).message, testing::HasSubstr("more than 50 cookies"));
  SessionId another(Resume::Auto);
  Response large;
  large.cookies = {{"a", std::string(kMaxCookieBytes, 'x')}};
  EXPECT_THAT(another.take(large).message, testing::HasSubstr("16385 bytes"));
}

TEST(SessionId, MayBeResumedUntilTheServerHasHadTheTimeToForgetIt) {
  SessionId session = streaming();
  EXPECT_TRUE(session.resumable(kLoss + 59s, kLoss));
  EXPECT_FALSE(session.resumable(kLoss + 60s, kLoss));
  Response response = named("4711");
  response.timeout = 5s;
  session.accept(response);
  EXPECT_FALSE(session.resumable(kLoss + 5s, kLoss));
}

TEST(SessionId, IsNotResumedWhereTheProgramSaysSo) {
  EXPECT_FALSE(streaming(Resume::Never).resumable(kLoss, kLoss));
}

TEST(SessionId, ADoubtSpeaksAgainstResumingUnlessItIsToBeTriedAlways) {
  SessionId session = streaming();
  session.doubt();
  EXPECT_FALSE(session.resumable(kLoss, kLoss));
  session.trust();
  EXPECT_TRUE(session.resumable(kLoss, kLoss));
  SessionId always = streaming(Resume::Always);
  always.doubt();
  EXPECT_TRUE(always.resumable(kLoss, kLoss));
}

TEST(SessionId, OneThatWasGivenUpOnADoubtCanBeTakenBackWithItsPlace) {
  SessionId session = streaming();
  session.doubt();
  session.forget(kPlace);
  EXPECT_EQ(session.push_id(), "0");
  ASSERT_TRUE(session.has_doubted());
  EXPECT_EQ(session.take_back(), kPlace);
  EXPECT_EQ(session.push_id(), "4711");
  EXPECT_FALSE(session.fresh());
  EXPECT_EQ(session.take_back(), std::nullopt);
}

TEST(SessionId, OneThatTheServerHasDeniedIsGoneForGood) {
  SessionId session = streaming();
  session.doubt();
  session.deny();
  session.forget(kPlace);
  EXPECT_FALSE(session.has_doubted());
}

}  // namespace
}  // namespace wmpush::wmhttp
