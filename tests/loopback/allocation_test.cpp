// The path of a packet takes no memory: counted in the thread that pushes, over real sockets.
#include <gtest/gtest.h>

#include "pubpoint/server.hpp"
#include "support/allocation_counter.hpp"
#include "support/clip.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

/// Allocations of a push of `asf` in pieces of `piece` bytes, once its first quarter is through.
std::size_t steady_allocations(const std::string& asf, std::size_t piece) {
  pubpoint::Server server{pubpoint::Settings{}};
  PushSink sink;
  EXPECT_EQ(sink.Connect(server.url()), Result::S_OK);
  Bytes input = as_bytes(asf);
  std::size_t before = 0;
  const auto packets_before = [&] { return sink.stats().packets_sent; };
  std::uint64_t packets = 0;
  while (!input.empty()) {
    const Bytes part = input.first(std::min(piece, input.size()));
    input = input.subspan(part.size());
    if (before == 0 && input.size() < asf.size() * 3 / 4) {
      packets = packets_before();
      before = allocations();
    }
    EXPECT_EQ(sink.write(part), Result::S_OK);
  }
  const std::size_t counted = allocations() - before;
  EXPECT_GT(sink.stats().packets_sent, packets + 10);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  return counted;
}

TEST(Allocations, TheCounterCounts) {
  const std::size_t before = allocations();
  ::operator delete(::operator new(1));  // a new-expression could be left out
  EXPECT_GT(allocations(), before);
}

TEST(Allocations, APacketTakesNoMemoryHoweverItArrives) {
  for (const std::size_t piece : {1u, 1000u, 3200u, 9000u}) {
    EXPECT_EQ(steady_allocations(clip("-packet_size 800 -f asf"), piece), 0u) << piece;
    EXPECT_EQ(steady_allocations(clip("-packet_size 800 -f asf_stream"), piece), 0u) << piece;
  }
}

}  // namespace
}  // namespace wmpush::test
