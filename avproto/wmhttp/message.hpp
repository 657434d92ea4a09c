// The requests that a pusher sends and the responses that it gets (MS-WMHTTP 2.2.1, 2.2.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

inline constexpr std::string_view kEncoderToken = "WMEncoder/12.0.7601.17514";
inline constexpr std::string_view kNewSession = "0";  ///< the push-id that asks for a new session
inline constexpr std::size_t kMaxPushId = 255;        ///< characters (2.2.1.6)

// What a peer may send, at the most. No server comes near these limits; one that never stops does,
// and the session then ends with NS_E_INCOMPATIBLE_PUSH_SERVER.

inline constexpr std::size_t kMaxResponseHead = 65536;      ///< bytes of status line and fields
inline constexpr std::size_t kMaxHeaderFields = 256;        ///< of one response
inline constexpr std::size_t kMaxInterim = 1000;            ///< 1xx in front of one response
inline constexpr std::size_t kMaxResponses = 32;            ///< to one request, 1xx not counted
inline constexpr std::uint64_t kMaxResponseBody = 1048576;  ///< bytes that are read past
inline constexpr std::size_t kMaxCookies = 50;              ///< that a session keeps (RFC 6265 6.1)
inline constexpr std::size_t kMaxCookieBytes = 16384;       ///< of their names and values together

/// The longest time without a request that a Pragma can grant; a longer one counts as this one.
inline constexpr std::chrono::milliseconds kMaxIdleTimeout{2147483647};

/// What every request of a session has in common.
struct RequestContext {
  std::string target;      ///< path and query, verbatim
  std::string host;        ///< value of the Host header
  std::string user_agent;  ///< with the WMEncoder token in front (2.2.1.8)
  std::string push_id{kNewSession};
  std::vector<std::pair<std::string, std::string>> cookies;  ///< others that the server set
  std::string authentication_schemes;  ///< X-Accept-Authentication; empty: none is done
  std::string authorization;           ///< for the server; empty: none
  std::string proxy_authorization;     ///< for a proxy; empty: none
};

/// Every request is one.
inline constexpr std::string_view kMethod = "POST";

/// The whole PushSetup request (3.1.4.1.1).
std::string push_setup_request(const RequestContext& context, std::string_view body);

/// The head of a PushStart whose body will have `content_length` bytes (3.1.4.2.1).
std::string push_start_head(const RequestContext& context, std::int64_t content_length);

/// The body of a PushSetup that names a template (2.2.2.1.1, 2.2.2.1.2); empty without one. `path`
/// is absolute; what is not ASCII in it is percent-encoded. E_INVALIDARG for a quote, a line break
/// or a relative path.
Error push_setup_body(std::string_view path, bool auto_destroy, std::string& body);

struct Response {
  int status = 0;
  std::string reason;
  std::string server;
  std::string supported;
  std::string location;
  std::optional<std::string> push_id;
  std::vector<std::pair<std::string, std::string>> cookies;  ///< others than push-id
  std::vector<std::string> challenges;  ///< WWW-Authenticate, or Proxy-Authenticate with a 407
  std::optional<std::chrono::milliseconds> timeout;  ///< Pragma: timeout=
  bool via = false;                                  ///< a proxy has added its name
  bool keep_alive = true;  ///< the connection can be used again, once the body is read past

  bool success() const { return status >= 200 && status < 300; }
  /// "404 Not Found"
  std::string status_text() const;
  /// Cougar/VERSION or Rex/VERSION (2.2.1.7): a Windows Media server.
  bool from_media_server() const;
};

/// Takes what a server sends, in pieces of any size, and gives its responses. The body of a
/// response is not kept; a response is given as soon as its head is complete, since nothing that
/// the protocol needs is in a body.
class ResponseReader {
 public:
  enum class Status {
    NeedMore,
    Response,
    Malformed,  ///< that is no HTTP
    Excessive   ///< more than one of the limits above allows
  };

  ResponseReader();
  ~ResponseReader();
  ResponseReader(ResponseReader&&) noexcept;
  ResponseReader& operator=(ResponseReader&&) noexcept;

  Status next(Bytes& input, Response& response);
  /// What came instead of a response, when it was Malformed or Excessive: "something that ...".
  const std::string& malformed() const { return malformed_; }
  /// Forgets everything: for a new connection.
  void reset();

 private:
  class ChunkedBody;

  Status give_up(Status status, std::string what);
  Status skip_body(Bytes& input);

  std::string head_;
  std::size_t interim_ = 0;  // 1xx since the last response
  std::uint64_t body_left_ = 0;
  std::uint64_t body_skipped_ = 0;        // of the last response
  std::unique_ptr<ChunkedBody> chunked_;  // of the last response, while it lasts
  std::string malformed_;
  Status given_up_ = Status::Malformed;  // when malformed_ is not empty
};

}  // namespace wmpush::wmhttp
