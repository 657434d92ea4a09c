// A client that says exactly what a test tells it to, right or wrong.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "wmhttp/frame.hpp"

namespace wmpush::test {

/// A TCP connection to a loopback port. Every call gives up after ten seconds.
class RawClient {
 public:
  /// How the other side ended.
  enum class Ending { None, Closed, Reset };

  explicit RawClient(std::uint16_t port, const std::string& address = "127.0.0.1");
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the connection is gone.
  bool send(std::string_view text);
  bool send(Bytes bytes) { return send(as_text(bytes)); }
  /// Bytes that the kernel takes without waiting for the peer; stops when it takes no more for
  /// `patience`, or at `limit`.
  std::size_t send_until_stalled(
      std::size_t limit, std::chrono::milliseconds patience = std::chrono::milliseconds(300));
  /// The next response up to the end of its head; what there was of it when the connection ended.
  std::string read_response();
  /// So many bytes; fewer when the connection ends before.
  std::string read(std::size_t size);
  /// Everything until the other side closes or resets.
  std::string read_to_end();
  /// Throws away what has come; false when the connection has ended.
  bool discard();
  Ending ending() const { return ending_; }
  /// Whether nothing comes, and the connection stays, for so long.
  bool silent_for(std::chrono::milliseconds time);

  void half_close();
  void reset();
  void close();

 private:
  bool receive(std::string& to, std::chrono::milliseconds patience);

  int socket_ = -1;
  std::string received_;
  Ending ending_ = Ending::None;
};

/// A request that keeps every rule, to be spoilt.
class RequestText {
 public:
  static RequestText setup(std::string path = "/live", std::string push_id = "0");
  static RequestText start(std::string push_id, std::uint64_t length = 2147483647,
                           std::string path = "/live");

  RequestText& set(std::string_view name, std::string value);
  RequestText& add(std::string name, std::string value);
  RequestText& remove(std::string_view name);
  RequestText& line(std::string request_line);
  /// Sets Content-Length, too.
  RequestText& body(std::string text);
  std::string text() const;

 private:
  std::string line_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string body_;
};

/// Status of a response; 0 when it is none.
int status_of(std::string_view response);
/// Value of a header field, as it stands; empty when there is none.
std::string field_of(std::string_view response, std::string_view name);
/// The push-id that a response's Set-Cookie gives.
std::string push_id_of(std::string_view response);

std::string frame(wmhttp::FrameId id, Bytes payload, std::uint32_t reason = 0);
std::string frame(wmhttp::FrameId id, std::string_view payload, std::uint32_t reason = 0);
inline std::string end_frame(std::uint32_t reason = 0) {
  return frame(wmhttp::FrameId::End, std::string_view(), reason);
}

}  // namespace wmpush::test
