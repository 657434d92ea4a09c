// ffmpeg with a peer that never stops sending.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <csignal>

#include "publishing_point.hpp"
#include "support/endless_peer.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using When = EndlessPeer::When;

class FfmpegFlood : public testing::TestWithParam<Torrent> {
 protected:
  static Arguments push(const std::string& url) {
    return ffmpeg_wmpush({"-re", "-stream_loop", "-1", "-i", media("input.asf"), "-map", "0:0",
                          "-map", "0:1", "-c", "copy", "-f", "asf", url});
  }
};

INSTANTIATE_TEST_SUITE_P(Of, FfmpegFlood, testing::ValuesIn(torrents()),
                         [](const auto& torrent) { return std::string(torrent.param.name); });

TEST_P(FfmpegFlood, EndsByALimitOrTheTimeOfAResponse) {
  const bool in_stream = std::string(GetParam().name) == "Body";
  EndlessPeer peer(GetParam(), in_stream ? When::InTheStream : When::InsteadOfSetup);
  ChildProcess process(push(peer.url() + "?response_timeout=1"));
  const auto start = Clock::now();
  EXPECT_GT(process.wait(Seconds(20)), 0) << process.error_text();
  EXPECT_LT(Seconds(Clock::now() - start).count(), 5);
  const bool slow = GetParam().slow;
  // FFmpeg's own program has the last word where the protocol is built in, and knows no results.
  if (is_built_in())
    EXPECT_THAT(process.error_text(), HasSubstr(slow ? "no answer within" : "the server sent"));
  else
    EXPECT_THAT(last_line(process.error_text()),
                HasSubstr(slow ? "NS_E_TIMEOUT" : "NS_E_INCOMPATIBLE_PUSH_SERVER"));
}

TEST_P(FfmpegFlood, OneSignalEndsAPushWithinASecondBeforeAndAfterItsSetup) {
  for (const When when : {When::InsteadOfSetup, When::InTheStream}) {
    EndlessPeer peer(GetParam(), when);
    // A signal ends the stream in order, and a drip may be an answer: for that there is
    // end_timeout. Since version 7, ffmpeg looks for a signal only twice a second.
    ChildProcess process(push(peer.url() + "?response_timeout=60&end_timeout=0.1"));
    ASSERT_TRUE(peer.wait_until_sending()) << process.error_text();
    const auto start = Clock::now();
    process.signal(SIGINT);
    process.wait(Seconds(20));
    EXPECT_LT(Seconds(Clock::now() - start).count(), 1) << process.error_text();
  }
}

}  // namespace
}  // namespace wmpush::test
