// Writes stamped ASF packets at a steady pace through libavformat's tcp:// and through our
// AVIOContext, in turns, so that both meet the same moments of a busy machine. discard_sink tells
// how long each packet was on its way.
//
//     paced_push FILE PACKET_SIZE BIT_RATE SECONDS TCP_URL WMPUSH_URL
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <thread>
#include <vector>

extern "C" {
#include <libavformat/avformat.h>
}

#include "bench/latency_stamp.hpp"
#include "core/bytes.hpp"
#include "wmpush/avio.h"

namespace {

using wmpush::bench::LatencyStamp;
using Clock = LatencyStamp::Clock;

constexpr std::size_t kDataObjectHead = 50;
constexpr std::size_t kStampAt = 1000;  // inside the payload of a packet of 3200 bytes

int fail(const char* what, int error) {
  char text[AV_ERROR_MAX_STRING_SIZE];
  av_strerror(error, text, sizeof text);
  std::fprintf(stderr, "paced_push: %s: %s\n", what, text);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr,
                 "usage: paced_push FILE PACKET_SIZE BIT_RATE SECONDS TCP_URL WMPUSH_URL\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::vector<char> asf(std::istreambuf_iterator<char>(file), {});
  const std::size_t packet_size = std::strtoul(argv[2], nullptr, 10);
  const double bit_rate = std::strtod(argv[3], nullptr);
  const double seconds = std::strtod(argv[4], nullptr);
  if (asf.size() < 1000 || packet_size < kStampAt + LatencyStamp::kSize || bit_rate <= 0) {
    std::fprintf(stderr, "paced_push: no ASF in %s, or a bad packet size or rate\n", argv[1]);
    return 2;
  }
  const auto header_size =
      wmpush::load_le<std::uint64_t>(std::as_bytes(std::span(asf)), 16) + kDataObjectHead;

  avformat_network_init();
  std::array<AVIOContext*, 2> out{};
  AVDictionary* options = nullptr;
  av_dict_set(&options, "tcp_nodelay", "1", 0);  // else Nagle's delay would flatter us
  int error = avio_open2(&out[0], argv[5], AVIO_FLAG_WRITE, nullptr, &options);
  av_dict_free(&options);
  if (error < 0) return fail(argv[5], error);
  error = wmpush_avio_open(&out[1], argv[6], nullptr, nullptr);
  if (error < 0) return fail(argv[6], error);
  for (AVIOContext* pb : out) {
    avio_write(pb, reinterpret_cast<unsigned char*>(asf.data()), static_cast<int>(header_size));
    avio_flush(pb);
  }

  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(static_cast<double>(packet_size) * 8 / bit_rate));
  const auto start = Clock::now();
  std::size_t at = header_size;
  for (long turn = 0; Clock::now() - start < std::chrono::duration<double>(seconds); ++turn) {
    if (at + packet_size > asf.size()) at = header_size;
    // Half an interval between the two, and each of them first in every second turn.
    for (int half = 0; half < 2; ++half) {
      std::this_thread::sleep_until(start + interval * turn + interval / 2 * half);
      AVIOContext* pb = out[static_cast<std::size_t>((turn + half) % 2)];
      LatencyStamp::write(asf.data() + at + kStampAt, Clock::now());
      avio_write(pb, reinterpret_cast<unsigned char*>(asf.data() + at),
                 static_cast<int>(packet_size));
      avio_flush(pb);
      if (pb->error < 0) return fail("write", pb->error);
    }
    at += packet_size;
  }
  error = avio_closep(&out[0]);
  if (error < 0) return fail(argv[5], error);
  // The muxer's end was never written, so that the close reports a stream that broke off.
  static_cast<void>(wmpush_avio_closep(&out[1]));
  return 0;
}
