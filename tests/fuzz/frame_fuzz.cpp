// However a body is cut, the reader gives the same frames; what is written of them again is what
// was read.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>

#include "fuzz/target.hpp"
#include "wmhttp/frame.hpp"

namespace wmpush::fuzz {
namespace {

using wmhttp::Frame;
using wmhttp::FrameId;
using wmhttp::FrameReader;

struct Outcome {
  std::string frames;  // as they were written
  std::string breach;
  std::size_t pending = 0;
  bool operator==(const Outcome&) const = default;
};

std::string written(FrameId id, std::uint32_t reason, Bytes payload) {
  std::array<std::byte, 8> head{};
  const std::size_t size = wmhttp::write_frame_head(id, payload.size(), reason, head);
  require(size == wmhttp::frame_head_size(id), "a frame's head has its size");
  return std::string(as_text(Bytes(head).first(size))) + std::string(as_text(payload));
}

template <typename Piece>
Outcome read(Bytes bytes, Piece piece) {
  Outcome outcome;
  FrameReader reader;
  std::size_t taken = 0;
  while (!bytes.empty()) {
    Bytes input = bytes.first(std::min<std::size_t>(piece(), bytes.size()));
    bytes = bytes.subspan(input.size());
    Frame frame;
    while (true) {
      const std::size_t before = input.size();
      const auto status = reader.next(input, frame);
      taken += before - input.size();
      if (status == FrameReader::Status::Breach) {
        outcome.breach = reader.breach();
        require(outcome.breach.starts_with("F0"), "a breach begins with its rule");
        return outcome;
      }
      if (status == FrameReader::Status::NeedMore) break;
      require(frame.payload.size() <= wmhttp::kMaxPacketLength, "a payload fits in its length");
      outcome.frames += written(frame.id, frame.reason, frame.payload);
      require(outcome.frames.size() <= taken, "no byte is given twice");
    }
    require(input.empty(), "NeedMore means that the input is used up");
  }
  outcome.pending = reader.pending();
  require(outcome.frames.size() + outcome.pending == taken, "every byte is given or pending");
  return outcome;
}

/// An order that was accepted once is kept to: a second $H, or anything behind the end, is not.
void check_order(Bytes ids) {
  wmhttp::FrameOrder order;
  bool begun = false;
  for (const std::byte each : ids) {
    constexpr FrameId kIds[] = {FrameId::Header, FrameId::Data, FrameId::End, FrameId::StreamChange,
                                FrameId::Filler};
    const FrameId id = kIds[static_cast<unsigned>(each) % 5];
    const bool ended = order.ended();
    const bool good = order.accept(id, static_cast<unsigned>(each) >= 128 ? 1 : 0).empty();
    if (good && id == FrameId::Header) {
      require(!begun, "there is one $H");
      begun = true;
    }
    require(!good || begun || id == FrameId::Filler, "nothing comes in front of the $H");
    require(!ended || !good || id == FrameId::Filler, "nothing comes behind the end");
    if (!good) return;
  }
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  const std::string header(100, 'h'), packet(200, 'd');
  const auto frame = [](FrameId id, std::string_view payload, std::uint32_t reason = 0) {
    return written(id, reason, as_bytes(payload));
  };
  std::vector<std::vector<std::byte>> seeds;
  for (const std::string& text :
       {"\x01" + frame(FrameId::Header, header) + frame(FrameId::Data, packet) +
            frame(FrameId::Filler, std::string(9, '\0')) + frame(FrameId::End, ""),
        "\x02" + frame(FrameId::Header, header) + frame(FrameId::Data, packet) +
            frame(FrameId::End, "", 1) + frame(FrameId::StreamChange, header) +
            frame(FrameId::Data, packet) + frame(FrameId::End, "")}) {
    const Bytes bytes = as_bytes(text);
    seeds.emplace_back(bytes.begin(), bytes.end());
  }
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  require_same_however_cut(input(data, size),
                           [](wmpush::Bytes bytes, auto piece) { return read(bytes, piece); });
  if (size > 0) check_order(input(data, size).subspan(1));
  return 0;
}
