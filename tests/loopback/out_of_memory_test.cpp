// Whole sessions, again and again, with the n-th allocation failing, for every n: nothing ends the
// program, nothing leaks, and no S_OK is untrue.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>

#include "support/asf_builder.hpp"
#include "support/counting_receiver.hpp"
#include "support/failing_memory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

constexpr std::uint32_t kPackets = 8;
constexpr std::size_t kPacketSize = 200;

/// What is pushed; made before memory fails.
struct Material {
  std::vector<std::byte> header;
  std::vector<std::vector<std::byte>> packets;
  std::vector<std::byte> file;  // header, packets and index, as a muxer writes them

  Material() {
    HeaderSpec spec;
    spec.packet_size = kPacketSize;
    spec.streams = {StreamSpec::audio(1)};
    header = make_header(spec);
    file = header;
    for (std::uint32_t i = 0; i < kPackets; ++i) {
      packets.push_back(plain_packet(kPacketSize, i + 1));
      append(file, packets.back());
    }
    append(file, make_index(80));
  }
};

/// How a session is pushed, and what came of it. Nothing in it takes memory while it runs.
struct Push {
  enum class By { Sink, CSession } by = By::Sink;
  unsigned entries = 1;
  wmpush_options options{};

  // What came of it.
  bool opened = false;
  Result end = Result::E_FAIL;
  std::uint64_t at_risk = 0;
  bool out_of_memory = false;   // a call said so
  bool untrue_success = false;  // and one behind it S_OK

  void take(Result result) {
    if (result == Result::S_OK) untrue_success = untrue_success || out_of_memory;
    if (result == Result::E_OUTOFMEMORY) out_of_memory = true;
  }
  void run(const std::string& url, const Material& material) noexcept {
    by == By::Sink ? push_by_sink(url, material) : push_by_c_session(url, material);
  }

 private:
  void push_by_sink(const std::string& url, const Material& material) noexcept {
    std::optional<PushSink> sink;
    try {
      sink.emplace(options);
    } catch (const std::bad_alloc&) {
      return;
    }
    const Result connected = sink->Connect(url);
    take(connected);
    opened = succeeded(connected);
    for (unsigned entry = 0; entry < entries; ++entry) {
      take(sink->OnHeader(material.header));
      for (const auto& packet : material.packets) take(sink->OnDataUnit(packet));
    }
    take(sink->OnEndWriting());
    take(end = sink->EndSession());
    take(sink->wait_until({}));
    at_risk = sink->stats().packets_at_risk;
  }

  void push_by_c_session(const std::string& url, const Material& material) noexcept {
    wmpush_session* session = nullptr;
    wmpush_error error{};
    error.size = sizeof error;
    const wmpush_result result = wmpush_open(&session, url.c_str(), &options, &error);
    take(static_cast<Result>(result));
    if (WMPUSH_FAILED(result)) return;
    opened = true;
    for (unsigned entry = 0; entry < entries; ++entry) {
      constexpr std::size_t kPiece = 700;
      for (Bytes rest = material.file; !rest.empty();) {
        const Bytes piece = rest.first(std::min(kPiece, rest.size()));
        take(static_cast<Result>(wmpush_write(session, piece.data(), piece.size())));
        rest = rest.subspan(piece.size());
      }
    }
    take(static_cast<Result>(wmpush_on_end_writing(session)));
    take(end = static_cast<Result>(wmpush_end_session(session)));
    wmpush_last_error(session, &error);
    wmpush_stats stats{};
    stats.size = sizeof stats;
    wmpush_get_stats(session, &stats);
    at_risk = stats.packets_at_risk;
    wmpush_close(&session);
  }
};

struct Scenario {
  const char* name;
  Push::By by = Push::By::Sink;
  unsigned entries = 1;
  const char* host = "127.0.0.1";
  const char* credentials = "";
  std::int64_t content_length = 0;
  bool reconnect = false;
  FailsIn where = FailsIn::ThisThread;
  CountingReceiver::Manner manner = {};
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

class OutOfMemory : public ::testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override {
    this_is_the_tests_thread();
    receiver = std::make_unique<CountingReceiver>(GetParam().manner);
  }

  Push prepared() const {
    const Scenario& scenario = GetParam();
    Push push;
    push.by = scenario.by;
    push.entries = scenario.entries;
    wmpush_options_init(&push.options);
    push.options.http_proxy = "";
    push.options.content_length = scenario.content_length;
    push.options.reconnect = scenario.reconnect ? 1 : 0;
    push.options.reconnect_delay_max = 10'000;
    push.options.log = [](void*, wmpush_log_level, const char*) {};
    push.options.interrupt = [](void*) { return 0; };
    return push;
  }

  /// One session with the `nth` allocation failing; what it leaves behind in blocks.
  std::int64_t run(std::size_t nth, FailsFor how_long, Push& push, std::string& path) {
    char number[24];
    std::snprintf(number, sizeof number, "/live%06d", ++runs);
    path = number;
    push = prepared();
    const Scenario& scenario = GetParam();
    const std::string url = std::string("wmpush://") + scenario.credentials + scenario.host + ":" +
                            std::to_string(receiver->port()) + path;
    const std::int64_t before = live_blocks();
    {
      const FailingMemory failing(nth, scenario.where, how_long);
      push.run(url, material);
    }
    return live_blocks() - before;
  }

  void judge(const Push& push, const std::string& path, std::size_t nth) {
    EXPECT_FALSE(push.untrue_success) << "allocation " << nth;
    if (push.end != Result::S_OK) return;
    EXPECT_FALSE(push.out_of_memory) << "allocation " << nth;
    const CountingReceiver::Tally tally = receiver->tally(path);
    EXPECT_TRUE(tally.ended) << "allocation " << nth;
    EXPECT_FALSE(tally.breach) << "allocation " << nth;
    EXPECT_GE(tally.headers, push.entries) << "allocation " << nth;
    EXPECT_GE(tally.packets.size() + push.at_risk, std::size_t{kPackets}) << "allocation " << nth;
  }

  std::unique_ptr<CountingReceiver> receiver;
  const Material material;
  int runs = 0;
};

TEST_P(OutOfMemory, EndsTheSessionAndNothingElse) {
  constexpr std::size_t kNever = 1'000'000'000;
  constexpr std::size_t kMost = 20'000;  // no scenario comes near it
  constexpr int kRepetitions = 20;
  const bool other_threads = GetParam().where != FailsIn::ThisThread;
  Push push;
  std::string path;
  // Libraries keep what they make once.
  for (int i = 0; i < 2; ++i) {
    run(kNever, FailsFor::One, push, path);
    ASSERT_EQ(push.end, Result::S_OK);
    judge(push, path, 0);
    EXPECT_EQ(receiver->tally(path).lost, GetParam().manner.loses_once);
  }
  for (const FailsFor how_long : {FailsFor::One, FailsFor::Good}) {
    std::size_t failures = 0;
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, kMost);
      std::int64_t left = run(nth, how_long, push, path);
      judge(push, path, nth);
      if (HasFailure()) return;
      if (!memory_failed()) break;
      failures += push.end != Result::S_OK ? 1 : 0;
      // Libraries keep what they make once, also on the way of an error, and OpenSSL its last 16
      // errors: what leaks does so each time.
      for (int again = 0; !other_threads && left > 0 && again < kRepetitions; ++again)
        left = run(nth, how_long, push, path);
      ASSERT_TRUE(other_threads || left <= 0) << "allocation " << nth << " leaves " << left;
    }
    EXPECT_EQ(push.end, Result::S_OK);
    EXPECT_GT(failures, 0u);
    RecordProperty(how_long == FailsFor::One ? "one" : "all_behind", static_cast<int>(failures));
  }
  RecordProperty("sessions", runs);
  std::printf("%d sessions\n", runs);
}

constexpr const char* kDigest = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";

INSTANTIATE_TEST_SUITE_P(
    Sessions, OutOfMemory,
    ::testing::Values(
        Scenario{.name = "HeaderPacketsAndEnd"},
        Scenario{.name = "Rollover", .content_length = 1000},
        Scenario{.name = "Playlist", .entries = 2},
        Scenario{.name = "Basic", .credentials = "me:secret@", .manner = {"Basic realm=\"r\""}},
        Scenario{.name = "Digest", .credentials = "me:secret@", .manner = {kDigest}},
        Scenario{.name = "Reconnect", .reconnect = true, .manner = {"", true}},
        Scenario{.name = "ReconnectInARollover",
                 .content_length = 1000,
                 .reconnect = true,
                 .manner = {"", true}},
        Scenario{.name = "NameToResolve", .host = "localhost"},
        Scenario{
            .name = "ResolversThread", .host = "localhost", .where = FailsIn::ThreadsOfTheLibrary},
        Scenario{.name = "CHeaderPacketsAndEnd", .by = Push::By::CSession},
        Scenario{.name = "CPlaylistWithRollover",
                 .by = Push::By::CSession,
                 .entries = 2,
                 .content_length = 1000},
        Scenario{.name = "CReconnect",
                 .by = Push::By::CSession,
                 .credentials = "me:secret@",
                 .reconnect = true,
                 .manner = {kDigest, true}}),
    [](const auto& each) { return std::string(each.param.name); });

/// A session whose callbacks throw.
class ThrowingCallbacks : public ::testing::Test {
 protected:
  ThrowingCallbacks() { wmpush_options_init(&options); }
  std::string url() const { return "wmpush://127.0.0.1:" + std::to_string(receiver.port()) + "/x"; }

  CountingReceiver receiver{CountingReceiver::Manner{}};
  const Material material;
  wmpush_options options;
};

TEST_F(ThrowingCallbacks, WhatTheLogCallbackThrowsIsDropped) {
  options.log = [](void*, wmpush_log_level, const char*) { throw std::runtime_error("full"); };
  PushSink sink(options);
  EXPECT_EQ(sink.Connect(url()), Result::S_OK);
  EXPECT_EQ(sink.OnHeader(material.header), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  EXPECT_NE(sink.OnHeader(material.header), Result::S_OK);
}

TEST_F(ThrowingCallbacks, WhatTheInterruptCallbackThrowsEndsTheSessionForGood) {
  bool throws = false;
  options.interrupt_opaque = &throws;
  options.interrupt = [](void* opaque) -> int {
    if (*static_cast<bool*>(opaque)) throw std::runtime_error("no answer to that");
    return 0;
  };
  PushSink sink(options);
  EXPECT_EQ(sink.Connect(url()), Result::S_OK);
  EXPECT_EQ(sink.OnHeader(material.header), Result::S_OK);
  throws = true;
  EXPECT_EQ(sink.wait_until(std::chrono::steady_clock::now() + std::chrono::minutes(1)),
            Result::E_FAIL);
  throws = false;
  EXPECT_NE(sink.last_error().message.find("no answer to that"), std::string::npos);
  EXPECT_EQ(sink.OnDataUnit(material.packets[0]), Result::NS_E_NOCONNECTION);
  EXPECT_NE(sink.EndSession(), Result::S_OK);
  EXPECT_NE(sink.OnEndWriting(), Result::S_OK);
  EXPECT_EQ(sink.stats().state, WMPUSH_STATE_ENDED);
  EXPECT_FALSE(receiver.tally("/x").ended);
  // The sink itself is as good as new.
  EXPECT_EQ(sink.Connect(url()), Result::S_OK);
}

}  // namespace
}  // namespace wmpush::test
