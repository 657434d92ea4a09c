// Days of a publishing point in minutes: pushes and viewers come and go, entries change, recordings
// rotate, while the clock of the streams runs fast. What the server holds must stay flat.
// SPDX-License-Identifier: LGPL-2.1-or-later
//
//   serve_soak WMPUSH HOURS [REAL_SECONDS]
//
// HOURS of stream time, as fast as it goes, or spread over REAL_SECONDS. Prints memory and
// descriptors at each tenth; exit status 1 when they have grown.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/asf_builder.hpp"
#include "support/child_process.hpp"
#include "support/raw_client.hpp"
#include "support/temporary_directory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

constexpr std::size_t kPacketSize = 3200;
constexpr std::uint32_t kPacketTime = 1000;  // ms
constexpr int kKeyFrameDistance = 5;         // packets
constexpr std::size_t kMostViewers = 40;

std::vector<std::byte> packet(std::uint32_t number) {
  PacketSpec spec;
  spec.packet_size = kPacketSize;
  spec.send_time = number * kPacketTime;  // beyond 49 days it would wrap around
  spec.payloads = {{1, number % kKeyFrameDistance == 0, static_cast<std::uint8_t>(number), 0, 2000,
                    number * kPacketTime + 3100, 2000}};
  return make_packet(spec);
}

std::vector<std::byte> header() {
  HeaderSpec spec;
  spec.packet_size = kPacketSize;
  spec.streams = {StreamSpec::video(1)};
  return make_header(spec);
}

struct Holdings {
  long memory = 0;  // KiB
  std::size_t descriptors = 0;
};

Holdings holdings_of(pid_t id) {
  Holdings holds;
  const std::string process = "/proc/" + std::to_string(id);
  std::ifstream status(process + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) holds.memory = std::stol(line.substr(6));
  const auto descriptors = std::filesystem::directory_iterator(process + "/fd");
  holds.descriptors = static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)));
  return holds;
}

class Soak {
 public:
  Soak(const std::string& program, double hours, double real_seconds)
      : packets_(static_cast<std::uint64_t>(hours * 3'600'000 / kPacketTime)),
        pace_(real_seconds / static_cast<double>(packets_)),
        server_({program, "serve", "--listen", "127.0.0.1:0", "--takeover", "newer", "--record",
                 (folder_.path() / "recorded").string(), "--record_time", "3600000"}) {}

  int run() {
    if (!server_.wait_for_output("/live\n")) return 1;
    url_ = server_.output().substr(0, server_.output().find('\n'));
    port_ = static_cast<std::uint16_t>(std::stoul(url_.substr(url_.rfind(':') + 1)));
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < packets_; ++i) {
      if (!step()) return 1;
      if (i % 100 == 0) change_viewers();
      if ((i + 1) % (packets_ / 10) == 0) report(i + 1);
      if (pace_ > 0)
        std::this_thread::sleep_until(
            start + std::chrono::duration_cast<std::chrono::nanoseconds>(
                        std::chrono::duration<double>(pace_ * static_cast<double>(i))));
    }
    viewers_.clear();
    sink_.reset();
    std::printf("%lu pushes, %lu entries, %lu viewers, %lu recordings in %.0f s\n", pushes_,
                entries_, viewers_seen_, recordings_,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    server_.signal(SIGTERM);
    if (server_.wait() != 0) return 1;
    // The first tenths fill pools; later ones must not go on growing.
    const auto later = std::max_element(held_.begin() + 5, held_.end(), by_memory);
    const auto before = std::max_element(held_.begin(), held_.begin() + 5, by_memory);
    return later->memory > before->memory * 11 / 10 + 2048 ? 1 : 0;
  }

 private:
  static bool by_memory(const Holdings& a, const Holdings& b) { return a.memory < b.memory; }

  /// One packet: now and then of another entry, or of another encoder.
  bool step() {
    const bool comes_back = !sink_ || random_() % 20'000 == 0;
    if (comes_back) {
      if (sink_ && random_() % 2 == 0) static_cast<void>(sink_->EndSession());
      sink_ = std::make_unique<PushSink>();
      if (failed(sink_->Connect(url_))) return fail(sink_->last_error().message);
      ++pushes_;
    }
    if (comes_back || random_() % 5'000 == 0) {
      if (failed(sink_->OnHeader(header_))) return fail(sink_->last_error().message);
      ++entries_;
      number_ = 0;
    }
    if (failed(sink_->OnDataUnit(packet(number_++)))) return fail(sink_->last_error().message);
    return true;
  }

  void change_viewers() {
    if (viewers_.size() >= kMostViewers || (!viewers_.empty() && random_() % 2 == 0))
      viewers_.erase(viewers_.begin() + static_cast<std::ptrdiff_t>(random_() % viewers_.size()));
    auto viewer = std::make_unique<RawClient>(port_);
    viewer->send(random_() % 2 == 0 ? "GET /live HTTP/1.0\r\n\r\n"
                                    : "GET /live HTTP/1.0\r\nUser-Agent: NSPlayer/9.0\r\n"
                                      "Pragma: xPlayStrm=1\r\n\r\n");
    viewers_.push_back(std::move(viewer));
    ++viewers_seen_;
    // Some read, some do not.
    for (std::size_t i = 0; i < viewers_.size(); i += 2) viewers_[i]->discard();
  }

  void report(std::uint64_t packets) {
    // Recordings are only written: whoever keeps them has the room.
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "recorded")) {
      if (std::chrono::file_clock::now() - entry.last_write_time() < std::chrono::seconds(3))
        continue;
      std::filesystem::remove(entry.path());
      ++recordings_;
    }
    held_.push_back(holdings_of(server_.id()));
    std::printf("%.1f h: %ld KiB, %zu descriptors, %zu viewers\n",
                static_cast<double>(packets) * kPacketTime / 3'600'000, held_.back().memory,
                held_.back().descriptors, viewers_.size());
    std::fflush(stdout);
  }

  bool fail(const std::string& why) const {
    std::fprintf(stderr, "%s\n%s", why.c_str(), server_.error_text().c_str());
    return false;
  }

  const std::uint64_t packets_;
  const double pace_;  // s for each packet
  TemporaryDirectory folder_;
  ChildProcess server_;
  std::string url_;
  std::uint16_t port_ = 0;
  const std::vector<std::byte> header_ = header();
  std::unique_ptr<PushSink> sink_;
  std::uint32_t number_ = 0;
  std::vector<std::unique_ptr<RawClient>> viewers_;
  std::vector<Holdings> held_;
  std::mt19937 random_{4711};  // NOLINT(cert-msc51-cpp): the same ones each time
  unsigned long pushes_ = 0;
  unsigned long entries_ = 0;
  unsigned long viewers_seen_ = 0;
  unsigned long recordings_ = 0;
};

}  // namespace
}  // namespace wmpush::test

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: serve_soak WMPUSH HOURS [REAL_SECONDS]\n");
    return 2;
  }
  return wmpush::test::Soak(argv[1], std::stod(argv[2]), argc > 3 ? std::stod(argv[3]) : 0).run();
}
