// Whatever a client puts into the bodies of its PushStarts: what the session counts is what the
// recorder got, and each file that is left behind is ASF that our own splitter takes.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "asf/splitter.hpp"
#include "fuzz/target.hpp"
#include "pubpoint/push/push_session.hpp"
#include "pubpoint/record/recording_series.hpp"
#include "support/asf_builder.hpp"
#include "support/temporary_directory.hpp"

namespace wmpush::fuzz {
namespace {

using pubpoint::PushSession;

/// What a consumer got.
struct Taken {
  std::uint64_t headers = 0;
  std::uint64_t packets = 0;
  std::uint64_t ends = 0;
  bool parsed = true;  // each header, whole
};

/// Between session and recording.
class Witness : public pubpoint::StreamConsumer {
 public:
  Witness(pubpoint::RecordingSeries& series, Taken& taken) : series_(series), taken_(taken) {}
  void on_header(Bytes header) override {
    asf::Header parsed;
    if (parse_header(header, parsed))
      taken_.parsed = false;
    else
      packet_size_ = parsed.packet_size;
    ++taken_.headers;
    series_.begin_entry(header);
  }
  void on_packet(Bytes packet) override {
    require(taken_.headers > 0, "a packet comes behind a header");
    require(!packet.empty() && packet.size() <= packet_size_,
            "a packet is no larger than declared");
    ++taken_.packets;
    series_.add(packet);
  }
  void on_end(pubpoint::SessionReport& report) override {
    ++taken_.ends;
    series_.finish();
    report.recordings = series_.files();
    report.recording_error = series_.failure().text;
  }

 private:
  pubpoint::RecordingSeries& series_;
  Taken& taken_;
  std::size_t packet_size_ = wmhttp::kMaxPacketLength;
};

/// The packets of a recording.
std::uint64_t packets_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Bytes input = as_bytes(text);
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  std::uint64_t packets = 0;
  do {
    require(!splitter.next(input, unit), "a recording is ASF");
    packets += unit.kind == asf::Splitter::Kind::Packet ? 1 : 0;
  } while (unit.kind != asf::Splitter::Kind::None);
  return packets;
}

void check(Bytes bytes, bool rotate) {
  static const test::TemporaryDirectory directory;
  pubpoint::Clock::time_point now{std::chrono::hours(1)};
  pubpoint::RecordingRules rules;
  rules.directory = directory.path();
  if (rotate) rules.time = std::chrono::milliseconds(50);
  pubpoint::RecordingSeries series(rules, "fuzz");
  PushSession session("1", "/live", now);
  Taken witness;
  session.add_consumer(std::make_unique<Witness>(series, witness));
  pubpoint::PushRequest request;
  request.path = "/live";
  request.push_id = "1";
  session.set_up(request, "peer", now);

  // Each PushStart: its length, the bytes of it that come, and how it ends.
  ByteReader script(bytes);
  bool breach = false;
  while (script.ok() && script.remaining() > 4 && !breach && !session.over()) {
    const unsigned how = script.u8();
    request.kind = pubpoint::PushRequest::Kind::Start;
    request.content_length = 1 + script.u16() % 4000u;
    session.start(request, "peer", now);
    Bytes body = script.bytes(std::min<std::size_t>(
        static_cast<std::size_t>(request.content_length), script.remaining()));
    while (true) {
      const std::size_t before = body.size();
      wmhttp::Frame frame;
      const PushSession::Step step = session.next(body, frame, now);
      require(body.size() <= before, "nothing is given back");
      breach = step == PushSession::Step::Breach;
      if (breach) require(!session.breach().rule.empty(), "a breach has a rule");
      if (step != PushSession::Step::Frame || session.end_of_stream()) break;
    }
    now += std::chrono::milliseconds(how * 10);
    if ((how & 1) != 0) session.connection_lost();
  }
  session.end("over");

  const pubpoint::SessionReport& report = session.report();
  require(session.over() && !report.ended_because.empty(), "a session that ended says why");
  require(witness.ends == 1, "the consumer is told once");
  require(report.entries == witness.headers && report.packets == witness.packets,
          "the report counts what the consumer got");
  std::uint64_t recorded = 0;
  for (const auto& path : report.recordings) {
    if (report.recording_error.empty() && witness.parsed) recorded += packets_of(path);
    std::filesystem::remove(path);
  }
  if (report.recording_error.empty() && witness.parsed && witness.packets != 0)
    require(recorded == witness.packets, "every packet is in a recording");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  using namespace test;
  const auto frame = [](wmhttp::FrameId id, Bytes payload, std::uint32_t reason = 0) {
    std::vector<std::byte> bytes(wmhttp::frame_head_size(id));
    wmhttp::write_frame_head(id, payload.size(), reason, bytes);
    append(bytes, payload);
    return bytes;
  };
  const auto start = [](unsigned how, std::initializer_list<std::vector<std::byte>> frames) {
    std::vector<std::byte> body;
    for (const auto& each : frames) append(body, each);
    ByteWriter to;
    to.u8(static_cast<std::uint8_t>(how));
    to.u16(static_cast<std::uint16_t>(body.size() - 1));
    to.bytes(body);
    return to.take();
  };
  HeaderSpec spec;
  spec.streams = {StreamSpec::video(1)};
  spec.packet_size = 100;
  PacketSpec packet;
  packet.packet_size = 100;
  packet.payloads = {{.key_frame = true, .media_object_size = 40, .size = 40}};
  using wmhttp::FrameId;
  const auto h = frame(FrameId::Header, make_header(spec));
  const auto d = frame(FrameId::Data, make_packet(packet));
  packet.send_time = 100;
  const auto d2 = frame(FrameId::Data, make_packet(packet));
  const auto c = frame(FrameId::StreamChange, make_header(spec));
  const auto next = frame(FrameId::End, {}, 1), end = frame(FrameId::End, {});
  std::vector<std::vector<std::byte>> seeds;
  const auto add = [&](unsigned repeats, std::initializer_list<std::vector<std::byte>> starts) {
    seeds.push_back({static_cast<std::byte>(repeats)});
    for (const auto& each : starts) append(seeds.back(), each);
  };
  add(0, {start(0, {h, d, d2, end})});
  add(1, {start(0, {h, d, next, c, d2, end})});
  add(0, {start(1, {h, d, d2}), start(2, {d, d2, end})});
  add(2, {start(0, {h, d, d2, next, c, d2, d, d2, end})});
  add(0,
      {start(0, {h, d, frame(FrameId::Filler, std::vector<std::byte>(20))}), start(0, {d2, end})});
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  if (size == 0) return 0;
  check(input(data, size).subspan(1), (data[0] & 2) != 0);
  return 0;
}
