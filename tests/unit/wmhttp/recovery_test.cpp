#include "wmhttp/recovery.hpp"

#include <gmock/gmock.h>

namespace wmpush::wmhttp {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
constexpr Time kLoss{1h};
const Error kCause{Result::NS_E_CONNECTION_FAILURE, 0, 0, "gone"};

RecoveryRules rules(std::int64_t retries = 0) { return {true, 10s, retries, 7}; }

TEST(Recovery, EachWaitIsTwiceAsLongUpToTheLongestWithSomeChance) {
  Recovery recovery(rules());
  Duration longest = 500ms;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(recovery.lost(kLoss, kCause));
    EXPECT_GE(recovery.delay(), longest / 2);
    EXPECT_LE(recovery.delay(), longest);
    EXPECT_EQ(recovery.try_at(), kLoss + recovery.delay());
    longest = std::min<Duration>(2 * longest, 10s);
  }
}

TEST(Recovery, ThoseThatLoseTheirServerTogetherDoNotComeBackTogether) {
  Recovery one({true, 10s, 0, 1});
  Recovery other({true, 10s, 0, 2});
  one.lost(kLoss, kCause);
  other.lost(kLoss, kCause);
  EXPECT_NE(one.delay(), other.delay());
}

TEST(Recovery, GivesUpAfterTheTriesThatItHas) {
  Recovery recovery(rules(2));
  EXPECT_TRUE(recovery.lost(kLoss, kCause));
  EXPECT_TRUE(recovery.lost(kLoss, kCause));
  EXPECT_FALSE(recovery.lost(kLoss, kCause));
  EXPECT_EQ(recovery.tries(), 2);
}

TEST(Recovery, AServerThatWantsANewSessionNeedNotBeWaitedFor) {
  Recovery recovery(rules());
  for (int i = 0; i < 5; ++i) recovery.lost(kLoss, kCause);
  recovery.hurry();
  recovery.lost(kLoss, kCause);
  EXPECT_LE(recovery.delay(), 500ms);
}

TEST(Recovery, AStreamThatLastedHasItsTriesAnew) {
  Recovery recovery(rules(1));
  recovery.lost(kLoss, kCause);
  recovery.streaming(kLoss + 1s);
  recovery.settle(kLoss + 6s);
  EXPECT_EQ(recovery.outage_since(), std::nullopt);
  EXPECT_TRUE(recovery.lost(kLoss + 6s, kCause));
}

TEST(Recovery, AStreamThatCameBackForAMomentHasNot) {
  Recovery recovery(rules(1));
  recovery.lost(kLoss, kCause);
  recovery.streaming(kLoss + 1s);
  EXPECT_FALSE(recovery.lasted(kLoss + 2s));
  recovery.settle(kLoss + 2s);
  EXPECT_EQ(recovery.outage_since(), kLoss);
  EXPECT_FALSE(recovery.lost(kLoss + 2s, kCause));
}

/// What the server takes makes its time for the session begin anew.
TEST(Recovery, TheServerHasHadNothingSinceTheLastConnectionBrokeOnWhichTheStreamWentOut) {
  Recovery recovery(rules());
  recovery.lost(kLoss, kCause);
  recovery.streaming(kLoss + 1s);
  recovery.settle(kLoss + 2s);
  recovery.lost(kLoss + 2s, kCause);  // it was refused, and not taken
  EXPECT_EQ(recovery.nothing_since(), kLoss);
  recovery.streaming(kLoss + 2s);
  recovery.settle(kLoss + 3s);
  recovery.broke(kLoss + 3s);
  recovery.lost(kLoss + 3s, kCause);
  EXPECT_EQ(recovery.nothing_since(), kLoss + 3s);
  EXPECT_EQ(recovery.outage_since(), kLoss);
}

TEST(Recovery, SaysOnceThatTheStreamIsBackWhenTheServerHasNotObjectedForAWhile) {
  Recovery recovery(rules());
  recovery.lost(kLoss, kCause);
  EXPECT_TRUE(recovery.active());
  recovery.resent_packet();
  recovery.streaming(kLoss + 3s);
  EXPECT_FALSE(recovery.active());
  EXPECT_FALSE(recovery.announcement_due(kLoss + 3500ms));
  EXPECT_TRUE(recovery.announcement_due(kLoss + 4s));
  EXPECT_EQ(recovery.announcement(true),
            "streaming again after 3 s, in the same session: 1 packet sent again, none lost");
  EXPECT_EQ(recovery.announcement(true), "");
  EXPECT_EQ(recovery.reconnects(), 1u);
}

TEST(Recovery, CountsWhatMayBeLost) {
  Recovery recovery(rules());
  recovery.lost(kLoss, kCause);
  recovery.put_at_risk(2);
  recovery.streaming(kLoss + 1s);
  EXPECT_THAT(recovery.announcement(false), HasSubstr("in a new session: 0 packets sent again, "
                                                      "2 packets at the most lost so far"));
  EXPECT_EQ(recovery.packets_at_risk(), 2u);
}

}  // namespace
}  // namespace wmpush::wmhttp
