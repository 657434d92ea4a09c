// Plays owner and peer to a PushEngine: strings in, strings out, time moved by hand.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "wmhttp/frame.hpp"
#include "wmhttp/push_engine.hpp"

namespace wmpush::test {

inline constexpr std::string_view kAccepted =
    "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n"
    "Set-Cookie: push-id=4124758405\r\nPragma: no-cache, timeout=60000\r\n\r\n";
inline constexpr std::string_view kNextPlease =
    "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n\r\n";

inline wmhttp::EngineConfig engine_config() {
  using namespace std::chrono_literals;
  wmhttp::EngineConfig config;
  config.target = "/live";
  config.server = {"server", 8080};
  config.user_agent = std::string(wmhttp::kEncoderToken) + " libwmpush/" WMPUSH_VERSION;
  config.response_timeout = 15s;
  config.send_timeout = 10s;
  config.end_timeout = 5s;
  config.rollover_timeout = 10s;
  return config;
}

class EngineDriver {
 public:
  using Engine = wmhttp::PushEngine;
  using State = Engine::State;
  using Want = Engine::Want;

  explicit EngineDriver(wmhttp::EngineConfig config = engine_config())
      : engine(std::move(config)) {}

  /// Everything the engine wants to send, as if the kernel took it at once.
  std::string flush() {
    std::string text;
    while (engine.wants() == Want::Send) {
      std::size_t count = 0;
      for (const Bytes part : engine.outgoing()) {
        text += as_text(part);
        count += part.size();
      }
      engine.sent(count, now);
    }
    wire += text;
    return text;
  }

  void answer(std::string_view text) {
    engine.received(as_bytes(text), now);
    consult();
  }
  /// Asks who takes time for an answer.
  void consult() {
    while (engine.wants() == Want::Consult) {
      engine.question()->ask();
      engine.answered(now);
    }
  }
  void pass(std::chrono::microseconds time) { now += time; }

  /// PushSetup and its answer; gives the request.
  std::string set_up(std::string_view response = kAccepted) {
    static_cast<void>(engine.start(now));
    engine.connected(now);
    const std::string request = flush();
    answer(response);
    return request;
  }

  Error header(std::size_t size = 100, std::size_t packet_size = 1000, std::uint32_t bitrate = 0) {
    header_bytes.assign(size, std::byte{'h'});
    return engine.header(header_bytes, {packet_size, bitrate}, now);
  }
  /// A packet of `size` times the character `mark`.
  Error packet(std::size_t size = 1000, char mark = 'd') {
    packet_bytes.assign(size, static_cast<std::byte>(mark));
    return engine.packet({}, packet_bytes, now);
  }

  /// Sets up, sends a header and gives what went out for it.
  std::string start_stream(std::size_t header_size = 100, std::size_t packet_size = 1000,
                           std::uint32_t bitrate = 0) {
    set_up();
    static_cast<void>(header(header_size, packet_size, bitrate));
    return flush();
  }

  Engine engine;
  wmhttp::Time now{std::chrono::hours(1)};
  std::string wire;  // everything that was sent so far
  std::vector<std::byte> header_bytes;
  std::vector<std::byte> packet_bytes;
};

/// One request as it was on the wire: head, and the frames of its body.
struct SentRequest {
  std::string head;
  std::string body;
  std::int64_t content_length = -1;
  std::string header(std::string_view name) const {
    const std::string key = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(key);
    if (at == std::string::npos) return "(none)";
    const std::size_t from = at + key.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

/// Takes everything a client sent apart by the Content-Lengths, as a receiver would. The last body
/// may be incomplete.
inline std::vector<SentRequest> requests_in(std::string_view wire) {
  std::vector<SentRequest> requests;
  while (!wire.empty()) {
    SentRequest request;
    const std::size_t end = wire.find("\r\n\r\n");
    if (end == std::string_view::npos) break;
    request.head = wire.substr(0, end + 4);
    wire.remove_prefix(end + 4);
    request.content_length = std::stoll(request.header("Content-Length"));
    const std::size_t size =
        std::min(wire.size(), static_cast<std::size_t>(request.content_length));
    request.body = wire.substr(0, size);
    wire.remove_prefix(size);
    requests.push_back(std::move(request));
  }
  return requests;
}

struct SentFrame {
  wmhttp::FrameId id{};
  std::uint32_t reason = 0;
  std::string payload;
};

/// The frames of a body; a breach becomes a frame with the id '!' and the breach as payload.
inline std::vector<SentFrame> frames_in(std::string_view body) {
  std::vector<SentFrame> frames;
  wmhttp::FrameReader reader;
  wmhttp::Frame frame;
  Bytes input = as_bytes(body);
  while (true) {
    const auto status = reader.next(input, frame);
    if (status == wmhttp::FrameReader::Status::NeedMore) break;
    if (status == wmhttp::FrameReader::Status::Breach) {
      frames.push_back({wmhttp::FrameId('!'), 0, reader.breach()});
      break;
    }
    frames.push_back({frame.id, frame.reason, std::string(as_text(frame.payload))});
  }
  if (reader.pending() > 0) frames.push_back({wmhttp::FrameId('!'), 0, "the body ends in a frame"});
  return frames;
}

/// "HDDE" for the frames' ids.
inline std::string ids(const std::vector<SentFrame>& frames) {
  std::string text;
  for (const SentFrame& frame : frames) text += static_cast<char>(frame.id);
  return text;
}

}  // namespace wmpush::test
