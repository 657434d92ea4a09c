// How the engine answers challenges (3.1.5.1, 3.1.5.2).
#include <algorithm>
#include <utility>

#include "wmhttp/push_engine.hpp"

namespace wmpush::wmhttp {

Authenticator* PushEngine::challenged_authenticator() const {
  return response_.status == 407 ? config_.proxy_authenticator : config_.server_authenticator;
}

/// Whether there is an answer to the challenge; what is said about it stands behind the challenge
/// in the log.
bool PushEngine::has_answer(Authenticator& authenticator, Authenticator::Occasion occasion) {
  const bool answered = authenticator.challenged(response_.challenges, occasion);
  for (Authenticator::Note& each : authenticator.take_notes())
    note(each.level, std::move(each.text));
  return answered;
}

void PushEngine::authorize() {
  const auto ask = [](Authenticator* each, const std::string& target) {
    return each == nullptr ? std::string() : each->authorization(kMethod, target);
  };
  // Each reads of the target what it finds in the request: the server does not see the proxy's.
  context_.proxy_authorization = ask(config_.proxy_authenticator, context_.target);
  // The rounds with a proxy never get to the server, whose Digest would count them.
  const bool only_for_proxy =
      config_.proxy_authenticator != nullptr && config_.proxy_authenticator->incomplete();
  context_.authorization =
      only_for_proxy ? std::string() : ask(config_.server_authenticator, config_.target);
}

/// A server's challenge comes from behind the proxy, which then has let the request in.
void PushEngine::note_proxys_consent() {
  if (response_.status == 401 && config_.proxy_authenticator != nullptr)
    config_.proxy_authenticator->accepted();
}

void PushEngine::authorization_accepted() {
  for (Authenticator* each : {config_.server_authenticator, config_.proxy_authenticator})
    if (each != nullptr) each->accepted();
}

bool PushEngine::authorization_incomplete() const {
  const auto incomplete = [](const Authenticator* each) {
    return each != nullptr && each->incomplete();
  };
  return incomplete(config_.server_authenticator) || incomplete(config_.proxy_authenticator);
}

/// Tinyproxy refuses a wrong password by a 401 that asks for its own one.
bool PushEngine::refused_as_tinyproxy_does() const {
  const auto is_basic = [](const std::string& challenge) {
    return challenge.starts_with("Basic ");
  };
  return response_.status == 401 && !response_.from_media_server() &&
         !context_.proxy_authorization.empty() && !proxy_challenges_.empty() &&
         response_.challenges == proxy_challenges_ &&
         std::all_of(proxy_challenges_.begin(), proxy_challenges_.end(), is_basic);
}

void PushEngine::answer_setup_challenge() {
  if (response_.status == 407) proxy_challenges_ = response_.challenges;
  if (refused_as_tinyproxy_does()) response_.status = 407;
  note_proxys_consent();
  Authenticator* authenticator = challenged_authenticator();
  if (authenticator == nullptr) return refuse_setup();
  const bool kept = connected_ && response_.keep_alive && out_.empty();
  if (!has_answer(*authenticator, {true, kept}))
    return fail(refused("PushSetup", false, authenticator->explanation()));
  connection_reused_ = kept && !body_held_back_;
  if (kept) return send_setup();
  drop_connection();
  become(State::Connecting);
}

void PushEngine::refuse_challenge(std::string_view explanation) {
  if (state_ == State::Ending && explanation.empty()) {
    become(State::Ended);
    return finish_after_answer();
  }
  const std::string_view doing = state_ == State::Ending ? "EndSession" : "PushStart";
  refuse_stream(refused(doing, false, explanation));
}

/// The server closes where length remains, and where none does its answer may still have overtaken
/// the body: so the PushStart is sent again on a connection of its own.
void PushEngine::answer_stream_challenge() {
  note_proxys_consent();
  if (deny_session()) return;
  Authenticator* authenticator = challenged_authenticator();
  if (authenticator == nullptr) return refuse_challenge({});
  if (!sent_.whole())
    return refuse_challenge(
        "it asks for the password when the stream has gone on for more than the " +
        std::to_string(kMaxReplay) + " bytes that can be sent again");
  // What goes on between us and a proxy is not for the server's rules: there may be rounds.
  const bool rounds_possible = response_.status == 407;
  if (!has_answer(*authenticator, {rounds_possible, false}))
    return refuse_challenge(authenticator->explanation());
  take_back(sent_.beginning(), 0);
  note(WMPUSH_LOG_VERBOSE, "PushStart again, with the " + std::to_string(again_.size()) +
                               " bytes of content that its body had");
  drop_connection();
  become(State::Reconnecting);
}

/// NTLM lets a connection in by rounds of requests, and only PushStart is left to make them with. A
/// proxy that wants it keeps all but the last to itself, so that an empty body is the one that
/// costs nothing, and that would do no harm at the server.
void PushEngine::send_round() {
  become(State::Authorizing);
  note(WMPUSH_LOG_VERBOSE, "PushStart without a body, for the proxy");
  out_.copy(as_bytes(push_start_head(context_, 0)));
  progress_ = waiting_since_ = now_;
  answers_ = 0;
}

void PushEngine::answer_round() {
  Authenticator* authenticator = challenged_authenticator();
  if (authenticator == nullptr) return refuse_stream();
  const bool kept = connected_ && response_.keep_alive;
  if (!has_answer(*authenticator, {response_.status == 407, kept}))
    return fail(refused("PushStart", false, authenticator->explanation()));
  if (kept) return stream_on_new_connection();
  drop_connection();
  become(State::Reconnecting);
}

/// Let in before the last round.
void PushEngine::skip_rounds() {
  authorization_accepted();
  if (!connected_ || !response_.keep_alive) return lose_stream();
  stream_on_new_connection();
}

}  // namespace wmpush::wmhttp
