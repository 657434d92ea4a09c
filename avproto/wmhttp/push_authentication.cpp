// How the engine answers challenges (3.1.5.1, 3.1.5.2).
#include <utility>

#include "wmhttp/push_engine.hpp"

namespace wmpush::wmhttp {

Authenticator* PushEngine::challenged_authenticator() const {
  return response_.status == 407 ? config_.proxy_authenticator : config_.server_authenticator;
}

void PushEngine::authorize() {
  if (config_.server_authenticator != nullptr)
    // What the server finds in its request, which is not what the proxy finds.
    context_.authorization = config_.server_authenticator->authorization(kMethod, config_.target);
  if (config_.proxy_authenticator != nullptr)
    context_.proxy_authorization =
        config_.proxy_authenticator->authorization(kMethod, context_.target);
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

void PushEngine::answer_setup_challenge() {
  Authenticator* authenticator = challenged_authenticator();
  if (authenticator == nullptr) return refuse_setup();
  const bool kept = connected_ && response_.keep_alive && out_.empty();
  if (!authenticator->challenged(response_.challenges, {true, kept}))
    return fail(refused("PushSetup", false, authenticator->explanation()));
  connection_reused_ = kept && !body_held_back_;
  if (kept) return send_setup();
  drop_connection();
  become(State::Connecting);
}

void PushEngine::refuse_challenge() {
  if (state_ != State::Ending) return refuse_stream();
  become(State::Ended);
  finish_after_answer();
}

/// The server closes where length remains, and where none does its answer may still have overtaken
/// the body: so the PushStart is sent again on a connection of its own.
void PushEngine::answer_stream_challenge() {
  const std::string_view doing = state_ == State::Ending ? "EndSession" : "PushStart";
  Authenticator* authenticator = challenged_authenticator();
  if (authenticator == nullptr) return refuse_challenge();
  if (!replay_.whole())
    return fail(refused(doing, false,
                        "it asks for the password when the stream has gone on for more than the " +
                            std::to_string(kMaxReplay) + " bytes that can be sent again"));
  if (!authenticator->challenged(response_.challenges, {false, false}))
    return fail(refused(doing, false, authenticator->explanation()));
  replayed_state_ = state_;
  replaying_ = true;
  drop_connection();
  become(State::Reconnecting);
}

/// The same PushStart once more, with what its body had so far (3.1.5.2).
void PushEngine::replay_push_start() {
  become(replayed_state_);
  note(WMPUSH_LOG_VERBOSE, "PushStart again, with the " + std::to_string(replay_.bytes().size()) +
                               " bytes that its body had");
  authorize();
  out_.copy(as_bytes(push_start_head(context_, content_length_)));
  out_.copy(replay_.bytes());
  progress_ = waiting_since_ = now_;
}

}  // namespace wmpush::wmhttp
