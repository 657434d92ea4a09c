// The wmpush command with a peer that never stops sending.
#include <algorithm>
#include <csignal>
#include <fstream>

#include "support/endless_peer.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::AnyOf;
using ::testing::EndsWith;
using When = EndlessPeer::When;
using Clock = std::chrono::steady_clock;

class ToolFlood : public ToolTest, public testing::WithParamInterface<Torrent> {
 protected:
  std::string film() const { return write_file("film.asf", clip()).string(); }
};

INSTANTIATE_TEST_SUITE_P(Of, ToolFlood, testing::ValuesIn(torrents()),
                         [](const auto& torrent) { return std::string(torrent.param.name); });

/// The most memory, in bytes, that the process has had in RAM so far; 0 when it is gone.
std::size_t peak_memory(pid_t id) {
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  for (std::string word; status >> word;)
    if (std::size_t kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

TEST_P(ToolFlood, EndsByALimitOrTheTimeOfAResponse) {
  for (const char* command : {"probe", "send"}) {
    EndlessPeer peer(GetParam(), When::InsteadOfSetup);
    Words words{command};
    if (words[0] == "send") words.push_back(film());
    words.insert(words.end(), {peer.url(), "--response_timeout", "1"});
    const Finished ended = run(wmpush(words));
    EXPECT_LT(ended.seconds, 3);
    // A session is accepted by the head of the answer, and a probe wants no more.
    const bool accepted = words[0] == "probe" && std::string(GetParam().name) == "Body";
    EXPECT_EQ(ended.status, accepted ? 0 : 1);
    if (accepted) continue;
    EXPECT_THAT(last_line(ended.error),
                EndsWith(GetParam().slow ? "NS_E_TIMEOUT (0xC00D0013)"
                                         : "NS_E_INCOMPATIBLE_PUSH_SERVER (0xC00D2F0C)"));
  }
}

TEST_P(ToolFlood, OneSignalEndsItWithinASecondAndLittleMemoryIsTaken) {
  // A sanitizer has memory of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kMost = 500'000'000;
#else
  constexpr std::size_t kMost = 20'000'000;
#endif
  struct Case {
    const char* command;
    When when;
  };
  for (const Case each : {Case{"probe", When::InsteadOfSetup}, Case{"send", When::InsteadOfSetup},
                          Case{"send", When::InTheStream}}) {
    EndlessPeer peer(GetParam(), each.when);
    Words words{each.command};
    if (words[0] == "send") words.push_back(film());
    // A signal ends the stream in order, and a drip may be an answer: for that there is
    // end_timeout.
    words.insert(words.end(), {peer.url(), "--response_timeout", "60", "--end_timeout", "0.5"});
    ChildProcess push(wmpush(words));
    ASSERT_TRUE(peer.wait_until_sending()) << push.error_text();
    const auto start = Clock::now();
    push.signal(SIGINT);
    const std::size_t memory = peak_memory(push.id());
    // A limit may have come before, and the signal then found a program that had said its last
    // word.
    EXPECT_THAT(push.wait(), AnyOf(0, 1, -SIGINT)) << push.error_text();
    EXPECT_LT(Seconds(Clock::now() - start).count(), 1) << each.command;
    EXPECT_LT(memory, kMost) << each.command;
  }
}

}  // namespace
}  // namespace wmpush::test
