#include "wmhttp/tunnel.hpp"

#include <cerrno>
#include <utility>

#include "core/host_port.hpp"

namespace wmpush::wmhttp {
namespace {

constexpr std::string_view kConnect = "CONNECT";
/// No scheme has nearly as many.
constexpr int kMostRounds = 16;

}  // namespace

Tunnel::Tunnel(const Destination& server, std::string proxy, std::string user_agent,
               Authenticator* authenticator)
    : server_(host_and_port(server.host, server.port)),
      proxy_(std::move(proxy)),
      user_agent_(std::move(user_agent)),
      authenticator_(authenticator) {}

void Tunnel::note(std::string text) {
  notes_.push_back({WMPUSH_LOG_VERBOSE, proxy_ + ": " + std::move(text)});
}

Error Tunnel::refused(Result result, const std::string& why) const {
  return {result, 0, EPROTO, proxy_ + ": " + why};
}

Error Tunnel::connected() {
  exchange_ = {};
  behind_challenge_ = false;
  return prepare();
}

/// Some schemes get a ticket before anybody asks.
Error Tunnel::prepare() {
  if (authenticator_ != nullptr && !repeats_ && authenticator_->unprepared()) {
    question_ = std::make_shared<Question>(*authenticator_);
    want_ = Want::Consult;
    return {};
  }
  request();
  return {};
}

void Tunnel::request() {
  // Once for each request: a ticket that was given is not given again.
  if (authenticator_ != nullptr && !std::exchange(repeats_, false))
    says_ = authenticator_->authorization(kConnect, server_);
  request_ = std::string(kConnect) + " " + server_ + " HTTP/1.1\r\nHost: " + server_ +
             "\r\nUser-Agent: " + user_agent_ + "\r\nProxy-Connection: Keep-Alive\r\n";
  if (!says_.empty()) request_ += "Proxy-Authorization: " + says_ + "\r\n";
  request_ += "\r\n";
  sent_ = 0;
  exchange_.begin();
  want_ = Want::Send;
  note("CONNECT " + server_);
}

void Tunnel::sent(std::size_t count) {
  sent_ += count;
  if (sent_ == request_.size()) want_ = Want::Receive;
}

Error Tunnel::received(Bytes bytes) {
  while (!bytes.empty()) {
    const Outcome outcome = exchange_.next(bytes);
    if (outcome == Outcome::None) return {};
    if (outcome == Outcome::Malformed || outcome == Outcome::Excessive)
      return refused(Result::NS_E_PUSH_CANNOTCONNECT,
                     "it sent " + exchange_.fault() + ": check host and port of the proxy");
    note("it answered " + exchange_.response().status_text());
    if (outcome == Outcome::Challenged && exchange_.response().status == 407) {
      if (Error error = challenged()) return error;
      // A page for people may follow, which is read past, or goes with its connection.
      if (connection_kept_) continue;
      return {};
    }
    if (outcome != Outcome::Accepted) return refusal_of_response();
    if (authenticator_ != nullptr) authenticator_->accepted();
    if (!bytes.empty())
      return refused(Result::NS_E_PUSH_CANNOTCONNECT,
                     "it sent something of its own behind its answer to CONNECT: no TLS can go "
                     "through it");
    want_ = Want::Nothing;
  }
  return {};
}

Error Tunnel::challenged() {
  if (authenticator_ == nullptr) return refusal_of_response();
  if (++rounds_ > kMostRounds)
    return refused(Result::NS_E_PROXY_ACCESSDENIED, "it asks for a password again and again");
  const Response& response = exchange_.response();
  connection_kept_ = response.keep_alive;
  question_ = std::make_shared<Question>(*authenticator_, response.challenges,
                                         Authenticator::Occasion{true, connection_kept_});
  want_ = Want::Consult;
  if (question_->takes_time()) return {};
  question_->ask();
  return answered();
}

Error Tunnel::answered() {
  Question::Answer answer = std::move(question_->answer());
  const bool about_challenge = question_->is_about_challenge();
  question_.reset();
  if (answer.failure) return std::move(answer.failure);
  for (Authenticator::Note& each : answer.notes) notes_.push_back(std::move(each));
  if (about_challenge && !answer.again) {
    Error error = refusal_of_response();
    error.message = proxy_ + " answered " + exchange_.response().status_text() + " to CONNECT " +
                    server_ + ": " + answer.explanation +
                    "; for a proxy they stand in http_proxy=http://USER:PASSWORD@HOST:PORT";
    return error;
  }
  if (about_challenge && !connection_kept_) {
    want_ = Want::Connect;
    return {};
  }
  behind_challenge_ = about_challenge;
  request();
  return {};
}

Error Tunnel::lost(const std::string& why) {
  // A proxy may close behind a challenge although it did not say so.
  if (std::exchange(behind_challenge_, false)) {
    repeats_ = true;
    want_ = Want::Connect;
    return {};
  }
  return refused(Result::NS_E_PUSH_CANNOTCONNECT,
                 why.empty() ? "it closed the connection without an answer to CONNECT " + server_ +
                                   ": is it an HTTP proxy?"
                             : why);
}

Error Tunnel::refusal_of_response() const {
  const Response& response = exchange_.response();
  Result result = Result::NS_E_PUSH_CANNOTCONNECT;
  int system_error = EPROTO;
  std::string why = "see the proxy's log";
  switch (response.status) {
    case 407:
      result = Result::NS_E_PROXY_ACCESSDENIED;
      why =
          "it wants a password, and none is known: name it with "
          "http_proxy=http://USER:PASSWORD@HOST:PORT";
      break;
    case 401:
    case 403:
      result = Result::NS_E_PROXY_ACCESSDENIED;
      why = "its rules must allow CONNECT to this host and port";
      break;
    case 400:
    case 404:
    case 405:
    case 501:
      why = "it makes no tunnels, which TLS needs: is it an HTTP proxy?";
      break;
    default:
      if (response.status < 500) break;
      system_error = EHOSTUNREACH;
      why = "it could not reach the server: check host and port, and see the proxy's log";
      break;
  }
  if (result == Result::NS_E_PROXY_ACCESSDENIED) system_error = 0;
  return {result, response.status, system_error,
          proxy_ + " answered " + response.status_text() + " to CONNECT " + server_ + ": " + why};
}

}  // namespace wmpush::wmhttp
