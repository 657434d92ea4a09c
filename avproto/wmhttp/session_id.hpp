// By what the server knows a session: push-id and cookies (2.2.1.4, 2.2.1.6).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wmhttp/message.hpp"
#include "wmhttp/push_start.hpp"
#include "wmhttp/route.hpp"

namespace wmpush::wmhttp {

/// Whether a session goes on with its push-id after a loss of the connection.
enum class Resume : std::uint8_t {
  Auto,    ///< unless something speaks against the server having it
  Always,  ///< until the server says that it does not have it, or has had the time to forget it
  Never    ///< each loss is followed by a new session
};

class SessionId {
 public:
  using Cookies = std::vector<std::pair<std::string, std::string>>;

  explicit SessionId(Resume resume) : resume_(resume) {}

  const std::string& push_id() const { return push_id_; }
  const Cookies& cookies() const { return cookies_; }

  /// Keeps what a response says of the session. Not empty: it says more than is kept.
  Error take(const Response& response);
  /// The last response brought another push-id than there was.
  bool renamed() const { return renamed_; }

  /// There is a session: `response` accepted the PushSetup.
  void accept(const Response& response);
  /// The response that accepted it; that of the one before while a new one is set up.
  const Response& setup_response() const { return setup_response_; }
  /// There was a session, once.
  bool accepted() const { return accepted_; }
  /// How long the server keeps it without a request.
  Duration idle_timeout() const;

  /// From here on another connection may go on with it.
  void make_resumable() { fresh_ = false; }
  /// There is nothing that could be resumed: the next PushStart begins a session.
  bool fresh() const { return fresh_; }
  /// It is not to be gone on with.
  void give_up() { fresh_ = true; }
  /// The server has said that it does not have it.
  void deny();
  /// Something speaks against the server having it still.
  void doubt();
  /// It is had after all: the stream goes on, or nothing is left to go on with.
  void trust();
  /// Whether it may be gone on with, `since` the connection was lost.
  bool resumable(Time now, Time since) const;

  /// A new one is to be set up. What was given up on a doubt is remembered, with where it was.
  void forget(const Route::Place& place);
  /// What one host gave is not for another.
  void leave_host();
  /// The session that was given up on a doubt, if there is one, is the one again; where it was.
  std::optional<Route::Place> take_back();
  bool has_doubted() const { return doubted_.has_value(); }

 private:
  struct Doubted {
    Route::Place place;
    std::string push_id;
    Cookies cookies;
  };

  const Resume resume_;
  std::string push_id_{kNewSession};
  Cookies cookies_;
  Response setup_response_;
  bool accepted_ = false;
  bool renamed_ = false;
  bool fresh_ = true;
  bool in_doubt_ = false;  // the current one is about to be given up on a doubt
  std::optional<Doubted> doubted_;
};

}  // namespace wmpush::wmhttp
