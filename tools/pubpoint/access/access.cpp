#include "pubpoint/access/access.hpp"

#include "pubpoint/access/token.hpp"

namespace wmpush::pubpoint {
namespace {

Users users_of(const AccessSettings& settings, const Authentication& authentication) {
  Users users = settings.users;
  if (!users.open() || authentication.user.empty() || !settings.token_key.empty()) return users;
  UserGrant everybody{std::string(kEverybody), {Right::Watch}, {PointPattern()}};
  users.grant(std::move(everybody));
  return users;
}

std::string refused(const AccessRequest& request) {
  return "may not " + std::string(verb(request.right)) + " " +
         std::string(request.point.empty() ? "any point" : request.point);
}

}  // namespace

Access::Access(AccessSettings settings, const Authentication& authentication)
    : settings_(std::move(settings)),
      gatekeeper_(authentication, users_of(settings_, authentication)),
      throttle_(settings_.throttle) {}

AccessDecision Access::decide(const AccessRequest& request, Clock::time_point now,
                              std::chrono::system_clock::time_point wall_clock) {
  AccessDecision decision;
  const auto forbid = [&](std::string because) {
    decision.status = 403;
    decision.because = std::move(because);
    return decision;
  };
  if (!admits_address(request)) return forbid("its address " + refused(request));

  if (request.right == Right::Watch && !settings_.token_key.empty()) {
    const std::string_view token = token_in(request.target);
    switch (check_token(settings_.token_key, token, request.point, wall_clock)) {
      case TokenCheck::Ok:
        decision.granted = true;
        return decision;
      case TokenCheck::Expired:
        if (request.authorization.empty()) return forbid("its token has expired");
        break;
      case TokenCheck::Wrong:
        if (!token.empty() && request.authorization.empty())
          return forbid("its token is wrong, or not for " + std::string(request.point));
        // Where there is nothing but tokens, none is no way in.
        if (gatekeeper_.users().open()) return forbid("without a token it " + refused(request));
        break;
    }
  }

  const auto admission = gatekeeper_.admit(request.authorization, request.method, request.target,
                                           request.right, request.point, now);
  decision.granted = admission.granted;
  decision.status = admission.status;
  decision.challenge = admission.challenge;
  decision.user = admission.user;
  decision.attempted = admission.attempted;
  decision.attempt = admission.attempt;
  decision.breach = admission.breach;
  if (admission.granted || !admission.attempted) {
    if (admission.status == 403) decision.because = "it " + refused(request);
  } else if (admission.attempt.forbidden) {
    decision.because = "user '" + admission.user + "' " + refused(request);
  } else if (!admission.attempt.stale) {
    decision.because =
        "user '" + admission.attempt.user + "' is not let in by " + admission.attempt.scheme;
    decision.delay = throttle_.failed(request.address, now);
  }
  if (!admission.user.empty()) throttle_.succeeded(request.address);
  return decision;
}

bool Access::is_open_to_all(std::string_view point) const {
  return settings_.watch_from.empty() && settings_.token_key.empty() &&
         (gatekeeper_.users().open() || gatekeeper_.users().everybody_may(Right::Watch, point));
}

bool Access::admits_address(const AccessRequest& request) const {
  switch (request.right) {
    case Right::Push:
      return settings_.push_from.admits(request.address);
    case Right::Watch:
      return settings_.watch_from.admits(request.address);
    case Right::Administer:
      break;
  }
  return true;
}

}  // namespace wmpush::pubpoint
