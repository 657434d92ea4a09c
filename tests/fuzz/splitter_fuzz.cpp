// However a stream is cut, the splitter gives the same units, the same error and the same end.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <random>
#include <string>
#include <utility>

#include "asf/splitter.hpp"
#include "fuzz/target.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::fuzz {
namespace {

using asf::Splitter;

struct Outcome {
  std::vector<std::pair<Splitter::Kind, std::string>> units;
  Error error;
  Error finished;
  bool ended = false;
};

template <typename Piece>
Outcome split(Bytes asf, Piece piece) {
  Outcome outcome;
  Splitter splitter;
  bool in_entry = false;
  std::size_t given = 0;
  const std::size_t all = asf.size();
  while (!asf.empty() && !outcome.error) {
    const std::size_t size = std::min<std::size_t>(piece(), asf.size());
    const std::vector<std::byte> copy(asf.begin(), asf.begin() + static_cast<std::ptrdiff_t>(size));
    asf = asf.subspan(size);
    Bytes input = copy;
    Splitter::Unit unit;
    do {
      outcome.error = splitter.next(input, unit);
      if (outcome.error) {
        require(unit.kind == Splitter::Kind::None, "a failure gives no unit");
        break;
      }
      given += unit.bytes.size();
      switch (unit.kind) {
        case Splitter::Kind::None:
          require(input.empty(), "None means that the input is used up");
          break;
        case Splitter::Kind::Header: {
          asf::Header header;
          require(!in_entry, "a header comes before its packets");
          require(!parse_header(unit.bytes, header), "a header that is given can be parsed");
          require(unit.bytes.size() <= asf::kMaxHeaderSize, "a header fits in a $H");
          require(header.packet_size == splitter.packet_size(), "the packet size is the header's");
          in_entry = true;
          break;
        }
        case Splitter::Kind::Packet:
          require(in_entry, "packets come between a header and an end");
          require(!unit.bytes.empty(), "no packet is empty");
          require(unit.bytes.size() <= splitter.packet_size(), "no packet is larger than declared");
          break;
        case Splitter::Kind::End:
          require(in_entry, "an end comes behind a header");
          in_entry = false;
          break;
      }
      if (unit.kind != Splitter::Kind::None)
        outcome.units.emplace_back(unit.kind, as_text(unit.bytes));
    } while (unit.kind != Splitter::Kind::None);
  }
  require(given <= all, "no byte is given twice");
  outcome.finished = splitter.finish();
  outcome.ended = splitter.ended();
  require(!(outcome.ended && in_entry), "an entry whose packets may go on has not ended");
  return outcome;
}

void require_equal(const Outcome& a, const Outcome& b) {
  require(a.units == b.units, "the units do not hang on the cuts");
  require(a.error.message == b.error.message, "the error does not hang on the cuts");
  require(a.finished.message == b.finished.message, "finish() does not hang on the cuts");
  require(a.ended == b.ended, "ended() does not hang on the cuts");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  using namespace test;
  HeaderSpec two;
  two.streams = {StreamSpec::video(1), StreamSpec::audio(2)};
  HeaderSpec file;
  file.flags = 2;
  file.packet_size = 60;
  file.data_size = 50 + 2 * 60;
  const auto a = make_header(two);
  const auto b = make_header(file);
  const auto concat = [](std::initializer_list<Bytes> parts) {
    std::vector<std::byte> all{std::byte{1}};
    for (const Bytes part : parts) append(all, part);
    return all;
  };
  return {
      concat({a, plain_packet(), plain_packet(), make_index(60), end_chunk()}),
      concat({a, plain_packet(), end_chunk()}),
      concat({a, plain_packet(), make_index(300, asf::kIndex), b, plain_packet(60),
              plain_packet(60), make_index(30)}),
      concat({a, plain_packet(), b, plain_packet(60), plain_packet(60)}),
      concat({make_chunk('H', 0, a), make_chunk('D', 1, plain_packet()),
              make_chunk('D', 2, Bytes(plain_packet()).first(90)), end_chunk(3)}),
      concat({make_chunk('H', 0, b), make_chunk('D', 1, plain_packet(60)), end_chunk(2),
              make_chunk('H', 0, a), make_chunk('D', 1, plain_packet()), end_chunk(2)}),
  };
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  if (size == 0) return 0;
  const wmpush::Bytes asf = input(data, size).subspan(1);
  std::mt19937 random(data[0]);
  const auto whole = split(asf, [&] { return asf.size(); });
  require_equal(whole, split(asf, [] { return std::size_t{1}; }));
  require_equal(whole, split(asf, [&] { return std::size_t{1} + random() % 40; }));
  return 0;
}
