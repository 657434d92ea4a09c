#include "pubpoint/origin/pulled_frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace wmpush::pubpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using What = PulledFrame::What;

std::string frame(char id, const std::string& body, char mark = '$') {
  std::string text{mark, id};
  text += static_cast<char>(body.size() & 0xFF);
  text += static_cast<char>(body.size() >> 8);
  return text + body;
}
std::string data(char id, const std::string& payload, char flags = 0) {
  std::string head(8, '\0');
  head[5] = flags;
  return frame(id, head + payload);
}
std::string end(std::uint32_t reason) {
  std::string body(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) body[i] = static_cast<char>(reason >> 8 * i);
  return frame('E', body);
}

/// What comes of `text` in pieces of `piece` bytes: "Hheader", "Dpacket", "E5", and a fault.
std::vector<std::string> frames_of(const std::string& text, std::size_t piece) {
  PulledFrameReader reader;
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    Bytes input = as_bytes(text).subspan(at, std::min(piece, text.size() - at));
    for (;;) {
      PulledFrame frame;
      const auto status = reader.next(input, frame);
      if (status == PulledFrameReader::Status::NeedMore) break;
      if (status == PulledFrameReader::Status::Broken) {
        found.push_back(reader.fault());
        return found;
      }
      const std::string payload(as_text(frame.payload));
      if (frame.what == What::End)
        found.push_back("E" + std::to_string(frame.reason));
      else
        found.push_back((frame.what == What::Header ? "H" : "D") + payload);
    }
    EXPECT_TRUE(input.empty());
  }
  return found;
}

TEST(PulledFrames, GivesHeadersPacketsAndTheEndInPiecesOfAnySize) {
  const std::string stream = data('M', "meta") + data('H', "head", 0x0C) + data('D', "one") +
                             frame('D', std::string(8, '\0') + "two", '\xA4') + end(1) +
                             frame('C', std::string(4, '\0')) + data('H', "next", 0x0C) +
                             data('D', "") + frame('P', "pair") + end(0) + end(0xC00D0029);
  for (std::size_t piece = 1; piece < stream.size() + 1; ++piece)
    EXPECT_THAT(frames_of(stream, piece), ElementsAre("Hhead", "Done", "Dtwo", "Hnext", "D", "E0",
                                                      "E" + std::to_string(0xC00D0029)))
        << piece;
}

TEST(PulledFrames, AHeaderMayComeInPieces) {
  const std::string stream = data('H', "a", 4) + data('H', "b") + data('H', "c", 8) +
                             data('H', "x", 4) + data('H', "d", 12);
  EXPECT_THAT(frames_of(stream, 3), ElementsAre("Habc", "Hd"));
}

TEST(PulledFrames, WhatIsNoneIsSaid) {
  EXPECT_THAT(frames_of("<html></html>", 64),
              ElementsAre("it sent something else than a stream of MMS over HTTP"));
  EXPECT_THAT(frames_of(frame('D', "short"), 64), ElementsAre(HasSubstr("without its head")));
  EXPECT_THAT(frames_of(frame('H', "short"), 64), ElementsAre(HasSubstr("without its head")));
  EXPECT_THAT(frames_of(frame('E', "x"), 64), ElementsAre(HasSubstr("without its reason")));
  EXPECT_THAT(frames_of(frame('X', "x"), 64), ElementsAre(HasSubstr("no kind that is known")));
}

TEST(PulledFrames, AHeaderHasALimit) {
  std::string stream;
  for (int i = 0; i < 20; ++i) stream += data('H', std::string(60'000, 'x'), i == 0 ? 4 : 0);
  EXPECT_THAT(frames_of(stream, 65536), ElementsAre("it sent a header of more than 1048576 bytes"));
}

}  // namespace
}  // namespace wmpush::pubpoint
