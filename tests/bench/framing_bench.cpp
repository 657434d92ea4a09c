// What the protocol itself costs per packet, without any network: frame heads, the engine, and the
// reader of the other side. `allocations` are calls of operator new per packet.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "support/allocation_counter.hpp"
#include "wmhttp/frame.hpp"
#include "wmhttp/push_engine.hpp"

namespace wmpush::wmhttp {
namespace {

/// Reports what the loop of `state` did with packets of `packet_size` bytes.
void report(benchmark::State& state, std::size_t packet_size, std::size_t allocations_before) {
  const auto packets = static_cast<double>(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(packet_size));
  state.SetItemsProcessed(state.iterations());
  state.counters["allocations"] =
      static_cast<double>(test::allocations() - allocations_before) / packets;
}

void WriteFrameHead(benchmark::State& state) {
  const auto packet_size = static_cast<std::size_t>(state.range(0));
  std::array<std::byte, 8> head{};
  const std::size_t before = test::allocations();
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_frame_head(FrameId::Data, packet_size, 0, head));
    benchmark::ClobberMemory();
  }
  report(state, packet_size, before);
}

void send_all(PushEngine& engine, Time now) {
  while (engine.wants() == PushEngine::Want::Send) {
    std::size_t size = 0;
    for (const Bytes piece : engine.outgoing()) size += piece.size();
    engine.sent(size, now);
  }
}

void Engine(benchmark::State& state) {
  const auto packet_size = static_cast<std::size_t>(state.range(0));
  EngineConfig config;
  config.target = "/live";
  config.server = {"server", 80};
  config.user_agent = "WMEncoder/12.0.7601.17514";
  config.response_timeout = config.send_timeout = config.end_timeout = config.rollover_timeout =
      std::chrono::seconds(10);
  PushEngine engine(config);
  const Time now{};
  Error error = engine.start(now);
  engine.connected(now);
  send_all(engine, now);
  constexpr std::string_view kAccepted =
      "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n"
      "Set-Cookie: push-id=1\r\n\r\n";
  engine.received(as_bytes(kAccepted), now);
  const std::vector<std::byte> header(5000);
  if (!error)
    error = engine.header(header, {.packet_size = packet_size, .bitrate = 2'000'000}, now);
  send_all(engine, now);
  if (error || engine.state() != PushEngine::State::Streaming) {
    state.SkipWithError("the engine did not come to streaming");
    return;
  }
  const std::vector<std::byte> packet(packet_size);
  const std::size_t before = test::allocations();
  for (auto _ : state) {
    error = engine.packet(Bytes(packet).first(20), Bytes(packet).subspan(20), now);
    send_all(engine, now);
    // Every 2 GiB a PushStart is full and is answered.
    if (engine.state() == PushEngine::State::RollingOver) {
      engine.received(as_bytes(kAccepted), now);
      send_all(engine, now);
    }
  }
  if (error) state.SkipWithError(error.message.c_str());
  report(state, packet_size, before);
}

void ReadFrames(benchmark::State& state) {
  const auto packet_size = static_cast<std::size_t>(state.range(0));
  std::vector<std::byte> frame(4 + packet_size);
  write_frame_head(FrameId::Data, packet_size, 0, frame);
  FrameReader reader;
  const std::size_t before = test::allocations();
  for (auto _ : state) {
    Bytes input = frame;
    Frame read;
    while (reader.next(input, read) == FrameReader::Status::Frame)
      benchmark::DoNotOptimize(read.payload.data());
  }
  report(state, packet_size, before);
}

BENCHMARK(WriteFrameHead)->Arg(1400);
BENCHMARK(Engine)->Arg(400)->Arg(1400)->Arg(3200)->Arg(60000);
BENCHMARK(ReadFrames)->Arg(1400)->Arg(3200)->Arg(60000);

}  // namespace
}  // namespace wmpush::wmhttp

BENCHMARK_MAIN();
