#include "wmhttp/admission.hpp"

#include <algorithm>
#include <utility>

namespace wmpush::wmhttp {
namespace {

std::string ask(Authenticator* who, const std::string& target) {
  return who == nullptr ? std::string() : who->authorization(kMethod, target);
}

bool is_incomplete(const Authenticator* who) { return who != nullptr && who->incomplete(); }

}  // namespace

void Admission::take(Authenticator* server, Authenticator* proxy) {
  server_ = server;
  proxy_ = proxy;
}

void Admission::authorize(RequestContext& request, const Route& route) {
  if (!std::exchange(repeats_, false)) {
    // Each reads of the target what it finds in the request: the server does not see the proxy's.
    proxy_says_ = ask(proxy_, route.request_target());
    // The rounds with a proxy never get to the server, whose Digest would count them.
    server_says_ = is_incomplete(proxy_) ? std::string() : ask(server_, route.place().target);
  }
  request.proxy_authorization = proxy_says_;
  request.authorization = server_says_;
}

bool Admission::incomplete() const { return is_incomplete(server_) || is_incomplete(proxy_); }

bool Admission::is_proxys_own_refusal(const Response& response) const {
  const auto is_basic = [](const std::string& challenge) {
    return challenge.starts_with("Basic ");
  };
  return response.status == 401 && !response.from_media_server() && !proxy_says_.empty() &&
         !proxy_challenges_.empty() && response.challenges == proxy_challenges_ &&
         std::ranges::all_of(proxy_challenges_, is_basic);
}

bool Admission::challenged(const Response& challenge, const Authenticator::Occasion& occasion) {
  if (challenge.status == 407)
    proxy_challenges_ = challenge.challenges;
  else
    accepted_by_proxy();  // a server's challenge comes from behind it
  Authenticator& who = *asked(challenge);
  const bool again = who.challenged(challenge.challenges, occasion);
  notes_ = who.take_notes();
  explanation_ = again ? std::string() : who.explanation();
  return again;
}

void Admission::accepted() {
  for (Authenticator* each : {server_, proxy_})
    if (each != nullptr) each->accepted();
}

void Admission::accepted_by_proxy() {
  if (proxy_ != nullptr) proxy_->accepted();
}

void Admission::begin_anew() {
  for (Authenticator* each : {server_, proxy_})
    if (each != nullptr) each->begin_anew();
}

}  // namespace wmpush::wmhttp
