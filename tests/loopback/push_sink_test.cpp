// PushSink against the publishing point, over real sockets on loopback.
#include "wmpush/push_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include "asf/splitter.hpp"
#include "pubpoint/server.hpp"
#include "support/clip.hpp"
#include "support/faulty_server.hpp"
#include "support/log_lines.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::Server;
using pubpoint::Settings;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::size_t packets_in(const std::string& asf) {
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(asf);
  std::size_t packets = 0;
  do {
    EXPECT_FALSE(splitter.next(input, unit));
    packets += unit.kind == asf::Splitter::Kind::Packet;
  } while (unit.kind != asf::Splitter::Kind::None);
  return packets;
}

wmpush_options quick() {
  wmpush_options options;
  wmpush_options_init(&options);
  options.connect_timeout = 2'000'000;
  options.response_timeout = 400'000;
  options.send_timeout = 400'000;
  options.end_timeout = 400'000;
  return options;
}

std::string breaches(const Server& server) {
  std::string text;
  for (const pubpoint::Breach& breach : server.breaches())
    text += breach.rule + ": " + breach.text + "\n";
  return text;
}

class PushSinkTest : public ::testing::Test {
 protected:
  /// Pushes a clip in pieces of `piece` bytes; the result of the first call that fails, or of
  /// EndSession.
  Result push(const std::string& asf, std::size_t piece = 4096) {
    Bytes input = as_bytes(asf);
    while (!input.empty()) {
      const Bytes part = input.first(std::min(piece, input.size()));
      input = input.subspan(part.size());
      const Result result = sink.write(part);
      if (failed(result)) return result;
    }
    const Result result = sink.OnEndWriting();
    if (failed(result)) return result;
    return sink.EndSession();
  }

  void add_fault(At at, Do what, int status = 500, std::uint64_t packet = 1) {
    Fault fault;
    fault.at = at;
    fault.what = what;
    fault.status = status;
    fault.packet = packet;
    server.add_fault(fault);
  }

  FaultyServer server{Settings{}};
  PushSink sink{quick()};
};

TEST_F(PushSinkTest, DeliversEveryPacketAndTheEnd) {
  for (const char* layout : {"-f asf", "-f asf_stream"}) {
    const std::string& asf = clip(layout);
    ASSERT_EQ(sink.Connect(server.url()), Result::S_OK) << sink.last_error().message;
    EXPECT_EQ(sink.publishing_point().server, "Cougar/9.6.7600.16564");
    EXPECT_EQ(push(asf), Result::S_OK) << sink.last_error().message;
    EXPECT_EQ(breaches(server), "");
    ASSERT_TRUE(server.wait_for([&] { return !server.sessions().back().running; }));
    const auto session = server.sessions().back();
    EXPECT_EQ(session.packets, packets_in(asf));
    EXPECT_TRUE(session.end_of_stream);
    EXPECT_EQ(session.end_reason, 0u);
    const wmpush_stats stats = sink.stats();
    EXPECT_EQ(stats.packets_sent, session.packets);
    EXPECT_EQ(stats.bytes_accepted, asf.size());
    EXPECT_EQ(stats.input_ended, 1);
    EXPECT_EQ(stats.state, WMPUSH_STATE_ENDED);
    EXPECT_EQ(stats.connected, 0);
  }
}

TEST_F(PushSinkTest, SeveralPacketsLeaveTogetherInTheirOrder) {
  asf::Splitter splitter;
  Bytes input = as_bytes(clip());
  std::vector<std::vector<std::byte>> packets;
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  for (asf::Splitter::Unit unit; !splitter.next(input, unit);) {
    if (unit.kind == asf::Splitter::Kind::None) break;
    if (unit.kind == asf::Splitter::Kind::Header) {
      ASSERT_EQ(sink.OnHeader(unit.bytes), Result::S_OK);
    }
    if (unit.kind == asf::Splitter::Kind::Packet)
      packets.emplace_back(unit.bytes.begin(), unit.bytes.end());
  }
  const std::vector<std::byte> too_large(70'000);
  std::vector<Bytes> all(packets.begin(), packets.end());
  EXPECT_EQ(sink.OnDataUnits(all), Result::S_OK) << sink.last_error().message;
  EXPECT_EQ(sink.OnDataUnits({}), Result::S_OK);
  all.insert(all.begin() + 3, too_large);
  EXPECT_EQ(sink.OnDataUnits(all), Result::NS_E_INVALID_DATA);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(server.wait_for([&] { return !server.sessions().back().running; }));
  EXPECT_EQ(server.sessions().back().packets, packets.size() + 3) << "those before it are sent";
  EXPECT_EQ(breaches(server), "");
}

TEST_F(PushSinkTest, TakesItsInputOneByteAtATime) {
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  EXPECT_EQ(push(clip(), 1), Result::S_OK) << sink.last_error().message;
  EXPECT_EQ(sink.stats().packets_sent, packets_in(clip()));
}

TEST_F(PushSinkTest, C30_EndSessionIsSuccessOnlyOnce) {
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  EXPECT_EQ(push(clip()), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::NS_E_NOCONNECTION);
  EXPECT_EQ(sink.write(as_bytes("x")), Result::NS_E_INVALID_REQUEST);
}

TEST_F(PushSinkTest, C30_AResetAfterTheEndIsAConnectionFailure) {
  add_fault(At::End, Do::Reset);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  EXPECT_EQ(push(clip()), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(sink.EndSession(), Result::NS_E_NOCONNECTION);
}

TEST_F(PushSinkTest, C30_AServerThatSaysNothingAfterTheEndHasTakenIt) {
  add_fault(At::End, Do::Silence);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  EXPECT_EQ(push(clip()), Result::S_OK) << sink.last_error().message;
}

TEST_F(PushSinkTest, C31_EndSessionWithoutAConnectionIsNoConnection) {
  EXPECT_EQ(sink.EndSession(), Result::NS_E_NOCONNECTION);
  EXPECT_THAT(sink.last_error().message, HasSubstr("no connection"));
}

TEST_F(PushSinkTest, C31_EndSessionOnADeadConnectionIsConnectionFailure) {
  add_fault(At::Packet, Do::Reset, 0, 3);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  Result result = Result::S_OK;
  Bytes input = as_bytes(clip());
  while (succeeded(result) && !input.empty()) {
    result = sink.write(input.first(std::min<std::size_t>(3200, input.size())));
    input = input.subspan(std::min<std::size_t>(3200, input.size()));
  }
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(sink.EndSession(), Result::NS_E_NOCONNECTION);
}

TEST_F(PushSinkTest, C32_DisconnectLeavesTheSessionToBeResumed) {
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip()).first(clip().size() / 2)), Result::S_OK);
  EXPECT_EQ(sink.Disconnect(), Result::S_OK);
  EXPECT_EQ(sink.Disconnect(), Result::S_FALSE);
  ASSERT_TRUE(server.wait_for([&] { return !server.sessions().back().receiving; }));
  EXPECT_TRUE(server.sessions().back().running);
  EXPECT_FALSE(server.sessions().back().end_of_stream);
}

TEST_F(PushSinkTest, C25_AnAnswerInMidBodyWinsOverTheResetThatFollowsIt) {
  add_fault(At::Packet, Do::Respond, 408, 2);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  // The server closes with data unread, which resets the connection.
  Result result = Result::S_OK;
  for (Bytes input = as_bytes(clip()); succeeded(result) && !input.empty();) {
    const Bytes part = input.first(std::min<std::size_t>(3200, input.size()));
    input = input.subspan(part.size());
    result = sink.write(part);
  }
  if (succeeded(result)) result = sink.wait_until(std::chrono::steady_clock::now() + 20s);
  EXPECT_EQ(result, Result::NS_E_TIMEOUT);
  EXPECT_EQ(sink.last_error().http_status, 408);
}

TEST_F(PushSinkTest, C25_AnAnswerIsNoticedWhileThereIsNothingToSend) {
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip()).first(8000)), Result::S_OK);
  ASSERT_TRUE(server.wait_for([&] { return server.sessions().back().packets > 0; }));
  server.disconnect("/live", 503);
  EXPECT_EQ(sink.wait_until(std::chrono::steady_clock::now() + 20s),
            Result::NS_E_SERVER_UNAVAILABLE);
}

TEST_F(PushSinkTest, AnInterruptEndsEveryWait) {
  auto options = quick();
  options.response_timeout = 60'000'000;
  int asked = 0;
  options.interrupt = [](void* count) { return ++*static_cast<int*>(count) > 3 ? 1 : 0; };
  options.interrupt_opaque = &asked;
  add_fault(At::Connect, Do::Silence);
  PushSink interrupted(options);
  EXPECT_EQ(interrupted.Connect(server.url()), Result::NS_E_SHUTDOWN);
  EXPECT_GT(asked, 3);
}

TEST_F(PushSinkTest, NoPasswordIsEverShown) {
  std::string lines;
  auto options = quick();
  keep_log(options, lines);
  PushSink logging(options);
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(logging.Connect("wmpush://user:hunter2@" + host + "/nowhere?hunter2"),
            Result::NS_E_INVALID_PUSH_PUBLISHING_POINT);
  EXPECT_THAT(lines, AllOf(HasSubstr("user@"), HasSubstr("404")));
  EXPECT_THAT(lines, Not(HasSubstr("hunter2")));
  EXPECT_THAT(logging.last_error().message, Not(HasSubstr("hunter2")));
}

/// A bare chroot has no /etc/hosts.
bool knows_localhost() {
  addrinfo* found = nullptr;
  if (getaddrinfo("localhost", nullptr, nullptr, &found) != 0) return false;
  freeaddrinfo(found);
  return true;
}

TEST_F(PushSinkTest, EveryAddressOfANameIsTriedAndEachFailureNamed) {
  if (!knows_localhost()) GTEST_SKIP() << "localhost does not resolve on this system";
  // The server listens on 127.0.0.1 only; a name with both addresses must still reach it.
  EXPECT_EQ(sink.Connect("wmpush://localhost:" + std::to_string(server.port()) + "/live"),
            Result::S_OK)
      << sink.last_error().message;
  PushSink refused{quick()};
  const std::uint16_t port = server.port();
  server.stop();
  EXPECT_EQ(refused.Connect("wmpush://localhost:" + std::to_string(port) + "/live"),
            Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_EQ(refused.last_error().system_error, ECONNREFUSED);
  EXPECT_THAT(refused.last_error().message, HasSubstr("127.0.0.1:" + std::to_string(port)));
}

TEST_F(PushSinkTest, ReachesAServerOverIPv6) {
  Settings settings;
  settings.address = "::1";
  Server v6(settings);
  ASSERT_EQ(sink.Connect(v6.url()), Result::S_OK) << sink.last_error().message;
  EXPECT_THAT(sink.publishing_point().address, HasSubstr("[::1]:"));
  EXPECT_EQ(push(clip()), Result::S_OK);
}

TEST_F(PushSinkTest, ASinkCanBeConnectedAgainAfterItsSession) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
    EXPECT_EQ(sink.Connect(server.url()), Result::NS_E_INVALID_REQUEST);
    EXPECT_EQ(push(clip()), Result::S_OK);
    EXPECT_EQ(sink.stats().bytes_accepted, clip().size());
  }
}

TEST_F(PushSinkTest, TheHeaderThatAServerGetsIsFitForALivePush) {
  // What the fix-up leaves alone goes out as the muxer wrote it.
  Settings settings;
  const TemporaryDirectory directory;
  settings.record = directory.path();
  ASSERT_EQ(sink.Connect(server.url() + "?fix_header=0&strip_padding=0"), Result::S_OK);
  EXPECT_EQ(push(clip()), Result::S_OK);
  EXPECT_EQ(sink.stats().padding_bytes, 0u);
  const auto unfixed = server.sessions().back().bytes;
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  EXPECT_EQ(push(clip()), Result::S_OK);
  const auto fixed = server.sessions().back().bytes;
  // A Stream Bitrate Properties Object for two streams was added, and padding left out.
  EXPECT_EQ(fixed + sink.stats().padding_bytes, unfixed + 26 + 2 * 6);
}

TEST_F(PushSinkTest, WhatIsNotAsfIsRefusedBeforeAnythingIsSent) {
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  EXPECT_EQ(sink.write(as_bytes("\x1A\x45\xDF\xA3 this is no ASF at all")),
            Result::NS_E_INVALID_DATA);
  EXPECT_THAT(sink.last_error().message, AllOf(HasSubstr("Matroska"), HasSubstr("-f asf")));
  EXPECT_EQ(sink.EndSession(), Result::NS_E_INVALID_REQUEST);
  EXPECT_EQ(sink.Disconnect(), Result::S_OK);
  EXPECT_EQ(server.requests(), 1u);
}

TEST_F(PushSinkTest, InputThatBreaksOffIsReportedAndWhatCameWholeIsDelivered) {
  const std::string& whole = clip("-packet_size 1000 -f asf");
  const std::string broken = whole.substr(0, whole.size() / 2);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  EXPECT_EQ(push(broken), Result::NS_E_INVALID_DATA);
  EXPECT_THAT(sink.last_error().message, HasSubstr("truncated"));
  EXPECT_EQ(sink.AbortSession(Result::NS_E_INVALID_DATA), Result::S_OK);
  ASSERT_TRUE(server.wait_for([&] { return !server.sessions().back().running; }));
  EXPECT_EQ(server.sessions().back().packets, sink.stats().packets_sent);
  EXPECT_EQ(server.sessions().back().end_reason, 0xC00D002Fu);
}

TEST_F(PushSinkTest, EndSessionIsNoSuccessWhenTheInputBrokeOff) {
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip()).first(clip().size() / 2 + 1)), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::NS_E_INVALID_DATA);
  EXPECT_THAT(sink.last_error().message, HasSubstr("truncated"));
  EXPECT_EQ(sink.EndSession(), Result::NS_E_NOCONNECTION);
  ASSERT_TRUE(server.wait_for([&] { return !server.sessions().back().running; }));
  EXPECT_EQ(server.sessions().back().end_reason, 0xC00D002Fu);
}

TEST_F(PushSinkTest, F02_AHeaderWithMoreOrLessBehindItIsRefusedBeforeItIsSent) {
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(clip());
  ASSERT_FALSE(splitter.next(input, unit));
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  const Bytes whole = as_bytes(clip()).first(unit.bytes.size() + 1);
  EXPECT_EQ(sink.OnHeader(whole), Result::NS_E_INVALID_DATA);
  EXPECT_EQ(sink.OnHeader(unit.bytes.first(unit.bytes.size() - 50)), Result::NS_E_INVALID_DATA);
  EXPECT_EQ(sink.OnHeader(unit.bytes), Result::S_OK) << sink.last_error().message;
  EXPECT_EQ(breaches(server), "");
}

TEST_F(PushSinkTest, F05_AStreamChangeThatIsRefusedDoesNotHideWhyThePushFailsLater) {
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(clip());
  ASSERT_FALSE(splitter.next(input, unit));
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(unit.bytes), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(std::vector<std::byte>(65528)), Result::NS_E_INVALID_DATA);
  EXPECT_EQ(sink.OnHeader(unit.bytes), Result::S_OK) << "the session goes on";
  ASSERT_TRUE(server.wait_for([&] { return server.sessions().back().entries == 2; }));
  server.disconnect("/live", 503);
  EXPECT_EQ(sink.wait_until(std::chrono::steady_clock::now() + 20s),
            Result::NS_E_SERVER_UNAVAILABLE);
  EXPECT_THAT(sink.last_error().message, HasSubstr("503"));
}

TEST_F(PushSinkTest, AnEmptyPasswordFileIsNamed) {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "password").string();
  std::ofstream(file).close();
  const std::string missing = file + "x";
  wmpush_options options = quick();
  options.password_file = file.c_str();
  sink = PushSink(options);
  EXPECT_EQ(sink.Connect(server.url()), Result::E_INVALIDARG);
  EXPECT_THAT(sink.last_error().message, HasSubstr("no first line"));
  options.password_file = missing.c_str();
  sink = PushSink(options);
  EXPECT_EQ(sink.Connect(server.url()), Result::E_INVALIDARG);
  EXPECT_THAT(sink.last_error().message, HasSubstr("No such file"));
}

TEST_F(PushSinkTest, AUrlNamesNoFileAndNoRouteOfThisMachine) {
  std::size_t refused = 0;
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i) {
    if (info->not_in_url == 0) continue;
    ++refused;
    for (const std::string value : {"/etc/hostname", "http%3a%2f%2fpat%3ahush@proxy", ""}) {
      const std::string url = server.url() + "?end_timeout=1&" + info->name + "=" + value;
      EXPECT_EQ(sink.Connect(url), Result::E_INVALIDARG) << url;
      EXPECT_THAT(sink.last_error().message,
                  AllOf(HasSubstr(std::string(info->name) + " is not taken from a URL"),
                        HasSubstr(std::string("--") + info->name), Not(HasSubstr("hush")),
                        Not(HasSubstr("hostname"))));
    }
  }
  EXPECT_EQ(refused, 6u);
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(PushSinkTest, AUserAgentHasNoControlCharacters) {
  for (const char* product : {"me/1\r\nX: y", "me\t1", "me\x7f", "me\xc2\x85",
                              "me\xc2\x9b"
                              "31m",
                              "me\x9b"}) {
    wmpush_options options = quick();
    options.user_agent = product;
    PushSink strange(options);
    EXPECT_EQ(strange.Connect(server.url()), Result::E_INVALIDARG) << product;
    EXPECT_THAT(strange.last_error().message, HasSubstr("user_agent has a control character"));
  }
  EXPECT_EQ(sink.Connect(server.url() + "?user_agent=me%1b%5b"), Result::E_INVALIDARG);
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(PushSinkTest, ADamagedPacketIsSentAsItCameAndWarnedOfOnce) {
  std::string lines;
  wmpush_options options = quick();
  options.log_opaque = &lines;
  options.log = [](void* to, wmpush_log_level level, const char* line) {
    if (level == WMPUSH_LOG_WARNING) *static_cast<std::string*>(to) += std::string(line) + "\n";
  };
  sink = PushSink(options);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(clip());
  ASSERT_FALSE(splitter.next(input, unit));
  ASSERT_EQ(sink.OnHeader(unit.bytes), Result::S_OK);
  const std::vector<std::byte> garbage(100, std::byte{0xFF});
  EXPECT_EQ(sink.OnDataUnit(garbage), Result::S_OK);
  EXPECT_EQ(sink.OnDataUnit(garbage), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  EXPECT_EQ(sink.stats().packets_malformed, 2u);
  EXPECT_THAT(lines, HasSubstr("data packet 1 is damaged"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
}

}  // namespace
}  // namespace wmpush::test
