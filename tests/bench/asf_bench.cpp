// What ASF itself costs per packet: splitting, repairing the header, removing padding and putting
// it back. `allocations` are calls of operator new per packet (per header for the repair).
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <benchmark/benchmark.h>

#include <vector>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"
#include "asf/splitter.hpp"
#include "support/allocation_counter.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::asf {
namespace {

constexpr std::size_t kPackets = 1000;

void report(benchmark::State& state, std::size_t items, std::size_t bytes,
            std::size_t allocations_before) {
  const auto rounds = state.iterations();
  const double all = static_cast<double>(items) * static_cast<double>(rounds);
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(items));
  state.counters["allocations"] =
      static_cast<double>(test::allocations() - allocations_before) / all;
}

std::vector<std::byte> packet(std::size_t size) {
  test::PacketSpec spec;
  spec.packet_size = size;
  spec.payloads = {{.key_frame = true, .media_object_size = 100, .size = size / 3},
                   {.stream = 2, .media_object_size = 100, .size = size / 3}};
  return test::make_packet(spec);
}

test::HeaderSpec header_spec(std::size_t packet_size) {
  test::HeaderSpec spec;
  spec.file_id = spec.data_file_id = {};
  spec.flags = 3;
  spec.packet_size = static_cast<std::uint32_t>(packet_size);
  spec.max_bitrate = 0xFFFFFFFF;
  spec.streams = {test::StreamSpec::video(1), test::StreamSpec::audio(2, 0)};
  return spec;
}

/// A stream of packets of range(0) bytes in pieces of range(1).
void split(benchmark::State& state, bool chunked) {
  const auto packet_size = static_cast<std::size_t>(state.range(0));
  const auto piece = static_cast<std::size_t>(state.range(1));
  const auto header = test::make_header(header_spec(packet_size));
  std::vector<std::byte> packets;
  for (std::size_t i = 0; i < kPackets; ++i)
    append(packets, chunked ? test::make_chunk('D', 1, packet(packet_size)) : packet(packet_size));
  Splitter splitter;
  Splitter::Unit unit;
  std::size_t seen = 0;
  bool failed = false;
  const auto feed = [&](Bytes asf) {
    while (!asf.empty()) {
      Bytes input = asf.first(std::min(piece, asf.size()));
      asf = asf.subspan(input.size());
      do {
        failed = failed || splitter.next(input, unit);
        seen += unit.kind == Splitter::Kind::Packet;
        benchmark::DoNotOptimize(unit.bytes.data());
      } while (unit.kind != Splitter::Kind::None);
    }
  };
  feed(chunked ? test::make_chunk('H', 0, header) : header);
  const std::size_t before = test::allocations();
  for (auto _ : state) feed(packets);
  if (failed || seen != kPackets * static_cast<std::size_t>(state.iterations()))
    state.SkipWithError("the splitter lost packets");
  report(state, kPackets, packets.size(), before);
}

void SplitFile(benchmark::State& state) { split(state, false); }
void SplitChunked(benchmark::State& state) { split(state, true); }

void RepairHeader(benchmark::State& state) {
  const auto header = test::make_header(header_spec(3200));
  HeaderFixup fixup;
  fixup.fresh_id = test::kFileId;
  std::vector<std::byte> fixed;
  bool failed = false;
  const std::size_t before = test::allocations();
  for (auto _ : state) {
    failed = failed || fixup.apply(header, fixed);
    benchmark::DoNotOptimize(fixed.data());
  }
  if (failed) state.SkipWithError("the header could not be repaired");
  report(state, 1, header.size(), before);
}

void StripPadding(benchmark::State& state) {
  const auto original = packet(static_cast<std::size_t>(state.range(0)));
  if (strip_padding(original).removed == 0) state.SkipWithError("there is no padding");
  const std::size_t before = test::allocations();
  for (auto _ : state) {
    StrippedPacket stripped = strip_padding(original);
    benchmark::DoNotOptimize(stripped);
  }
  report(state, 1, original.size(), before);
}

void PadPacket(benchmark::State& state) {
  const auto original = packet(static_cast<std::size_t>(state.range(0)));
  const StrippedPacket stripped = strip_padding(original);
  std::vector<std::byte> out(stripped.head().begin(), stripped.head().end());
  append(out, stripped.rest);
  std::vector<std::byte> padded;
  bool ok = pad_packet(out, original.size(), padded);
  const std::size_t before = test::allocations();
  for (auto _ : state) {
    ok = pad_packet(out, original.size(), padded) && ok;
    benchmark::DoNotOptimize(padded.data());
  }
  if (!ok || padded != original) state.SkipWithError("the packet did not come back");
  report(state, 1, original.size(), before);
}

BENCHMARK(SplitFile)->ArgsProduct({{400, 3200, 60000}, {1000, 32768, 1 << 20}});
BENCHMARK(SplitChunked)->ArgsProduct({{400, 3200, 60000}, {1000, 32768, 1 << 20}});
BENCHMARK(RepairHeader);
BENCHMARK(StripPadding)->Arg(400)->Arg(3200)->Arg(60000);
BENCHMARK(PadPacket)->Arg(400)->Arg(3200)->Arg(60000);

}  // namespace
}  // namespace wmpush::asf

BENCHMARK_MAIN();
