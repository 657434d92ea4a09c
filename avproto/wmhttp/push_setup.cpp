// How the engine comes to a session (3.1.4.1, 3.1.5.1).
#include <cerrno>
#include <utility>

#include "wmhttp/push_actions.hpp"
#include "wmhttp/refusal.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {

PushState PushActions::want_connection() {
  drop_connection();
  return State::Connecting;
}

/// What lives as long as a connection ends with it.
void PushActions::drop_connection() {
  log_.forget_written();
  admission_.let_go_of_answer();
  link_ = {};
}

/// What the next request has in common with the others, and what it says of who we are.
RequestContext PushActions::request() {
  RequestContext request;
  request.target = route_.request_target();
  request.host = route_.host();
  request.user_agent = config_.user_agent;
  request.push_id = session_.push_id();
  request.cookies = session_.cookies();
  request.authentication_schemes = config_.authentication_schemes;
  admission_.authorize(request, route_);
  return request;
}

/// While an authentication goes its rounds there is no body: only the last request is meant.
PushState PushActions::send_setup() {
  note(WMPUSH_LOG_VERBOSE, "PushSetup for " + route_.place().target);
  link_.progress = link_.waiting_since = in_.now;
  link_.exchange.begin();
  const RequestContext context = request();
  link_.body_held_back = admission_.incomplete();
  link_.out.copy(as_bytes(push_setup_request(
      context, link_.body_held_back ? std::string_view() : std::string_view(config_.setup_body))));
  return State::SettingUp;
}

PushState PushActions::fail_to_connect() {
  const Error& error = in_.error;
  // Where nobody listens any more, nobody has kept the session either.
  if (error.system_error == ECONNREFUSED && !route_.proxy()) session_.doubt();
  // What is wrong with the address itself does not get better.
  const bool later = recoverable() && (error.result == Result::NS_E_PUSH_CANNOTCONNECT ||
                                       error.result == Result::NS_E_SERVER_NOT_FOUND ||
                                       error.result == Result::NS_E_PROXY_NOT_FOUND);
  return later ? try_later(error) : fail(error);
}

PushState PushActions::accept_session() {
  if (!response().from_media_server()) {
    if (config_.strict_server) return fail(foreign_server(response(), route_.redirected()));
    note(WMPUSH_LOG_WARNING,
         "the server calls itself '" + response().server +
             "', which is no Windows Media server: going on because strict_server is 0");
  }
  admission_.accepted();
  const bool keep_alive = response().keep_alive;
  if (link_.body_held_back && !config_.setup_body.empty()) {
    // Let in before the last round, as a server may that knows the connection: the body is to come.
    return keep_alive ? send_setup() : want_connection();
  }
  session_.accept(response());
  route_.arrive();
  if (!keep_alive) drop_connection();
  if (!log_.has_header()) return State::Ready;
  // The session before it was lost: go on.
  log_.begin_with_header();
  return link_.open ? begin_push_start() : State::Reconnecting;
}

// ---------------------------------------------------------------------------------------------
// Elsewhere

PushState PushActions::follow_redirect() {
  const Route::Place from = route_.place();
  std::string what;
  const Error refusal = route_.follow(response(), what);
  return go_elsewhere(refusal, what, from);
}

/// The same request is to go through a proxy that the server names.
PushState PushActions::take_named_proxy() {
  std::string what;
  const Error refusal = route_.name_proxy(response(), what);
  if (!refusal) admission_.accepted();
  if (!refusal) admission_.leave_proxy();
  return go_elsewhere(refusal, what, route_.place());
}

PushState PushActions::go_elsewhere(const Error& refusal, const std::string& what,
                                    const Route::Place& from) {
  if (refusal) return refusal.message.empty() ? refuse_setup() : fail(refusal);
  note(WMPUSH_LOG_INFO, what);
  // Who sends elsewhere has nothing against us.
  admission_.accepted();
  admission_.repeat_no_more();
  if (route_.place().server != from.server) {
    session_.leave_host();
    admission_.leave_server();
  }
  return want_connection();
}

// ---------------------------------------------------------------------------------------------
// Challenged, refused, unanswered

/// Has the challenge answered: at once, so that `then` follows, or, where that takes time, by the
/// owner, whose Answered leads there.
PushState PushActions::consult(const Authenticator::Occasion& occasion, Action then) {
  admission_.ask(response(), occasion);
  return admission_.asking() ? state_ : (this->*then)();
}

/// What is said about a challenge stands behind it in the log.
bool PushActions::sends_again() {
  for (Note& each : admission_.take_notes()) note(each.level, std::move(each.text));
  return admission_.sends_again();
}

/// The next request can go out where the last one did.
bool PushActions::connection_kept() const {
  return link_.open && response().keep_alive && link_.out.empty();
}

PushState PushActions::answer_setup_challenge() {
  if (admission_.is_proxys_own_refusal(response())) link_.exchange.take_for_proxys();
  if (!admission_.is_possible_for(response())) return refuse_setup();
  return consult({true, connection_kept()}, &PushActions::setup_answered);
}

PushState PushActions::setup_answered() {
  if (!sends_again()) return fail(refused("PushSetup", false, admission_.explanation()));
  // On the way to a new connection there is time for what the other authenticator needs.
  if (!connection_kept() || admission_.unprepared()) return want_connection();
  link_.behind_challenge = !link_.body_held_back;
  return send_setup();
}

Error PushActions::refused(std::string_view doing, bool template_named,
                           std::string_view why) const {
  Error error =
      refusal(response(), doing, template_named, why, {route_.host(), route_.proxy_text()});
  const int status = response().status;
  if (route_.place().target == "/" && status >= 400 && status < 500 && why.empty())
    error.message += "; the URL names no publishing point: write " +
                     route_.place().server.scheme() + "://" + route_.host() + "/NAME";
  return error;
}

PushState PushActions::refuse_setup() {
  Error error = refused("PushSetup", !config_.setup_body.empty());
  resume_after_all();
  const int status = response().status;
  const bool later = recoverable() && (may_be_held(status) || worth_another_try(status));
  if (!later) return fail(std::move(error));
  admission_.accepted();  // who refuses for now has nothing against us
  return try_later(std::move(error));
}

PushState PushActions::lose_setup() {
  // A server may close behind a challenge although it did not say so.
  if (link_.behind_challenge) {
    admission_.repeat();
    return want_connection();
  }
  Error error = in_.error;
  if (error)
    error.message = "PushSetup: " + error.message;
  else
    error = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
             "PushSetup: the server closed the connection without a complete answer: is it a "
             "Windows Media server?"};
  return recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

PushState PushActions::setup_unanswered() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "PushSetup: no answer within " + seconds_text(config_.response_timeout) +
                  ": check that this is a Windows Media server, or set response_timeout higher"};
  return recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

PushState PushActions::forget_connection() {
  drop_connection();
  session_.make_resumable();  // the server may have it still
  return State::Ready;
}

PushState PushActions::report_malformed() {
  return fail({Result::NS_E_INCOMPATIBLE_PUSH_SERVER, 0, 0,
               "the server sent " + link_.exchange.fault() + ": check host and port"});
}

/// Whatever the state: a peer that never stops is not to be asked for anything more.
PushState PushActions::refuse_excess() { return fail(std::move(in_.error)); }

}  // namespace wmpush::wmhttp
