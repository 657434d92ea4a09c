// How the engine comes to a session (3.1.4.1, 3.1.5.1).
#include <cerrno>
#include <utility>

#include "wmhttp/push_engine.hpp"
#include "wmhttp/refusal.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {

void PushEngine::want_connection() { drop_connection(); }

/// While an authentication goes its rounds there is no body: only the last request is meant.
void PushEngine::send_setup() {
  note(WMPUSH_LOG_VERBOSE, "PushSetup for " + config_.target);
  progress_ = waiting_since_ = now_;
  answers_ = 0;
  if (!std::exchange(same_authorization_, false)) authorize();
  body_held_back_ = authorization_incomplete();
  out_.copy(as_bytes(push_setup_request(
      context_, body_held_back_ ? std::string_view() : std::string_view(config_.setup_body))));
}

void PushEngine::fail_to_connect() {
  // Where nobody listens any more, nobody has kept the session either.
  if (peer_error_.system_error == ECONNREFUSED && !config_.proxy) doubt_session();
  // What is wrong with the address itself does not get better.
  const bool later = recoverable() && (peer_error_.result == Result::NS_E_PUSH_CANNOTCONNECT ||
                                       peer_error_.result == Result::NS_E_SERVER_NOT_FOUND ||
                                       peer_error_.result == Result::NS_E_PROXY_NOT_FOUND);
  later ? try_later(peer_error_) : fail(peer_error_);
}

void PushEngine::accept_session() {
  if (!response_.from_media_server()) {
    if (config_.strict_server) return fail(foreign_server(response_, redirects_ > 0));
    note(WMPUSH_LOG_WARNING,
         "the server calls itself '" + response_.server +
             "', which is no Windows Media server: going on because strict_server is 0");
  }
  authorization_accepted();
  if (body_held_back_ && !config_.setup_body.empty()) {
    // Let in before the last round, as a server may that knows the connection: the body is to come.
    become(response_.keep_alive ? State::SettingUp : State::Connecting);
    return response_.keep_alive ? send_setup() : drop_connection();
  }
  accepted_ = true;
  redirects_ = 0;
  setup_response_ = response_;
  if (!response_.keep_alive) drop_connection();
  if (!header_.empty()) start_or_reconnect();  // the session before it was lost: go on
}

void PushEngine::refuse_setup() {
  Error error = refused("PushSetup", !config_.setup_body.empty());
  resume_after_all();
  const bool later =
      recoverable() && (may_be_held(response_.status) || worth_another_try(response_.status));
  if (later) authorization_accepted();  // who refuses for now has nothing against us
  later ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::report_malformed() {
  fail({Result::NS_E_INCOMPATIBLE_PUSH_SERVER, 0, 0,
        "the server sent " + responses_.malformed() + ": check host and port"});
}

void PushEngine::lose_setup() {
  // A server may close behind a challenge although it did not say so.
  if (std::exchange(connection_reused_, false)) {
    same_authorization_ = true;
    drop_connection();
    return become(State::Connecting);
  }
  Error error = peer_error_;
  if (error)
    error.message = "PushSetup: " + error.message;
  else
    error = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
             "PushSetup: the server closed the connection without a complete answer: is it a "
             "Windows Media server?"};
  recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::setup_unanswered() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "PushSetup: no answer within " + seconds_text(config_.response_timeout) +
                  ": check that this is a Windows Media server, or set response_timeout higher"};
  recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::round_unanswered() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "PushStart: the proxy did not answer within " +
                  seconds_text(config_.response_timeout) +
                  " on a new connection: see its log, or set response_timeout higher"};
  recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::forget_connection() {
  drop_connection();
  new_session_ = false;  // the server may have it still
}

}  // namespace wmpush::wmhttp
