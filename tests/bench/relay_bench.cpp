// What each server of a push distribution chain adds to the way of a packet: pushes in real time to
// the first of three servers, and looks at when each packet is in each of them.
//
//     relay_bench [SECONDS]
//
// 60 s of 2 Mbit/s unless told otherwise. Prints a table. Exit status: 0 when nothing is missing,
// 1 otherwise.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pubpoint/push/push_session.hpp"
#include "pubpoint/server.hpp"
#include "support/asf_builder.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::uint32_t kPacketSize = 1400;
constexpr std::size_t kServers = 3;
constexpr double kPacketsPerSecond = 2e6 / 8 / kPacketSize;
/// Packets come together, as pictures at 25 a second make them.
constexpr std::size_t kBurst = 7;

/// When each packet came to a server.
class Arrivals : public pubpoint::StreamConsumer {
 public:
  Arrivals(std::vector<Clock::time_point>& times, std::mutex& mutex)
      : times_(times), mutex_(mutex) {}
  void on_header(Bytes) override {
    const std::lock_guard lock(mutex_);
    times_.clear();
  }
  void on_packet(Bytes) override {
    const std::lock_guard lock(mutex_);
    times_.push_back(Clock::now());
  }
  void on_end(pubpoint::SessionReport&) override {}

 private:
  std::vector<Clock::time_point>& times_;
  std::mutex& mutex_;
};

int run(double seconds) {
  std::mutex mutex;
  std::vector<std::vector<Clock::time_point>> times(kServers);
  std::vector<std::unique_ptr<pubpoint::Server>> servers(kServers);
  for (std::size_t i = kServers; i-- > 0;) {
    pubpoint::Settings settings;
    settings.consumer = [&, i](const pubpoint::SessionReport&) {
      return std::make_unique<Arrivals>(times[i], mutex);
    };
    if (i + 1 < kServers) settings.relays = {{.point = "/live", .url = servers[i + 1]->url()}};
    servers[i] = std::make_unique<pubpoint::Server>(std::move(settings));
  }
  PushSink sink;
  if (failed(sink.Connect(servers[0]->url())) ||
      failed(sink.OnHeader(make_header({.packet_size = kPacketSize}))))
    return 1;
  std::this_thread::sleep_for(std::chrono::seconds(1));  // until the chain is open
  const auto count = static_cast<std::size_t>(seconds * kPacketsPerSecond);
  const auto start = Clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    const std::chrono::duration<double> due(static_cast<double>(i / kBurst * kBurst) /
                                            kPacketsPerSecond);
    if (failed(sink.wait_until(start + std::chrono::duration_cast<Clock::duration>(due))) ||
        failed(sink.OnDataUnit(plain_packet(kPacketSize))))
      return 1;
  }
  if (failed(sink.EndSession())) return 1;
  servers.back()->wait_for([&] {
    const auto sessions = servers.back()->sessions();
    return !sessions.empty() && !sessions.back().running;
  });
  const std::lock_guard lock(mutex);
  std::printf("| hop    | packets | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|\n");
  for (std::size_t hop = 1; hop < kServers; ++hop) {
    if (times[hop].size() != count || times[hop - 1].size() != count) {
      std::printf("of %zu packets %zu came to server %zu\n", count, times[hop].size(), hop + 1);
      return 1;
    }
    std::vector<double> late(count);
    for (std::size_t i = 0; i < count; ++i)
      late[i] = Milliseconds(times[hop][i] - times[hop - 1][i]).count();
    std::ranges::sort(late);
    std::printf("| %zu to %zu | %7zu | %6.3f | %6.3f | %6.3f |\n", hop, hop + 1, count,
                late[count / 2], late[count * 99 / 100], late.back());
  }
  return 0;
}

}  // namespace
}  // namespace wmpush::test

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 60;
  if (argc > 2 || seconds < 1) {
    std::fprintf(stderr, "usage: relay_bench [SECONDS]\n");
    return 2;
  }
  return wmpush::test::run(seconds);
}
