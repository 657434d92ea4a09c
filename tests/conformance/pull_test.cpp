// What those get who watch: on the wire, byte by byte.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>

#include "asf/payload.hpp"
#include "conformance/test_server.hpp"
#include "pubpoint/access/token.hpp"
#include "pubpoint/point/fallback.hpp"
#include "pubpoint/pull/pull_response.hpp"
#include "pubpoint/pull/viewer.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint8_t kVideo = 1;
constexpr std::uint8_t kAudio = 2;

std::string header(std::size_t packet_size = 200, std::size_t filling = 0) {
  HeaderSpec spec;
  spec.packet_size = static_cast<std::uint32_t>(packet_size);
  spec.preroll = 1000;
  spec.filling = filling;
  spec.streams = {StreamSpec::video(kVideo), StreamSpec::audio(kAudio)};
  return std::string(as_text(make_header(spec)));
}

/// Sound and then picture, both of `time`; the picture may be a key frame.
std::string packet(std::uint32_t time, bool key_frame, std::size_t packet_size = 200) {
  PacketSpec spec;
  spec.packet_size = packet_size;
  spec.send_time = time;
  const auto object = static_cast<std::uint8_t>(time / 40);
  spec.payloads = {{kAudio, true, object, 0, 30, time + 1000, 30},
                   {kVideo, key_frame, object, 0, 40, time + 1000, 40}};
  return std::string(as_text(make_packet(spec)));
}

std::string h(const std::string& asf) { return frame(wmhttp::FrameId::Header, asf); }
std::string c(const std::string& asf) { return frame(wmhttp::FrameId::StreamChange, asf); }
std::string d(const std::string& asf) { return frame(wmhttp::FrameId::Data, asf); }

/// 25 pictures a second from `from` on, the first a key frame and then every `distance`-th one.
std::string packets(std::uint32_t from, int count, int distance = 25) {
  std::string body;
  for (int i = 0; i < count; ++i)
    body += d(packet(from + static_cast<std::uint32_t>(i) * 40, i % distance == 0));
  return body;
}

struct PullFrame {
  char id = 0;
  std::uint32_t location = 0;
  std::uint32_t flags = 0;
  std::uint32_t reason = 0;
  std::string payload;
};

std::vector<PullFrame> frames_in(const std::string& text) {
  std::vector<PullFrame> frames;
  const Bytes bytes = as_bytes(text);
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    PullFrame next;
    EXPECT_EQ(text[at], '$');
    next.id = text[at + 1];
    const std::size_t length = load_le<std::uint16_t>(bytes, at + 2);
    if (next.id == 'E' || next.id == 'C') {
      EXPECT_EQ(length, 4u);
      next.reason = load_le<std::uint32_t>(bytes, at + 4);
    } else {
      next.location = load_le<std::uint32_t>(bytes, at + 4);
      next.flags = load_le<std::uint8_t>(bytes, at + 9);
      EXPECT_EQ(load_le<std::uint16_t>(bytes, at + 10), length);
      next.payload = text.substr(at + 12, length - 8);
    }
    at += 4 + length;
    frames.push_back(next);
  }
  return frames;
}

std::string ids_of(const std::vector<PullFrame>& frames) {
  std::string ids;
  for (const PullFrame& each : frames) ids += each.id;
  return ids;
}

/// "V1000 A1000": stream and time of each payload; a key frame is a K.
std::string payloads_of(const std::string& asf) {
  asf::DataPacket head;
  if (!asf::DataPacket::parse(as_bytes(asf), head)) return "malformed";
  asf::PayloadReader payloads(as_bytes(asf), head);
  std::string text;
  for (asf::Payload payload; payloads.next(payload);)
    text += (text.empty() ? "" : " ") +
            std::string(payload.stream == kAudio ? "A"
                        : payload.key_frame      ? "K"
                                                 : "V") +
            std::to_string(payload.presentation_time);
  return text;
}

std::string request(const std::string& method, const std::string& target,
                    const std::string& fields) {
  return method + " " + target + " HTTP/1.1\r\nHost: radio.example:8080\r\n" + fields + "\r\n";
}
std::string plain(const std::string& target = "/live") {
  return request("GET", target, "User-Agent: Lavf/59\r\nRange: bytes=0-\r\n");
}
std::string describe(const std::string& more = "", unsigned version = 4) {
  return request("GET", "/live",
                 "User-Agent: NSPlayer/" + std::to_string(version) + ".1.0.3856\r\n" + more);
}
std::string play(const std::string& more = "", unsigned version = 4) {
  return describe("Pragma: xPlayStrm=1\r\n" + more, version);
}

class Pull : public ServerTest {
 protected:
  void SetUp() override {
    settings.viewer_threads = 1;
    serve();
  }
  /// A push that has begun.
  std::string begin(const std::string& body, const std::string& path = "/live") {
    pushes.push_back(connect());
    return push(*pushes.back(), body, path);
  }
  void push_more(const std::string& body) { pushes.back()->send(body); }

  /// Asks, and reads the head of the answer.
  std::string ask(const std::string& text) {
    viewers.push_back(connect());
    viewers.back()->send(text);
    return viewers.back()->read_response();
  }
  RawClient& viewer() { return *viewers.back(); }
  bool viewers_are(std::size_t count) {
    return server->wait_for([&] { return server->viewers().size() == count; });
  }

  std::vector<std::unique_ptr<RawClient>> pushes;
  std::vector<std::unique_ptr<RawClient>> viewers;
};

TEST_F(Pull, P11_P10_P13_P15_DescribeGivesTheHeaderAndCloses) {
  begin(h(header()) + packets(0, 3));
  const std::string head = ask(describe());
  EXPECT_EQ(status_of(head), 200);
  EXPECT_THAT(field_of(head, "Server"), testing::StartsWith("Rex/9"));
  EXPECT_EQ(field_of(head, "Content-Type"), "application/vnd.ms.wms-hdr.asfv1");
  EXPECT_THAT(field_of(head, "Cache-Control"), HasSubstr("no-cache"));
  EXPECT_THAT(head, HasSubstr("features=\"broadcast,"));
  EXPECT_THAT(head, Not(HasSubstr("seekable")));
  const std::string body = viewer().read_to_end();
  EXPECT_EQ(field_of(head, "Content-Length"), std::to_string(body.size()));
  const auto frames = frames_in(body);
  ASSERT_EQ(ids_of(frames), "H");
  EXPECT_EQ(frames[0].flags, 0x0Cu);
  EXPECT_EQ(frames[0].payload, header());
}

TEST_F(Pull, P11_DescribeLeavesTheConnectionToAPlayerThatStays) {
  begin(h(header()) + packets(0, 1));
  const std::string head = ask(describe("Connection: Keep-Alive\r\n", 12));
  viewer().read(std::stoul(field_of(head, "Content-Length")));
  viewer().send(play());
  EXPECT_EQ(status_of(viewer().read_response()), 200);
}

TEST_F(Pull, P12_P20_P21_P23_P24_PlayGivesFramesUntilTheEnd) {
  begin(h(header()) + packets(0, 3) + end_frame());
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().empty(); }));
  begin(h(header()) + packets(0, 1));
  const std::string head = ask(play());
  EXPECT_EQ(field_of(head, "Content-Type"), "application/x-mms-framed");
  EXPECT_EQ(field_of(head, "Content-Length"), "");
  push_more(d(packet(40, false)) + d(packet(80, false)) + end_frame());
  const auto frames = frames_in(viewer().read_to_end());
  ASSERT_EQ(ids_of(frames), "HDDDE");
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(frames[i].flags, i - 1);
    EXPECT_EQ(frames[i].location, frames[1].location + i - 1);
    EXPECT_LT(frames[i].payload.size(), 200u) << "without padding";
  }
  EXPECT_EQ(frames[4].reason, 0u);
}

TEST_F(Pull, P05_P06_P17_WhatABroadcastDoesNotGrantIsNotEchoed) {
  begin(h(header()) + packets(0, 3));
  const std::string head =
      ask(play("Pragma: rate=2.000,stream-time=60000,stream-offset=1:2,packet-num=7\r\n"
               "Pragma: AccelBW=5000000,AccelDuration=20000,Speed=5.0\r\n"
               "Pragma: pipeline-experiment=1,packet-pair-experiment=1\r\n",
               9));
  EXPECT_EQ(status_of(head), 200);
  for (const char* word : {"Accel", "Speed", "experiment", "stream-time", "rate=2"})
    EXPECT_THAT(head, Not(HasSubstr(word)));
  push_more(end_frame());
  EXPECT_EQ(ids_of(frames_in(viewer().read_to_end())), "HDDDE") << "from where everybody begins";
}

TEST_F(Pull, P16_SupportedIsToldFromVersionNineOn) {
  begin(h(header()) + packets(0, 1));
  EXPECT_EQ(field_of(ask(play("", 4)), "Supported"), "");
  EXPECT_THAT(field_of(ask(play("", 9)), "Supported"), HasSubstr("com.microsoft.wm.sswitch"));
}

TEST_F(Pull, P18_APointThatIsNotThereIsNotFoundAtOnce) {
  EXPECT_EQ(status_of(ask(plain("/nowhere"))), 404);
  EXPECT_EQ(status_of(ask(request("GET", "/nowhere", "User-Agent: NSPlayer/9.0\r\n"))), 404);
}

TEST_F(Pull, P18_AFullServerSaysSo) {
  settings.limits.viewers = 2;
  settings.limits.point_viewers = 1;
  settings.points = {"/live", "/other", "/third"};
  serve();
  begin(h(header()) + packets(0, 1));
  begin(h(header()) + packets(0, 1), "/other");
  begin(h(header()) + packets(0, 1), "/third");
  EXPECT_EQ(status_of(ask(plain("/live"))), 200);
  EXPECT_EQ(status_of(ask(plain("/live"))), 503);
  EXPECT_EQ(status_of(ask(plain("/other"))), 200);
  EXPECT_EQ(status_of(ask(plain("/third"))), 503);
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::PointViewers], 1u);
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::Viewers], 1u);
  viewers[0]->close();
  ASSERT_TRUE(viewers_are(1));
  EXPECT_EQ(status_of(ask(plain("/third"))), 200);
}

TEST_F(Pull, P07_ASessionHasANumberAndAnUnknownOneGetsANewOne) {
  begin(h(header()) + packets(0, 1));
  const auto id_of = [](const std::string& head) {
    const std::size_t at = head.find("client-id=") + 10;
    return head.substr(at, head.find(',', at) - at);
  };
  const std::string first = ask(describe());
  EXPECT_THAT(first, Not(HasSubstr("xResetStrm")));
  const std::string again = ask(play("Pragma: client-id=" + id_of(first) + "\r\n"));
  EXPECT_EQ(id_of(again), id_of(first));
  EXPECT_EQ(status_of(ask(play("Pragma: client-id=" + id_of(first) + "\r\n"))), 400)
      << "it plays already";
  const std::string unknown = ask(play("Pragma: client-id=1\r\n"));
  EXPECT_THAT(unknown, HasSubstr("xResetStrm=1"));
  EXPECT_NE(id_of(unknown), "1");
}

TEST_F(Pull, P22_ALargeHeaderComesInPieces) {
  const std::string large = header(200, 65531 - header().size());
  ASSERT_EQ(large.size(), 65531u);
  begin(h(large) + packets(0, 1));
  ask(describe());
  const auto frames = frames_in(viewer().read_to_end());
  ASSERT_EQ(ids_of(frames), "HH");
  EXPECT_EQ(frames[0].flags, 4u);
  EXPECT_EQ(frames[1].flags, 8u);
  EXPECT_EQ(frames[1].location, 1u);
  EXPECT_EQ(frames[0].payload + frames[1].payload, large);
}

TEST_F(Pull, P24_P40_OthersGetPlainAsfWithItsPadding) {
  begin(h(header()) + packets(0, 2));
  const std::string head = ask(plain());
  EXPECT_THAT(head, testing::StartsWith("HTTP/1.0 200 "));
  EXPECT_EQ(field_of(head, "Content-Type"), "video/x-ms-asf");
  EXPECT_EQ(field_of(head, "Content-Length"), "");
  EXPECT_EQ(field_of(head, "Accept-Ranges"), "none");
  push_more(end_frame());
  const std::string body = viewer().read_to_end();
  ASSERT_EQ(body.size(), header().size() + 2 * 200);
  EXPECT_EQ(body.substr(0, header().size()), header());
  EXPECT_EQ(payloads_of(body.substr(header().size(), 200)), "A1000 K1000");
  EXPECT_EQ(payloads_of(body.substr(header().size() + 200)), "A1040 V1040");
}

TEST_F(Pull, P13_TheHeaderOfAFileIsShownAsThatOfABroadcast) {
  HeaderSpec spec;
  spec.flags = 2;  // seekable
  spec.streams = {StreamSpec::video(kVideo), StreamSpec::audio(kAudio)};
  begin(h(std::string(as_text(make_header(spec)))) + packets(0, 1));
  ask(plain());
  const std::string asf = viewer().read(make_header(spec).size());
  asf::Header seen;
  ASSERT_FALSE(asf::parse_header(as_bytes(asf), seen));
  EXPECT_EQ(seen.flags, asf::Header::kBroadcast);
}

TEST_F(Pull, P40_AnnouncementsNameTheStream) {
  begin(h(header()) + packets(0, 1));
  ask(plain("/live.asx?token=a&b"));
  EXPECT_THAT(viewer().read_to_end(),
              testing::AllOf(HasSubstr("\"mmsh://radio.example:8080/live?token=a&amp;b\""),
                             HasSubstr("\"http://radio.example:8080/live?token=a&amp;b\"")));
  ask(plain("/live.m3u"));
  EXPECT_EQ(viewer().read_to_end(), "#EXTM3U\r\nhttp://radio.example:8080/live\r\n");
  EXPECT_THAT(ask(plain("/live.asf")), HasSubstr("video/x-ms-asf"));
  EXPECT_THAT(ask(request("GET", "/live", "Accept: text/html,*/*\r\n")), HasSubstr("text/html"));
}

TEST_F(Pull, P40_AHostThatCannotStandInAUrlIsNotRepeated) {
  begin(h(header()) + packets(0, 1));
  viewers.push_back(connect());
  viewer().send("GET /live.asx HTTP/1.1\r\nHost: a\"><b\r\n\r\n");
  EXPECT_EQ(status_of(viewer().read_response()), 400);
}

TEST_F(Pull, P40_AHeadRequestGetsTheHeadOnly) {
  begin(h(header()) + packets(0, 1));
  EXPECT_THAT(ask(request("HEAD", "/live", "User-Agent: curl/8\r\n")), HasSubstr("video/x-ms-asf"));
  EXPECT_EQ(viewer().read_to_end(), "");
}

TEST_F(Pull, P41_AViewerBeginsAtAKeyFrameAndGetsNothingOfThePictureBefore) {
  PacketSpec spec;
  spec.send_time = 1040;
  spec.payloads = {{kVideo, false, 26, 20, 40, 2000, 20},
                   {kAudio, true, 26, 0, 30, 2040, 30},
                   {kVideo, true, 27, 0, 20, 2040, 20}};
  const std::string mixed(as_text(make_packet(spec)));
  const std::string id =
      begin(h(header()) + d(packet(960, false)) + d(packet(1000, false)) + d(mixed));
  ASSERT_TRUE(packets_reach(id, 3));
  for (const std::string& ask_for : {plain(), play()}) ask(ask_for);
  push_more(end_frame());
  const std::string asf = viewers[0]->read_to_end();
  EXPECT_EQ(asf.size(), header().size() + 200);
  EXPECT_EQ(payloads_of(asf.substr(header().size())), "A2040 K2040");
  const auto frames = frames_in(viewers[1]->read_to_end());
  ASSERT_EQ(ids_of(frames), "HDE");
  EXPECT_EQ(payloads_of(frames[1].payload), "A2040 K2040");
}

TEST_F(Pull, P42_AViewerBeginsAtTheNewestKeyFrameThatIsAsOldAsThePreroll) {
  // Key frames at 0, 400, 800, … 2000; now it is 2360, and the preroll 1000.
  const std::string id = begin(h(header()) + packets(0, 60, 10));
  ASSERT_TRUE(packets_reach(id, 60));
  ask(play());
  push_more(end_frame());
  const auto frames = frames_in(viewer().read_to_end());
  ASSERT_GT(frames.size(), 2u);
  EXPECT_EQ(payloads_of(frames[1].payload), "A2200 K2200");
}

TEST_F(Pull, P43_P44_ANewPushGoesOnOnTheSameTimelineWithoutThePause) {
  settings.takeover = pubpoint::Takeover::Newer;
  serve();
  begin(h(header()) + packets(0, 3));
  ask(play());
  const std::string id = begin(h(header()) + d(packet(900'000, false)) + packets(900'040, 2));
  ASSERT_TRUE(packets_reach(id, 3));
  push_more(end_frame());
  const auto frames = frames_in(viewer().read_to_end());
  ASSERT_EQ(ids_of(frames), "HDDDDDE");
  std::vector<std::string> seen;
  for (const PullFrame& each : frames)
    if (each.id == 'D') seen.push_back(payloads_of(each.payload));
  EXPECT_THAT(
      seen, ElementsAre("A1000 K1000", "A1040 V1040", "A1080 V1080", "A1120 K1120", "A1160 V1160"));
}

TEST_F(Pull, P43_AnEntryWithTheSameStreamsIsNotTold) {
  begin(h(header()) + packets(0, 2) + end_frame(1) + c(header()) + packets(0, 2));
  ask(play());
  push_more(end_frame());
  const auto frames = frames_in(viewer().read_to_end());
  ASSERT_THAT(ids_of(frames), testing::AnyOf("HDDDDE", "HDDE"));
  EXPECT_EQ(payloads_of(frames[frames.size() - 2].payload), "A1120 V1120");
}

TEST_F(Pull, P45_AnotherHeaderIsToldToWhoUnderstandsItAndEndsTheOthers) {
  begin(h(header()) + packets(0, 1));
  ask(play("", 12));
  ask(play("", 4));
  ask(plain());
  const std::string other = header(300);
  push_more(end_frame(1) + c(other) + d(packet(0, true, 300)) + end_frame());
  const auto told = frames_in(viewers[0]->read_to_end());
  ASSERT_EQ(ids_of(told), "HDCHDE");
  EXPECT_EQ(told[3].payload, other);
  EXPECT_EQ(ids_of(frames_in(viewers[1]->read_to_end())), "HDE");
  EXPECT_EQ(viewers[2]->read_to_end().size(), header().size() + 200);
}

TEST_F(Pull, P46_P25_TheEndOfThePushIsTheEnd) {
  begin(h(header()) + packets(0, 1));
  ask(play());
  push_more(end_frame(0x80004005));
  const auto frames = frames_in(viewer().read_to_end());
  ASSERT_EQ(ids_of(frames), "HDE");
  EXPECT_EQ(frames[2].reason, 0x80004005u);
  viewer().close();
  EXPECT_TRUE(viewers_are(0));
}

TEST_F(Pull, P47_ALostPusherIsWaitedForAsLongAsItsSession) {
  const std::string id = begin(h(header()) + packets(0, 1));
  ask(play());
  viewer().read(header().size());
  pushes.back()->reset();
  ASSERT_TRUE(connection_is_lost(id));
  clock.advance(settings.idle_timeout - std::chrono::milliseconds(1));
  server->check_timers();
  EXPECT_TRUE(viewer().silent_for(std::chrono::milliseconds(1)) || viewers_are(1));
  clock.advance(std::chrono::milliseconds(1));
  server->check_timers();
  clock.advance(settings.idle_timeout);
  server->check_timers();
  viewer().read_to_end();
  EXPECT_EQ(viewer().ending(), RawClient::Ending::Closed);
}

TEST_F(Pull, P48_AViewerThatComesFirstWaitsForThePush) {
  viewers.push_back(connect());
  viewer().send(describe());
  viewers.push_back(connect());
  viewer().send(plain());
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == 2; }));
  begin(h(header()) + packets(0, 1));
  EXPECT_EQ(status_of(viewers[0]->read_response()), 200);
  EXPECT_EQ(status_of(viewers[1]->read_response()), 200);
  push_more(end_frame());
  EXPECT_EQ(viewers[1]->read_to_end().size(), header().size() + 200);
}

TEST_F(Pull, P48_P18_AViewerThatHasWaitedLongEnoughIsToldThatThereIsNothing) {
  viewers.push_back(connect());
  viewer().send(plain());
  // The request may be read only after the clock was moved.
  do {
    clock.advance(settings.wait_for_push);
    server->check_timers();
  } while (viewer().silent_for(std::chrono::milliseconds(1)));
  EXPECT_EQ(status_of(viewer().read_response()), 503);
}

TEST_F(Pull, P26_WhatIsNotSelectedIsTakenOutOfThePackets) {
  begin(h(header()) + packets(0, 2));
  ask(play("Pragma: stream-switch-count=2\r\nPragma: stream-switch-entry=ffff:1:2 ffff:2:0\r\n"));
  push_more(end_frame());
  const auto frames = frames_in(viewer().read_to_end());
  ASSERT_EQ(ids_of(frames), "HDDE");
  EXPECT_EQ(payloads_of(frames[1].payload), "A1000");
  EXPECT_EQ(payloads_of(frames[2].payload), "A1040");
}

TEST_F(Pull, P26_AStreamThatIsSwitchedOnBeginsWithAKeyFrame) {
  begin(h(header()) + packets(0, 1));
  const std::string head = ask(play("Pragma: stream-switch-entry=ffff:1:2 ffff:2:0\r\n", 9));
  const std::size_t at = head.find("client-id=") + 10;
  const std::string id = head.substr(at, head.find(',', at) - at);
  const std::string first = viewer().read(12 + header().size() + 12 + 20);
  auto control = connect();
  control->send(request("POST", "/live",
                        "User-Agent: NSPlayer/9.0\r\nContent-Length: 0\r\nPragma: client-id=" + id +
                            "\r\nPragma: stream-switch-entry=ffff:1:0 ffff:2:0\r\n"));
  EXPECT_EQ(status_of(control->read_response()), 200);
  push_more(d(packet(40, false)) + d(packet(80, true)) + d(packet(120, false)) + end_frame());
  const auto frames = frames_in(first + viewer().read_to_end());
  std::vector<std::string> seen;
  for (const PullFrame& each : frames)
    if (each.id == 'D') seen.push_back(payloads_of(each.payload));
  EXPECT_THAT(seen, ElementsAre("A1000", "A1040", "A1080 K1080", "A1120 V1120"));
}

TEST_F(Pull, P28_P08_ReportsAreTakenWhateverIsInThem) {
  for (const char* type : {"application/x-wms-LogStats", "application/x-wms-sendevent"}) {
    auto client = connect();
    client->send(request("POST", "/live",
                         std::string("User-Agent: NSPlayer/12.0\r\nContent-Type: ") + type +
                             "\r\nContent-Length: 9\r\nConnection: Keep-Alive\r\n") +
                 std::string("<\xFF>\0 - - -", 9) + request("OPTIONS", "*", ""));
    EXPECT_EQ(status_of(client->read_response()), 200);
    EXPECT_EQ(status_of(client->read_response()), 200) << "and the next request";
  }
  EXPECT_EQ(status_of(ask(request("POST", "/live",
                                  "User-Agent: NSPlayer/12.0\r\nContent-Type: "
                                  "application/x-wms-LogStats\r\nContent-Length: 999999\r\n"))),
            413);
}

TEST_F(Pull, P01_StopEndsTheSessionOfAPlayer) {
  begin(h(header()) + packets(0, 1));
  const std::string head = ask(play());
  const std::size_t at = head.find("client-id=") + 10;
  const std::string id = head.substr(at, head.find(',', at) - at);
  auto control = connect();
  control->send(request("POST", "/live",
                        "User-Agent: NSPlayer/9.0\r\nContent-Length: 0\r\nPragma: xStopStrm=1\r\n"
                        "Pragma: client-id=" +
                            id + "\r\n"));
  EXPECT_EQ(status_of(control->read_response()), 200);
  EXPECT_TRUE(viewers_are(0));
}

TEST_F(Pull, P50_AViewerThatTakesNothingIsLetGoAndNobodyElseNotices) {
  settings.limits.viewer_queue = 200'000;
  serve();
  constexpr std::size_t kSize = 8000;
  begin(h(header(kSize)) + d(packet(0, true, kSize)));
  ask(plain());  // and reads no further
  ask(plain());
  RawClient& reader = viewer();
  std::size_t expected = header(kSize).size() + kSize;
  EXPECT_EQ(reader.read(expected).size(), expected);
  // Until the kernel's buffers are full and the queue has been behind twice.
  for (std::uint32_t i = 1; i < 3000 && server->viewers().size() == 2; ++i) {
    push_more(d(packet(i * 40, i % 10 == 0, kSize)));
    EXPECT_EQ(reader.read(kSize).size(), kSize);
  }
  EXPECT_EQ(server->viewers().size(), 1u);
  EXPECT_GE(server->limits_met()[pubpoint::Limit::ViewerQueue], 1u) << "its own, which has gone";
}

TEST_F(Pull, P50_HowFarViewersMayBeBehindCanBeChangedWhileTheyWatch) {
  serve();
  constexpr std::size_t kSize = 8000;
  begin(h(header(kSize)) + d(packet(0, true, kSize)));
  ask(plain());  // and reads no further
  std::uint32_t number = 0;
  const auto push_some = [&](std::uint32_t count) {
    for (const std::uint32_t last = number + count; number < last;) {
      ++number;
      push_more(d(packet(number * 40, number % 10 == 0, kSize)));
    }
    ASSERT_TRUE(server->wait_for([&] { return server->sessions().front().packets == number + 1; }));
  };
  const auto skips = [&] { return server->limits_met()[pubpoint::Limit::ViewerQueue]; };
  settings.limits.viewer_queue = 1 << 30;
  EXPECT_EQ(server->reload(settings), "");
  push_some(2000);  // more than the kernel and the queue of before take
  EXPECT_EQ(skips(), 0u);
  // So much that its thread, however late, does not find it too far behind twice.
  settings.limits.viewer_queue = 1'000'000;
  EXPECT_EQ(server->reload(settings), "");
  while (skips() == 0 && number < 4000) push_some(10);
  EXPECT_EQ(skips(), 1u);
  server->check_timers();
  EXPECT_EQ(server->viewers().size(), 1u);
}

TEST_F(Pull, P50_ASlowViewerGoesOnAtAKeyFrame) {
  // So much that its thread, however late, does not find it twice too far behind at once: then it
  // would be out.
  settings.limits.viewer_queue = 1'000'000;
  serve();
  constexpr std::size_t kSize = 8000;
  begin(h(header(kSize)) + d(packet(0, true, kSize)));
  ask(plain());
  const auto skips = [&] { return server->viewers().front()->skips.load(); };
  std::uint32_t time = 0;
  while (skips() == 0 && time < 200'000) {
    time += 40;
    push_more(d(packet(time, time % 400 == 0, kSize)));
    // The push is read before the next look.
    ASSERT_TRUE(
        server->wait_for([&] { return server->sessions().front().packets == time / 40 + 1; }));
  }
  push_more(end_frame());
  const std::string asf = viewer().read_to_end().substr(header(kSize).size());
  ASSERT_EQ(asf.size() % kSize, 0u) << "whole packets";
  std::uint32_t last = 0;
  bool skipped = false;
  for (std::size_t at = 0; at < asf.size(); at += kSize) {
    const std::string payloads = payloads_of(asf.substr(at, kSize));
    const auto now = static_cast<std::uint32_t>(std::stoul(payloads.substr(1)));
    if (at > 0 && now != last + 40) {
      skipped = true;
      EXPECT_THAT(payloads, HasSubstr("K")) << "after a gap comes a key frame";
    }
    last = now;
  }
  EXPECT_TRUE(skipped);
}

TEST_F(Pull, P12_AViewerThatGoesIsForgotten) {
  begin(h(header()) + packets(0, 1));
  ask(plain());
  ASSERT_TRUE(viewers_are(1));
  viewer().close();
  EXPECT_TRUE(viewers_are(0));
}

/// A file of three pictures, as a fallback.
std::shared_ptr<const pubpoint::FallbackFile> fallback_file() {
  std::string error;
  const std::string asf = header() + packet(5000, true) + packet(5040, false) + packet(5080, false);
  const auto file = pubpoint::FallbackFile::parse(as_bytes(asf), error);
  EXPECT_EQ(error, "");
  return file;
}

/// The frames that come until there are `count` $D.
std::vector<std::string> read_packets(RawClient& client, std::size_t count) {
  std::vector<std::string> packets;
  while (packets.size() < count) {
    const std::string head = client.read(4);
    if (head.size() < 4) break;
    const std::string rest = client.read(load_le<std::uint16_t>(as_bytes(head), 2));
    if (head[1] == 'D') packets.push_back(payloads_of(rest.substr(8)));
  }
  return packets;
}

TEST_F(Pull, P46_WhereThereIsAFallbackItIsShownWhileNobodyPushes) {
  settings.fallback = fallback_file();
  serve();
  viewers.push_back(connect());
  viewer().send(play());
  // Its own time goes on only as the test lets it.
  const auto let_pass = [&](int milliseconds) {
    clock.advance(std::chrono::milliseconds(milliseconds));
    server->check_timers();
  };
  EXPECT_EQ(status_of(viewer().read_response()), 200);
  ASSERT_TRUE(viewers_are(1));
  for (int i = 0; i < 3; ++i) let_pass(40);
  EXPECT_THAT(read_packets(viewer(), 4),
              ElementsAre("A6000 K6000", "A6040 V6040", "A6080 V6080", "A6120 K6120"))
      << "and from the front again, on the same timeline";
  const std::string id = begin(h(header()) + packets(0, 2) + end_frame());
  ASSERT_TRUE(session_ends(id));
  EXPECT_THAT(read_packets(viewer(), 2), ElementsAre("A6160 K6160", "A6200 V6200"));
  let_pass(40);
  EXPECT_THAT(read_packets(viewer(), 1), ElementsAre("A6240 K6240")) << "the push has ended";
}

TEST(FallbackFile, MustBeAsfWithPackets) {
  std::string error;
  EXPECT_EQ(pubpoint::FallbackFile::parse(as_bytes("this is no ASF at all"), error), nullptr);
  EXPECT_THAT(error, HasSubstr("not ASF"));
  EXPECT_EQ(pubpoint::FallbackFile::parse(as_bytes(header()), error), nullptr);
  EXPECT_THAT(error, HasSubstr("no data packets"));
}

constexpr char kTokenKey[] = "0123456789abcdef0123456789abcdef";

TEST_F(Pull, P40_ATokenInTheUrlLetsInAndAnotherOneDoesNot) {
  settings.access.token_key = kTokenKey;
  serve();
  begin(h(header()) + packets(0, 1));
  const auto seconds = [](int from_now) {
    return std::chrono::system_clock::now() + std::chrono::seconds(from_now);
  };
  const auto token_for = [](const char* point, std::chrono::system_clock::time_point expiry) {
    pubpoint::PointPattern pattern;
    EXPECT_EQ(pubpoint::PointPattern::parse(point, pattern), "");
    return pubpoint::make_token(kTokenKey, pattern, expiry);
  };
  const std::string good = token_for("/live", seconds(600));
  for (const char* path : {"/live?token=", "/live.asf?token="})
    EXPECT_EQ(status_of(ask(plain(path + good))), 200) << path;
  EXPECT_EQ(status_of(ask(request("GET", "/live?token=" + good, "User-Agent: NSPlayer/4.0\r\n"))),
            200);
  EXPECT_EQ(status_of(ask(plain("/live.asx?token=" + good))), 200);
  EXPECT_NE(status_of(ask(plain("/live"))), 200);
  EXPECT_NE(status_of(ask(plain("/live?token=" + good + "x"))), 200);
  EXPECT_NE(status_of(ask(plain("/live?token=" + token_for("/other", seconds(600))))), 200);
  EXPECT_NE(status_of(ask(plain("/live?token=" + token_for("/live", seconds(-1))))), 200);
}

TEST_F(Pull, P40_AnAddressThatMayNotWatchIsRefused) {
  ASSERT_EQ(pubpoint::AddressList::parse("10.0.0.0/8", settings.access.watch_from), "");
  serve();
  begin(h(header()) + packets(0, 1));
  EXPECT_EQ(status_of(ask(plain())), 403);
}

TEST_F(Pull, P43_ANewerPushTakesOverOnlyWhereItMay) {
  begin(h(header()) + packets(0, 1));
  auto second = connect();
  second->send(RequestText::setup("/live").text());
  EXPECT_EQ(status_of(second->read_response()), 409);
  settings.takeover = pubpoint::Takeover::Newer;
  serve();
  pushes.clear();
  const std::string first = begin(h(header()) + packets(0, 1));
  ASSERT_TRUE(packets_reach(first, 1));
  const std::string newer = begin(h(header()) + packets(0, 1));
  EXPECT_TRUE(session_ends(first));
  EXPECT_EQ(status_of(pushes[0]->read_response()), 503);
  EXPECT_TRUE(packets_reach(newer, 1));
}

}  // namespace
}  // namespace wmpush::test
