// The AVIO adapter and, where it is loaded, the preload object, with the n-th allocation failing.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavformat/avformat.h>
}

#include <gtest/gtest.h>

#include <cstdio>
#include <string_view>

#include "support/asf_builder.hpp"
#include "support/counting_receiver.hpp"
#include "support/failing_memory.hpp"
#include "wmpush/avio.h"

namespace wmpush::test {
namespace {

constexpr std::uint32_t kPackets = 8;
constexpr std::size_t kPacketSize = 200;

std::vector<std::byte> muxed() {
  HeaderSpec spec;
  spec.packet_size = kPacketSize;
  spec.streams = {StreamSpec::audio(1)};
  std::vector<std::byte> file = make_header(spec);
  for (std::uint32_t i = 0; i < kPackets; ++i) append(file, plain_packet(kPacketSize, i + 1));
  append(file, make_index(80));
  return file;
}

struct Output {
  int (*open)(AVIOContext** pb, const char* url);
  int (*close)(AVIOContext** pb);
  /// Blocks that a push leaves behind on purpose.
  std::int64_t kept;
};

struct Outcome {
  int opened = 0;
  int written = 0;
  int closed = AVERROR_UNKNOWN;
  bool left_open = false;
};

Outcome push(const Output& output, const char* url, const std::vector<std::byte>& file) noexcept {
  Outcome outcome;
  AVIOContext* pb = nullptr;
  outcome.opened = output.open(&pb, url);
  if (outcome.opened < 0) {
    outcome.left_open = pb != nullptr;
    return outcome;
  }
  constexpr std::size_t kPiece = 700;
  for (Bytes rest = file; !rest.empty();) {
    const Bytes piece = rest.first(std::min(kPiece, rest.size()));
    avio_write(pb, reinterpret_cast<const unsigned char*>(piece.data()),
               static_cast<int>(piece.size()));
    avio_flush(pb);
    rest = rest.subspan(piece.size());
  }
  outcome.written = pb->error;
  outcome.closed = output.close(&pb);
  outcome.left_open = pb != nullptr;
  return outcome;
}

void push_with_every_allocation_failing(const Output& output) {
  constexpr std::size_t kNever = 1'000'000'000;
  constexpr std::size_t kMost = 20'000;
  constexpr int kRepetitions = 20;  // what leaks does so each time
  this_is_the_tests_thread();
  av_log_set_level(AV_LOG_QUIET);
  CountingReceiver receiver{CountingReceiver::Manner{}};
  const std::vector<std::byte> file = muxed();
  int runs = 0;
  char path[24];
  const auto run = [&](std::size_t nth, FailsFor how_long, std::int64_t& left) {
    std::snprintf(path, sizeof path, "/live%06d", ++runs);
    const std::string url = "wmpush://127.0.0.1:" + std::to_string(receiver.port()) + path;
    const std::int64_t before = live_blocks();
    Outcome outcome;
    {
      const FailingMemory failing(nth, FailsIn::ThisThread, how_long);
      outcome = push(output, url.c_str(), file);
    }
    left = live_blocks() - before - output.kept;
    return outcome;
  };
  std::int64_t left = 0;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(run(kNever, FailsFor::One, left).closed, 0);
  for (const FailsFor how_long : {FailsFor::One, FailsFor::Good}) {
    for (std::size_t nth = 1;; ++nth) {
      ASSERT_LT(nth, kMost);
      Outcome outcome = run(nth, how_long, left);
      ASSERT_FALSE(outcome.left_open) << "allocation " << nth;
      if (outcome.closed == 0) {
        EXPECT_EQ(outcome.written, 0) << "allocation " << nth;
        const CountingReceiver::Tally tally = receiver.tally(path);
        ASSERT_TRUE(tally.ended) << "allocation " << nth;
        ASSERT_EQ(tally.packets.size(), kPackets) << "allocation " << nth;
      }
      if (!memory_failed()) {
        EXPECT_EQ(outcome.closed, 0);
        break;
      }
      for (int again = 0; left > 0 && again < kRepetitions; ++again) run(nth, how_long, left);
      ASSERT_LE(left, 0) << "allocation " << nth;
    }
  }
  std::printf("%d sessions\n", runs);
}

TEST(OutOfMemory, TheAdapterReturnsAnErrorAndLeavesNothingBehind) {
  push_with_every_allocation_failing({[](AVIOContext** pb, const char* url) {
                                        return wmpush_avio_open(pb, url, nullptr, nullptr);
                                      },
                                      wmpush_avio_closep, 0});
}

/// Run once more with the object in LD_PRELOAD.
TEST(OutOfMemory, ThePreloadObjectReturnsAnErrorAndLeavesNothingBehind) {
  const char* protocol = avio_find_protocol_name("wmpush://host/live");
  if (protocol == nullptr || protocol != std::string_view("wmpush"))
    GTEST_SKIP() << "the object is not loaded";
  // It keeps the result of each URL: a node with two texts.
  constexpr std::int64_t kResult = 3;
  push_with_every_allocation_failing({[](AVIOContext** pb, const char* url) {
                                        return avio_open2(pb, url, AVIO_FLAG_WRITE, nullptr,
                                                          nullptr);
                                      },
                                      avio_closep, kResult});
}

}  // namespace
}  // namespace wmpush::test
