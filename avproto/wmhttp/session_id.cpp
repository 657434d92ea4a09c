#include "wmhttp/session_id.hpp"

#include <algorithm>

namespace wmpush::wmhttp {
namespace {

/// How long a server keeps a session when it does not say (2.2.1.4).
constexpr std::chrono::seconds kIdleTimeout{60};

Error too_much(int status, const std::string& what) {
  return {Result::NS_E_INCOMPATIBLE_PUSH_SERVER, status, 0, "the server sent " + what};
}

}  // namespace

Error SessionId::take(const Response& response) {
  renamed_ = false;
  if (response.push_id) {
    if (response.push_id->size() > kMaxPushId)
      return too_much(response.status, "a push-id of " + std::to_string(response.push_id->size()) +
                                           " characters; " + std::to_string(kMaxPushId) +
                                           " are the most");
    renamed_ = *response.push_id != push_id_;
    push_id_ = *response.push_id;
  }
  for (const auto& [name, value] : response.cookies) {
    const auto known = std::ranges::find_if(
        cookies_, [&key = name](const auto& cookie) { return cookie.first == key; });
    if (known != cookies_.end())
      known->second = value;
    else
      cookies_.emplace_back(name, value);
    if (cookies_.size() > kMaxCookies)
      return too_much(0,
                      "more than " + std::to_string(kMaxCookies) + " cookies: check host and port");
  }
  std::size_t size = 0;
  for (const auto& [name, value] : cookies_) size += name.size() + value.size();
  if (size <= kMaxCookieBytes) return {};
  return too_much(0, "cookies of " + std::to_string(size) + " bytes; " +
                         std::to_string(kMaxCookieBytes) + " are the most: check host and port");
}

void SessionId::accept(const Response& response) {
  accepted_ = true;
  setup_response_ = response;
}

Duration SessionId::idle_timeout() const { return setup_response_.timeout.value_or(kIdleTimeout); }

void SessionId::deny() {
  fresh_ = true;
  in_doubt_ = false;
  doubted_.reset();
}

void SessionId::doubt() {
  if (resume_ == Resume::Always || fresh_) return;
  fresh_ = in_doubt_ = true;
}

void SessionId::trust() {
  if (std::exchange(in_doubt_, false)) fresh_ = false;
}

bool SessionId::resumable(Time now, Time since) const {
  if (resume_ == Resume::Never || fresh_) return false;
  if (push_id_.empty() || push_id_ == kNewSession) return false;
  return now < since + idle_timeout();
}

void SessionId::forget(const Route::Place& place) {
  fresh_ = true;
  if (std::exchange(in_doubt_, false)) doubted_ = {place, push_id_, cookies_};
  leave_host();
}

void SessionId::leave_host() {
  push_id_ = kNewSession;
  cookies_.clear();
}

std::optional<Route::Place> SessionId::take_back() {
  if (!doubted_) return std::nullopt;
  push_id_ = std::move(doubted_->push_id);
  cookies_ = std::move(doubted_->cookies);
  std::optional<Route::Place> place = std::move(doubted_->place);
  doubted_.reset();
  fresh_ = false;
  return place;
}

}  // namespace wmpush::wmhttp
