// How requests are let in: by the server, and by a proxy in front of it (3.1.5.1, 3.1.5.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wmhttp/authenticator.hpp"
#include "wmhttp/message.hpp"
#include "wmhttp/question.hpp"
#include "wmhttp/route.hpp"

namespace wmpush::wmhttp {

/// Borrows an authenticator for each of the two, and never one for longer than the requests go
/// where it belongs.
class Admission {
 public:
  /// Null: nobody answers a challenge.
  Admission(Authenticator* server, Authenticator* proxy) : server_(server), proxy_(proxy) {}

  /// Requests go elsewhere: what was for one host is not for another.
  void leave_server() { server_ = nullptr; }
  void leave_proxy() { proxy_ = nullptr; }
  void take(Authenticator* server, Authenticator* proxy);

  /// There is somebody who may meet a challenge.
  bool is_possible() const { return server_ != nullptr || proxy_ != nullptr; }

  /// Puts into `request` what the next request says of who we are. Once for each request; the same
  /// again, after repeat().
  void authorize(RequestContext& request, const Route& route);
  /// The next request is the last one once more: the connection was lost with it.
  void repeat() { repeats_ = true; }
  void repeat_no_more() { repeats_ = false; }
  /// The last request is only a round of a scheme that lets a connection in: it has no body.
  bool incomplete() const;

  /// Whether a response is what Tinyproxy says to a wrong password: a 401 that asks for its own.
  bool is_proxys_own_refusal(const Response& response) const;
  /// There is somebody who could meet this challenge.
  bool is_possible_for(const Response& challenge) const { return asked(challenge) != nullptr; }

  // Who answers may need time for that, as for a ticket.

  /// Has a challenge answered that is possible to meet. Where that takes no time the answer is
  /// there afterwards; otherwise asking() is true until somebody has asked the question, and
  /// answered() is called.
  void ask(const Response& challenge, const Authenticator::Occasion& occasion);
  bool asking() const { return question_ != nullptr; }
  /// authorize() may take time, unless somebody asks question() before.
  bool unprepared() const;
  /// What is to be asked, in any thread; null: nothing. Answered or not, it stays the same until
  /// answered() is called.
  std::shared_ptr<Question> question();
  /// It was asked. False: the answer came too late to be of use, or said that there was no memory
  /// for it: `failure`.
  bool answered(Error& failure);
  /// What the answer will be does not matter any more.
  void let_go_of_answer() { is_answer_wanted_ = false; }

  /// The last answer. True: send the request again; false: explanation() says why that is no use.
  bool sends_again() const { return again_; }
  const std::string& explanation() const { return explanation_; }
  std::vector<Authenticator::Note> take_notes() { return std::exchange(notes_, {}); }

  /// The last request was let in, by both.
  void accepted();
  /// By the proxy at least. One that does not know us says so: one that has not may ask anew.
  void accepted_by_proxy();
  /// Another session is to be set up on another connection.
  void begin_anew();

 private:
  Authenticator* asked(const Response& challenge) const {
    return challenge.status == 407 ? proxy_ : server_;
  }

  Authenticator* server_;
  Authenticator* proxy_;
  std::string server_says_;  // of the last request
  std::string proxy_says_;
  bool repeats_ = false;
  std::vector<std::string> proxy_challenges_;  // of the last 407
  std::shared_ptr<Question> question_;
  bool is_answer_wanted_ = true;
  bool again_ = false;
  std::string explanation_;
  std::vector<Authenticator::Note> notes_;
};

}  // namespace wmpush::wmhttp
