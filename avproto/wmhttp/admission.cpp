#include "wmhttp/admission.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

namespace wmpush::wmhttp {
namespace {

std::string words_of(Authenticator* who, const std::string& target) {
  return who == nullptr ? std::string() : who->authorization(kMethod, target);
}

bool is_unprepared(const Authenticator* who) { return who != nullptr && who->unprepared(); }

bool is_incomplete(const Authenticator* who) { return who != nullptr && who->incomplete(); }

}  // namespace

void Admission::take(Authenticator* server, Authenticator* proxy) {
  server_ = server;
  proxy_ = proxy;
}

void Admission::authorize(RequestContext& request, const Route& route) {
  if (!std::exchange(repeats_, false)) {
    // Each reads of the target what it finds in the request: the server does not see the proxy's.
    proxy_says_ = words_of(proxy_, route.request_target());
    // The rounds with a proxy never get to the server, whose Digest would count them.
    server_says_ = is_incomplete(proxy_) ? std::string() : words_of(server_, route.place().target);
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

void Admission::ask(const Response& challenge, const Authenticator::Occasion& occasion) {
  if (challenge.status == 407)
    proxy_challenges_ = challenge.challenges;
  else
    accepted_by_proxy();  // a server's challenge comes from behind it
  question_ = std::make_shared<Question>(*asked(challenge), challenge.challenges, occasion);
  is_answer_wanted_ = true;
  if (question_->takes_time()) return;
  question_->ask();
  Error failure;
  answered(failure);
  if (failure.result == Result::E_OUTOFMEMORY) throw std::bad_alloc();
  if (failure) throw std::runtime_error(failure.message);
}

bool Admission::unprepared() const {
  return !repeats_ && (is_unprepared(proxy_) || is_unprepared(server_));
}

std::shared_ptr<Question> Admission::question() {
  if (!question_ && unprepared()) {
    question_ = std::make_shared<Question>(is_unprepared(proxy_) ? *proxy_ : *server_);
    is_answer_wanted_ = true;
  }
  return question_;
}

bool Admission::answered(Error& failure) {
  if (!question_) return false;
  Question::Answer answer = std::move(question_->answer());
  question_.reset();
  failure = std::move(answer.failure);
  again_ = answer.again;
  explanation_ = std::move(answer.explanation);
  notes_ = std::move(answer.notes);
  return is_answer_wanted_ && !failure;
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
