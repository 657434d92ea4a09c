#include "wmhttp/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wmpush::wmhttp {
namespace {

using Status = FrameReader::Status;

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

std::string frame_bytes(FrameId id, const std::string& payload, std::uint32_t reason = 0) {
  std::array<std::byte, 8> head{};
  const std::size_t size = write_frame_head(id, payload.size(), reason, head);
  return std::string(as_text(Bytes(head).first(size))) + payload;
}

/// What a reader makes of `text` given in pieces of `piece` bytes: "H3 D100 E(1) " or the breach.
std::string read_in_pieces(const std::string& text, std::size_t piece) {
  FrameReader reader;
  std::string seen;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    // A copy of its own, so that a sanitizer sees a payload that outlives its input.
    const std::string part = text.substr(at, piece);
    Bytes input = as_bytes(part);
    Frame frame;
    for (;;) {
      const Status status = reader.next(input, frame);
      if (status == Status::NeedMore) break;
      if (status == Status::Breach) return seen + reader.breach();
      seen += static_cast<char>(frame.id);
      seen += has_reason(frame.id) ? "(" + std::to_string(frame.reason) + ")" : "";
      seen += std::to_string(frame.payload.size()) + " ";
      for (const std::byte byte : frame.payload)
        if (byte != std::byte{0} && byte != std::byte{'x'}) return seen + "wrong payload";
    }
    EXPECT_TRUE(input.empty());
  }
  return seen + (reader.pending() > 0 ? "..." : "");
}

std::string breach_of(const std::string& text) {
  const std::string whole = read_in_pieces(text, text.size());
  EXPECT_EQ(read_in_pieces(text, 1), whole);
  return whole;
}

TEST(Frame, F01_HeadHasMarkIdAndTheLengthOfWhatFollows) {
  EXPECT_EQ(frame_bytes(FrameId::Data, "abc"), bytes({0x24, 0x44, 3, 0}) + "abc");
  EXPECT_EQ(frame_bytes(FrameId::Header, std::string(300, 'x')).substr(0, 4),
            bytes({0x24, 0x48, 0x2C, 1}));
  EXPECT_EQ(frame_bytes(FrameId::Filler, ""), bytes({0x24, 0x46, 0, 0}));
}

TEST(Frame, F04_EndHasItsReasonAndNoPayload) {
  EXPECT_EQ(frame_bytes(FrameId::End, "", 0), bytes({0x24, 0x45, 4, 0, 0, 0, 0, 0}));
  EXPECT_EQ(frame_bytes(FrameId::End, "", 0x80004005),
            bytes({0x24, 0x45, 4, 0, 0x05, 0x40, 0x00, 0x80}));
}

TEST(Frame, F05_StreamChangeCountsItsReasonInTheLength) {
  EXPECT_EQ(frame_bytes(FrameId::StreamChange, "ab"), bytes({0x24, 0x43, 6, 0, 0, 0, 0, 0}) + "ab");
}

TEST(FrameReader, GivesTheSameFramesHoweverTheInputIsCut) {
  const std::string text =
      frame_bytes(FrameId::Header, std::string(65531, 'x')) +
      frame_bytes(FrameId::Data, std::string(65535, 'x')) +
      frame_bytes(FrameId::Data, std::string(7, 'x')) + frame_bytes(FrameId::End, "", 1) +
      frame_bytes(FrameId::StreamChange, std::string(65527, 'x')) +
      frame_bytes(FrameId::Filler, std::string(65531, '\0')) + frame_bytes(FrameId::Filler, "") +
      frame_bytes(FrameId::Data, "") + frame_bytes(FrameId::End, "");
  const std::string expected = "H65531 D65535 D7 E(1)0 C(0)65527 F65531 F0 D0 E(0)0 ";
  for (const std::size_t piece :
       std::initializer_list<std::size_t>{1, 2, 3, 5, 1000, 65535, 1'000'000})
    EXPECT_EQ(read_in_pieces(text, piece), expected) << "in pieces of " << piece;
}

TEST(FrameReader, KnowsThatAFrameHasBegun) {
  const std::string text = frame_bytes(FrameId::Data, "xxxx");
  for (std::size_t size = 1; size < text.size(); ++size)
    EXPECT_EQ(read_in_pieces(text.substr(0, size), size), "...") << size;
  EXPECT_EQ(read_in_pieces(text, 3), "D4 ");
}

TEST(FrameReader, F01_RefusesWhatIsNoFrame) {
  EXPECT_EQ(breach_of("x"), "F01: a frame does not begin with '$'");
  EXPECT_EQ(breach_of(bytes({0xA4, 0x44})), "F01: the B bit of a frame is set");
  EXPECT_EQ(breach_of("$X"), "F01: a frame has an unknown id");
  EXPECT_EQ(breach_of(frame_bytes(FrameId::Data, "x") + "GET"),
            "D1 F01: a frame does not begin with '$'");
}

TEST(FrameReader, F02_F05_F06_RefusesAPayloadThatIsTooLong) {
  EXPECT_EQ(breach_of(bytes({0x24, 0x48, 0xFC, 0xFF})), "F02: a $H with 65532 bytes of payload");
  EXPECT_EQ(breach_of(bytes({0x24, 0x43, 0xFC, 0xFF})), "F05: a $C with 65528 bytes of payload");
  EXPECT_EQ(breach_of(bytes({0x24, 0x46, 0xFC, 0xFF})), "F06: a $F with 65532 bytes of payload");
}

TEST(FrameReader, F04_RefusesAnEndWithoutItsReasonOrWithAPayload) {
  EXPECT_EQ(breach_of(bytes({0x24, 0x45, 0, 0})), "F04: a $E without its Reason");
  EXPECT_EQ(breach_of(bytes({0x24, 0x45, 5, 0})), "F04: a $E with 1 bytes of payload");
}

TEST(FrameReader, F05_RefusesAStreamChangeWithAReason) {
  EXPECT_EQ(breach_of(frame_bytes(FrameId::StreamChange, "x", 1)),
            "F05: a $C with a Reason other than 0");
}

TEST(FrameReader, F06_RefusesAFillerThatCarriesSomething) {
  EXPECT_EQ(breach_of(frame_bytes(FrameId::Filler, std::string(9, '\0') + "x")),
            "F06: a $F that is not all zeros");
}

TEST(FrameReader, StaysFailed) {
  FrameReader reader;
  Frame frame;
  Bytes input = as_bytes("x");
  EXPECT_EQ(reader.next(input, frame), Status::Breach);
  const std::string good = frame_bytes(FrameId::Data, "x");
  input = as_bytes(good);
  EXPECT_EQ(reader.next(input, frame), Status::Breach);
}

/// Whether frames may come in this order: 'E' is $E(0), 'e' is $E(1), 'x' is $E(0x80004005).
std::string order_of(const std::string& ids) {
  FrameOrder order;
  for (const char id : ids) {
    const std::uint32_t reason = id == 'e' ? kReasonNextEntry : id == 'x' ? 0x80004005u : 0u;
    const FrameId frame = id == 'e' || id == 'x' ? FrameId::End : static_cast<FrameId>(id);
    if (const std::string breach = order.accept(frame, reason); !breach.empty()) return breach;
  }
  return order.ended() ? "ended" : "open";
}

TEST(FrameOrder, F08_TakesEveryOrderOfTheProtocol) {
  for (const char* good : {"HDDE", "HE", "HDFDE", "HDeCDE", "HDeFCDE", "HDeE", "HDeeCE", "HeFE",
                           "HDx", "HDeCDeCDE", "HFFE"})
    EXPECT_EQ(order_of(good), "ended") << good;
  for (const char* good : {"H", "HD", "HDF", "HDe", "HDeC"})
    EXPECT_EQ(order_of(good), "open") << good;
}

TEST(FrameOrder, F02_TheHeaderComesOnceAndFirst) {
  for (const char* bad : {"D", "F", "E", "C", "e"})
    EXPECT_EQ(order_of(bad).substr(0, 3), "F02") << bad;
  for (const char* bad : {"HH", "HDH", "HDeH"}) EXPECT_EQ(order_of(bad), "F02: a second $H") << bad;
}

TEST(FrameOrder, F08_RefusesEveryOtherOrder) {
  for (const char* bad : {"HC", "HDC", "HDFC", "HDeCC"})
    EXPECT_EQ(order_of(bad), "F08: $C without an $E(1) before it") << bad;
  EXPECT_EQ(order_of("HDeD"), "F08: $D between $E(1) and $C");
  EXPECT_EQ(order_of("HDeFD"), "F08: $D between $E(1) and $C");
  for (const char* bad : {"HED", "HEE", "HEF", "HxC", "HxE"})
    EXPECT_TRUE(order_of(bad).starts_with("F08: ")) << bad;
}

}  // namespace
}  // namespace wmpush::wmhttp
