// Pushes in real time through every proxy, all at the same moment, and measures how long each
// packet is on its way from the write to the publishing point.
//
//     interop_realtime [--any-latency] [SECONDS] [NAME...]
//
// 60 s of 2 Mbit/s unless told otherwise, through all proxies or those named ("direct" is none).
// Prints a table. Exit status: 0 when everything arrived once, in order and in time (whenever, with
// --any-latency: for a machine that has more to do), 1 when not, 2 for bad usage.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "interop/arrangement.hpp"
#include "interop/numbered_stream.hpp"
#include "pubpoint/push/push_session.hpp"
#include "pubpoint/server.hpp"
#include "support/certificates.hpp"
#include "support/clip.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kPacketSize = 1400;
constexpr double kBitrate = 2e6;
/// Half of it is what the header says, so that the minute of rule C09 is over after half a minute,
/// and the push rolls over while it is measured.
constexpr auto kDeclaredBitrate = static_cast<std::uint32_t>(kBitrate / 2);
/// Packets come together, as pictures at 25 a second make them.
constexpr std::uint32_t kBurst = 7;
constexpr Milliseconds kLimit{50};
constexpr Milliseconds kTinyproxyLimit{80};

/// What came to a publishing point, and when.
class Arrival {
 public:
  explicit Arrival(const NumberedStream& sent) : sent_(sent) {}
  void add(Bytes packet) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    packets_.push_back({sent_.number_of(packet), now});
  }
  std::vector<ArrivedPacket> packets() const {
    const std::lock_guard lock(mutex_);
    return packets_;
  }

 private:
  const NumberedStream& sent_;
  mutable std::mutex mutex_;
  std::vector<ArrivedPacket> packets_;
};

class Consumer : public pubpoint::StreamConsumer {
 public:
  explicit Consumer(Arrival& arrival) : arrival_(arrival) {}
  void on_header(Bytes) override {}
  void on_packet(Bytes packet) override { arrival_.add(packet); }
  void on_end(pubpoint::SessionReport&) override {}

 private:
  Arrival& arrival_;
};

/// One push through one proxy.
class Trial {
 public:
  Trial(const Arrangement& with, const NumberedStream& stream)
      : name_(with.name), stream_(stream), arrival_(stream), written_(stream.packets()) {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0777));
    pubpoint::Settings settings;
    settings.consumer = [this](const pubpoint::SessionReport&) {
      return std::make_unique<Consumer>(arrival_);
    };
    if (with.tls_at_origin()) settings.tls = certificates_.server();
    std::filesystem::copy_file(certificates_.make("proxy"), folder_.path() / "tls.pem");
    point_ = std::make_unique<pubpoint::Server>(std::move(settings));
    wmpush_options options;
    wmpush_options_init(&options);
    const std::string authority = certificates_.authority().string();
    options.ca_file = authority.c_str();
    std::string url = point_->url();
    std::string http_proxy;
    if (with.start) {
      proxy_ = with.start(folder_.path(), point_->port());
      url = with.url(*proxy_, with.tls_at_origin() ? point_->tls_port() : point_->port(), "/live");
      http_proxy = with.http_proxy(*proxy_, kProxyPassword);
      if (!http_proxy.empty()) options.http_proxy = http_proxy.c_str();
    }
    sink_ = std::make_unique<PushSink>(options);
    note(sink_->Connect(url));
  }

  void start(Clock::time_point at) {
    thread_ = std::thread([this, at] { push(at); });
  }
  void join() { thread_.join(); }

  /// Prints its line; whether all was well.
  bool report(bool any_latency) const {
    const auto packets = arrival_.packets();
    const Arrivals arrivals = arrivals_of(stream_, packets);
    std::vector<Milliseconds> late;
    for (const ArrivedPacket& packet : packets)
      if (packet.number) late.push_back(packet.at - written_[*packet.number]);
    std::ranges::sort(late);
    const auto part = [&](double share) {
      return late.empty()
                 ? 0.0
                 : late[static_cast<std::size_t>(share * static_cast<double>(late.size() - 1))]
                       .count();
    };
    const auto sessions = point_->sessions();
    const bool ended = !sessions.empty() && sessions.back().end_of_stream;
    const Milliseconds limit = name_.starts_with("tinyproxy") ? kTinyproxyLimit : kLimit;
    const bool good = result_ == Result::S_OK && ended && arrivals.all() &&
                      point_->breaches().empty() && (any_latency || part(0.99) < limit.count());
    std::printf("| %-15s | %7zu | %4zu | %5zu | %9llu | %6.2f | %6.2f | %6.2f | %s |\n",
                name_.c_str(), packets.size(), arrivals.missing.size(),
                arrivals.twice.size() + arrivals.late.size() + arrivals.altered,
                static_cast<unsigned long long>(sessions.empty() ? 0 : sessions.back().push_starts),
                part(0.5), part(0.99), part(1), ended ? "yes" : "no ");
    if (result_ != Result::S_OK) std::printf("  %s\n", sink_->last_error().message.c_str());
    return good;
  }

 private:
  void note(Result result) {
    if (succeeded(result_)) result_ = result;
  }

  void push(Clock::time_point start) {
    if (succeeded(result_)) note(sink_->OnHeader(stream_.header()));
    for (std::uint32_t number = 0; number < stream_.packets() && succeeded(result_); ++number) {
      const std::chrono::duration<double> passed(number / kBurst * kBurst * kPacketSize * 8 /
                                                 kBitrate);
      note(sink_->wait_until(start + std::chrono::duration_cast<Clock::duration>(passed)));
      written_[number] = Clock::now();
      note(sink_->OnDataUnit(stream_.packet(number)));
    }
    if (succeeded(result_)) note(sink_->EndSession());
    // What has been acknowledged to the client may still be on its way in the proxy.
    point_->wait_for(
        [&] { return point_->sessions().empty() || point_->sessions().back().end_of_stream; },
        std::chrono::seconds(5));
  }

  const std::string name_;
  const NumberedStream& stream_;
  Arrival arrival_;
  std::vector<Clock::time_point> written_;
  const TemporaryDirectory folder_;
  std::unique_ptr<pubpoint::Server> point_;
  Certificates certificates_;
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<PushSink> sink_;
  std::thread thread_;
  Result result_ = Result::S_OK;
};

int run(double seconds, const std::vector<std::string>& names, bool any_latency) {
  const NumberedStream stream(static_cast<std::uint32_t>(seconds * kBitrate / 8 / kPacketSize),
                              kPacketSize, kDeclaredBitrate);
  std::vector<Arrangement> wanted{{.name = "direct", .missing = {}}};
  wanted.insert(wanted.end(), arrangements().begin(), arrangements().end());
  std::vector<std::unique_ptr<Trial>> trials;
  for (const Arrangement& one : wanted) {
    if (!names.empty() && std::ranges::find(names, one.name) == names.end()) continue;
    if (one.missing.empty())
      trials.push_back(std::make_unique<Trial>(one, stream));
    else
      std::fprintf(stderr, "%s is left out: no %s\n", one.name.c_str(), one.missing.c_str());
  }
  // Each a little later than the one before, so that their packets do not meet.
  const auto start = Clock::now() + std::chrono::milliseconds(100);
  for (std::size_t i = 0; i < trials.size(); ++i)
    trials[i]->start(start + std::chrono::microseconds(400) * static_cast<long>(i));
  for (const auto& trial : trials) trial->join();
  std::printf(
      "| proxy           | packets | lost | wrong | PushStart | p50 ms | p99 ms | max ms | $E  |\n"
      "|---|---|---|---|---|---|---|---|---|\n");
  bool good = !trials.empty();
  for (const auto& trial : trials) good = trial->report(any_latency) && good;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace wmpush::test

int main(int argc, char** argv) {
  double seconds = 60;
  std::vector<std::string> names(argv + 1, argv + argc);
  const bool any_latency = std::erase(names, "--any-latency") > 0;
  if (!names.empty() && names[0][0] >= '0' && names[0][0] <= '9') {
    const char* const end = names[0].data() + names[0].size();
    if (std::from_chars(names[0].data(), end, seconds).ptr != end || seconds < 1) {
      std::fprintf(stderr, "usage: interop_realtime [--any-latency] [SECONDS] [NAME...]\n");
      return 2;
    }
    names.erase(names.begin());
  }
  try {
    return wmpush::test::run(seconds, names, any_latency);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "interop_realtime: %s\n", error.what());
    return 1;
  }
}
