// A publishing point with a clock that the test moves, and the shortest way to a session on it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "asf/guid.hpp"
#include "pubpoint/server.hpp"
#include "support/faulty_server.hpp"
#include "support/raw_client.hpp"

namespace wmpush::test {

/// Moved by the test, read by the server's thread.
class FakeClock {
 public:
  void advance(std::chrono::milliseconds by) { offset_ += by.count(); }
  std::function<pubpoint::Clock::time_point()> function() {
    return [this] {
      return pubpoint::Clock::time_point(std::chrono::hours(1)) +
             std::chrono::milliseconds(offset_.load());
    };
  }

 private:
  std::atomic<std::int64_t> offset_{0};
};

/// The least that is an ASF header for a push: File Properties, and the head of a Data Object.
inline std::string tiny_header(std::uint32_t packet_size = 100) {
  ByteWriter header;
  header.bytes(asf::kHeaderObject);
  header.u64(30 + 104);
  header.u32(1);
  header.u8(1);
  header.u8(2);
  header.bytes(asf::kFileProperties);
  header.u64(104);
  header.zeros(64);
  header.u32(1);
  header.u32(packet_size);
  header.u32(packet_size);
  header.u32(0);
  header.bytes(asf::kDataObject);
  header.u64(50);
  header.zeros(24);
  header.u8(1);
  header.u8(1);
  return std::string(as_text(header.view()));
}

inline std::string h_frame() { return frame(wmhttp::FrameId::Header, tiny_header()); }
inline std::string c_frame() { return frame(wmhttp::FrameId::StreamChange, tiny_header()); }
/// Each packet is a little different from the one before, as in any stream.
inline std::string d_frame(std::size_t size = 100) {
  static std::atomic<std::uint32_t> number = 0;
  std::string packet(size, '\x11');
  const std::string text = std::to_string(++number);
  if (size > text.size()) packet.replace(size - text.size(), text.size(), text);
  return frame(wmhttp::FrameId::Data, packet);
}
inline std::string f_frame(std::size_t size) {
  return frame(wmhttp::FrameId::Filler, std::string(size, '\0'));
}

class ServerTest : public testing::Test {
 protected:
  /// Call after changing settings.
  void serve() { server = std::make_unique<FaultyServer>(settings, habits); }

  std::unique_ptr<RawClient> connect() { return std::make_unique<RawClient>(server->port()); }

  /// PushSetup; the push-id.
  std::string set_up(RawClient& client, const std::string& path = "/live") {
    client.send(RequestText::setup(path).text());
    const std::string response = client.read_response();
    EXPECT_EQ(status_of(response), 204) << response;
    return push_id_of(response);
  }

  /// PushSetup, PushStart, and `body`; the push-id.
  std::string push(RawClient& client, const std::string& body, const std::string& path = "/live",
                   std::uint64_t length = 2147483647) {
    const std::string id = set_up(client, path);
    client.send(RequestText::start(id, length, path).text() + body);
    return id;
  }

  pubpoint::SessionReport session(const std::string& push_id) const {
    for (const auto& report : server->sessions())
      if (report.push_id == push_id) return report;
    return {};
  }

  bool packets_reach(const std::string& push_id, std::uint64_t count) const {
    return server->wait_for([&] { return session(push_id).packets >= count; });
  }
  bool session_ends(const std::string& push_id) const {
    return server->wait_for([&] { return !session(push_id).running; });
  }
  bool connection_is_lost(const std::string& push_id) const {
    return server->wait_for([&] { return !session(push_id).receiving; });
  }

  /// The rules that were broken so far, in order, joined by spaces.
  std::string broken() const {
    std::string rules;
    for (const auto& breach : server->breaches()) rules += (rules.empty() ? "" : " ") + breach.rule;
    return rules;
  }

  /// Sends `request` on a connection of its own: the status that comes back.
  int status_for(const RequestText& request) { return status_for(request.text()); }
  int status_for(const std::string& text) {
    auto client = connect();
    client->send(text);
    return status_of(client->read_response());
  }

  FakeClock clock;
  pubpoint::Settings settings{.now = clock.function()};
  ServerHabits habits;
  std::unique_ptr<FaultyServer> server;
};

}  // namespace wmpush::test
