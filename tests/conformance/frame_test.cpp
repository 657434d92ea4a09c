// Rules F01 to F08: the frames of a PushStart body.
#include "wmhttp/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "asf/data_packet.hpp"
#include "support/asf_builder.hpp"
#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using wmhttp::FrameId;
using State = EngineDriver::State;

std::string raw_frame(FrameId id, std::size_t payload, std::uint32_t reason) {
  std::array<std::byte, 8> head{};
  const std::size_t size = wmhttp::write_frame_head(id, payload, reason, head);
  return std::string(as_text(Bytes(head).first(size)));
}

/// The body of the last PushStart.
std::string last_body(const EngineDriver& driver) { return requests_in(driver.wire).back().body; }

TEST(Frames, F01_TheLengthCountsWhatFollowsItAndTheReasonIsOnlyInCAndE) {
  using namespace std::string_view_literals;
  EXPECT_EQ(raw_frame(FrameId::Header, 0x1234, 9), "$H\x34\x12"sv);
  EXPECT_EQ(raw_frame(FrameId::Data, 65535, 9), "$D\xFF\xFF"sv);
  EXPECT_EQ(raw_frame(FrameId::Filler, 0, 9), "$F\x00\x00"sv);
  EXPECT_EQ(raw_frame(FrameId::End, 0, 1), "$E\x04\x00\x01\x00\x00\x00"sv);
  EXPECT_EQ(raw_frame(FrameId::StreamChange, 65527, 0), "$C\xFB\xFF\x00\x00\x00\x00"sv);
}

TEST(Frames, F01_TheReaderRefusesWhatIsNoFrame) {
  EXPECT_THAT(frames_in("\xA4"
                        "D\x01\x00x")
                  .front()
                  .payload,
              StartsWith("F01: the B bit"));
  EXPECT_THAT(frames_in("XD").front().payload, StartsWith("F01"));
  EXPECT_THAT(frames_in("$M").front().payload, StartsWith("F01"));
}

TEST(Frames, F01_TheReaderTakesFramesInPiecesOfAnySize) {
  const std::string body = raw_frame(FrameId::Header, 5, 0) + "hello" +
                           raw_frame(FrameId::Data, 3, 0) + "abc" +
                           raw_frame(FrameId::End, 0, 0x80004005);
  wmhttp::FrameReader reader;
  wmhttp::Frame frame;
  std::string seen;
  for (const char& c : body) {
    Bytes input = as_bytes(std::string_view(&c, 1));
    while (reader.next(input, frame) == wmhttp::FrameReader::Status::Frame)
      seen += static_cast<char>(frame.id) + std::string(as_text(frame.payload)) +
              std::to_string(frame.reason) + " ";
  }
  EXPECT_EQ(seen, "Hhello0 Dabc0 E2147500037 ");
  EXPECT_EQ(reader.pending(), 0u);
}

TEST(Frames, F02_TheHeaderComesFirstAndOnlyOnce) {
  EngineDriver driver;
  driver.start_stream(1234);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(driver.packet());
    driver.flush();
  }
  const auto frames = frames_in(last_body(driver));
  EXPECT_EQ(ids(frames), "HDDD");
  EXPECT_EQ(frames[0].payload, std::string(1234, 'h'));
}

TEST(Frames, F02_AHeaderOf65531BytesGoesOutAndALargerOneIsRefusedWithItsSize) {
  EngineDriver largest;
  largest.start_stream(65531);
  EXPECT_EQ(frames_in(last_body(largest))[0].payload.size(), 65531u);

  EngineDriver larger;
  larger.set_up();
  const Error error = larger.header(65532);
  EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(error.message, HasSubstr("65532"));
  EXPECT_EQ(larger.engine.state(), State::Ready);
}

TEST(Frames, F03_ADataFrameIsOnePacketFromItsTwoParts) {
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.engine.packet(as_bytes("head"), as_bytes("rest"), driver.now));
  driver.flush();
  EXPECT_EQ(frames_in(last_body(driver))[1].payload, "headrest");
}

TEST(Frames, F03_APacketLargerThanDeclaredOrEmptyIsRefused) {
  EngineDriver driver;
  driver.start_stream(100, 1000);
  EXPECT_EQ(driver.packet(1001).result, Result::NS_E_INVALID_DATA);
  EXPECT_EQ(driver.packet(0).result, Result::E_INVALIDARG);
  EXPECT_EQ(driver.engine.state(), State::Streaming);
  EXPECT_FALSE(driver.packet(1000));
}

TEST(Frames, F03_PaddingIsLeftOutAndThePacketSaysThatThereIsNone) {
  const std::vector<std::byte> whole = plain_packet(1000, 40);
  asf::DataPacket before;
  ASSERT_TRUE(asf::DataPacket::parse(whole, before));
  ASSERT_GT(before.padding, 300u);
  const asf::StrippedPacket stripped = asf::strip_padding(whole);
  EngineDriver driver;
  driver.start_stream(100, 1000);
  ASSERT_FALSE(driver.engine.packet(stripped.head(), stripped.rest, driver.now));
  driver.flush();
  const std::string sent = frames_in(last_body(driver))[1].payload;
  EXPECT_EQ(sent.size(), 1000 - before.padding);
  asf::DataPacket after;
  ASSERT_TRUE(asf::DataPacket::parse(as_bytes(sent), after));
  EXPECT_EQ(after.padding, 0u);
  std::vector<std::byte> padded;
  ASSERT_TRUE(asf::pad_packet(as_bytes(sent), 1000, padded));
  EXPECT_EQ(padded, whole) << "a receiver can put it back";
}

TEST(Frames, F04_TheEndHasItsReasonAndNoPayload) {
  using namespace std::string_view_literals;
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  EXPECT_EQ(driver.flush(), "$E\x04\x00\x00\x00\x00\x00"sv);

  EngineDriver aborted;
  aborted.start_stream();
  ASSERT_FALSE(aborted.engine.end(0x80004005, aborted.now));
  EXPECT_EQ(aborted.flush(), "$E\x04\x00\x05\x40\x00\x80"sv);
}

TEST(Frames, F04_AnEndWithoutItsReasonIsABreach) {
  using namespace std::string_view_literals;
  EXPECT_THAT(frames_in("$E\x00\x00"sv).front().payload, StartsWith("F04"));
  EXPECT_THAT(frames_in("$E\x05\x00"sv).front().payload, StartsWith("F04"));
}

TEST(Frames, F05_ASecondHeaderEndsTheEntryAndBeginsTheNext) {
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.packet());
  driver.flush();
  ASSERT_FALSE(driver.header(200, 500));
  driver.flush();
  ASSERT_FALSE(driver.packet(500));
  driver.flush();
  const auto frames = frames_in(last_body(driver));
  EXPECT_EQ(ids(frames), "HDECD");
  EXPECT_EQ(frames[2].reason, 1u);
  EXPECT_EQ(frames[3].reason, 0u);
  EXPECT_EQ(frames[3].payload, std::string(200, 'h'));
  EXPECT_EQ(driver.packet(501).result, Result::NS_E_INVALID_DATA);
}

TEST(Frames, F05_AStreamChangeCarries65527BytesAtTheMost) {
  EngineDriver driver;
  driver.start_stream();
  EXPECT_THAT(driver.header(65528).message, HasSubstr("65528"));
  EXPECT_FALSE(driver.header(65527));
  driver.flush();
  EXPECT_EQ(frames_in(last_body(driver)).back().payload.size(), 65527u);
}

/// Lets `rest` bytes be left of a PushStart with three packets in it, submits a fourth packet, and
/// gives the frames in that PushStart.
std::vector<SentFrame> fourth_packet_with(std::int64_t rest, std::size_t packet_size) {
  auto config = engine_config();
  config.content_length = 4 + 100 + 3 * (4 + static_cast<std::int64_t>(packet_size)) + rest;
  EngineDriver driver(config);
  driver.start_stream(100, packet_size);
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(driver.packet(packet_size));
    driver.flush();
  }
  return frames_in(requests_in(driver.wire)[1].body);
}

TEST(Frames, F06_FillerIsZerosAndMakesTheBodyExact) {
  const auto frames = fourth_packet_with(15000, 20000);
  ASSERT_EQ(ids(frames), "HDDDF");
  EXPECT_EQ(frames[4].payload, std::string(15000 - 4, '\0'));
}

TEST(Frames, F07_APacketIsSentWhenFourBytesAreLeftBehindItAndWaitsOtherwise) {
  EXPECT_EQ(ids(fourth_packet_with(4 + 1000 + 4, 1000)), "HDDDD");
  EXPECT_EQ(ids(fourth_packet_with(4 + 1000 + 3, 1000)), "HDDDF");
}

TEST(Frames, F07_AFillerNeverLeavesOneToThreeBytesOver) {
  // The rest is a little more than one filler can take.
  for (std::int64_t rest = 65532; rest <= 65542; ++rest) {
    auto config = engine_config();
    config.content_length = 4 + 100 + 2 * (4 + 65535) + rest;
    EngineDriver driver(config);
    driver.start_stream(100, 65535);
    for (int i = 0; i < 3; ++i) {
      ASSERT_FALSE(driver.packet(65535));
      driver.flush();
    }
    ASSERT_EQ(driver.engine.state(), State::RollingOver) << rest;
    const SentRequest request = requests_in(driver.wire)[1];
    EXPECT_EQ(static_cast<std::int64_t>(request.body.size()), request.content_length) << rest;
    const auto frames = frames_in(request.body);
    EXPECT_EQ(ids(frames).substr(0, 4), "HDDF") << rest;
    for (const SentFrame& frame : frames) EXPECT_NE(frame.id, FrameId('!')) << frame.payload;
  }
}

TEST(Frames, F07_AnEndIsSentWhenEightBytesAreLeftAndWaitsOtherwise) {
  for (std::int64_t rest = 4; rest <= 16; ++rest) {
    auto config = engine_config();
    config.content_length = 4 + 100 + 3 * 1004 + rest;
    EngineDriver driver(config);
    driver.start_stream(100, 1000);
    for (int i = 0; i < 3; ++i) {
      ASSERT_FALSE(driver.packet(1000));
      driver.flush();
    }
    ASSERT_FALSE(driver.engine.end(0, driver.now));
    driver.flush();
    if (rest >= 8) {
      EXPECT_EQ(driver.engine.state(), State::Ending) << rest;
      EXPECT_EQ(ids(frames_in(requests_in(driver.wire)[1].body)), "HDDDE") << rest;
      continue;
    }
    EXPECT_EQ(ids(frames_in(requests_in(driver.wire)[1].body)), "HDDDF") << rest;
    driver.answer(kNextPlease);
    driver.flush();
    EXPECT_EQ(ids(frames_in(requests_in(driver.wire)[2].body)), "E") << rest;
    EXPECT_EQ(driver.engine.state(), State::Ending) << rest;
  }
}

TEST(Frames, F07_AnEntryThatEndsAtTheEdgeOfALengthGoesOnInTheNextPushStart) {
  for (std::int64_t rest = 4; rest <= 320; ++rest) {
    auto config = engine_config();
    config.content_length = 4 + 300 + 3 * 1004 + rest;
    EngineDriver driver(config);
    driver.start_stream(300, 1000);
    for (int i = 0; i < 3; ++i) {
      ASSERT_FALSE(driver.packet(1000));
      driver.flush();
    }
    ASSERT_FALSE(driver.header(300, 1000));
    driver.flush();
    while (driver.engine.state() == State::RollingOver) {
      driver.answer(kNextPlease);
      driver.flush();
    }
    std::string order;
    for (const SentRequest& request : requests_in(driver.wire)) {
      const auto frames = frames_in(request.body);
      for (const SentFrame& frame : frames)
        if (frame.id != FrameId::Filler) order += static_cast<char>(frame.id);
    }
    EXPECT_EQ(order, "HDDDEC") << rest;
  }
}

TEST(Frames, F05_F07_F08_WhateverIsPushedKeepsOrderAndLengths) {
  std::mt19937 random(4711);
  const auto up_to = [&](std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(1, most)(random);
  };
  for (int run = 0; run < 300; ++run) {
    auto config = engine_config();
    config.content_length = static_cast<std::int64_t>(up_to(9000));
    EngineDriver driver(config);
    std::size_t packet_size = up_to(2000);
    std::size_t packets = 0;
    std::size_t entries = 1;
    driver.start_stream(up_to(3000), packet_size);
    const auto settle = [&] {
      driver.flush();
      while (driver.engine.state() == State::RollingOver) {
        driver.answer(kNextPlease);
        driver.flush();
      }
    };
    for (std::size_t step = up_to(60); step > 0; --step) {
      if (up_to(5) == 1) {
        packet_size = up_to(2000);
        ASSERT_FALSE(driver.header(up_to(3000), packet_size));
        ++entries;
      } else {
        ASSERT_FALSE(driver.packet(up_to(packet_size)));
        ++packets;
      }
      settle();
    }
    ASSERT_FALSE(driver.engine.end(0, driver.now));
    settle();
    ASSERT_EQ(driver.engine.state(), State::Ending);

    const auto requests = requests_in(driver.wire);
    wmhttp::FrameOrder order;
    std::size_t seen_packets = 0;
    std::size_t seen_entries = 0;
    for (std::size_t i = 1; i < requests.size(); ++i) {
      if (i + 1 < requests.size()) {
        ASSERT_EQ(static_cast<std::int64_t>(requests[i].body.size()), requests[i].content_length);
      }
      for (const SentFrame& frame : frames_in(requests[i].body)) {
        ASSERT_NE(frame.id, FrameId('!')) << frame.payload;
        ASSERT_EQ(order.accept(frame.id, frame.reason), "") << "run " << run;
        seen_packets += frame.id == FrameId::Data;
        seen_entries += frame.id == FrameId::Header || frame.id == FrameId::StreamChange;
      }
    }
    EXPECT_EQ(seen_packets, packets);
    EXPECT_EQ(seen_entries, entries);
    EXPECT_EQ(driver.engine.packets_sent(), packets);
  }
}

TEST(Frames, F08_FramesComeInTheOrderOfTheDocument) {
  const auto accept = [](std::string_view order) {
    wmhttp::FrameOrder frames;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool next = order[i] == '1';
      const std::string breach =
          frames.accept(next ? FrameId::End : static_cast<FrameId>(order[i]), next ? 1 : 0);
      if (!breach.empty()) return breach.substr(0, 3) + "@" + std::to_string(i);
    }
    return std::string("ok");
  };
  for (const char* good : {"HDDE", "HE", "HDFDE", "HD1CDE", "HD1FCD", "HD1E", "HD11C", "HF"})
    EXPECT_EQ(accept(good), "ok") << good;
  EXPECT_EQ(accept("D"), "F02@0");
  EXPECT_EQ(accept("HH"), "F02@1");
  EXPECT_EQ(accept("HDC"), "F08@2");
  EXPECT_EQ(accept("HD1D"), "F08@3");
  EXPECT_EQ(accept("HDED"), "F08@3");
  EXPECT_EQ(accept("HDEE"), "F08@3");
}

}  // namespace
}  // namespace wmpush::test
