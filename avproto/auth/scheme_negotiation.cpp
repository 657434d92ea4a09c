#include "auth/scheme_negotiation.hpp"

#include <algorithm>
#include <iterator>

namespace wmpush::auth {
namespace {

std::vector<Challenge> of_scheme(const std::vector<Challenge>& challenges, Scheme scheme) {
  std::vector<Challenge> found;
  for (const Challenge& challenge : challenges)
    if (same_word(challenge.scheme, name(scheme))) found.push_back(challenge);
  return found;
}

std::string realm_of(const std::vector<Challenge>& challenges) {
  for (const Challenge& challenge : challenges)
    if (const auto realm = challenge.parameter("realm")) return std::string(*realm);
  return {};
}

std::string with_realm(Scheme scheme, const std::string& realm) {
  return std::string(name(scheme)) + (realm.empty() ? "" : ", realm '" + realm + "'");
}

void append(std::string& list, std::string_view separator, const std::string& item) {
  if (!list.empty()) list += separator;
  list += item;
}

}  // namespace

SchemeNegotiation::SchemeNegotiation(Credentials credentials, std::optional<Scheme> pinned,
                                     std::vector<Scheme> available, Maker maker)
    : credentials_(std::move(credentials)),
      pinned_(pinned),
      available_(std::move(available)),
      maker_(std::move(maker)) {}

/// What came last of each scheme counts.
void SchemeNegotiation::remember(std::span<const std::string> fields) {
  std::vector<Challenge> fresh;
  for (const std::string& field : fields)
    for (Challenge& challenge : parse_challenges(field)) fresh.push_back(std::move(challenge));
  std::erase_if(offers_, [&](const Challenge& old) {
    return std::any_of(fresh.begin(), fresh.end(), [&](const Challenge& challenge) {
      return same_word(challenge.scheme, old.scheme);
    });
  });
  std::move(fresh.begin(), fresh.end(), std::back_inserter(offers_));
}

bool SchemeNegotiation::takes_time(std::span<const std::string> fields) const {
  std::vector<Challenge> offers = offers_;
  for (const std::string& field : fields)
    for (Challenge& challenge : parse_challenges(field)) offers.push_back(std::move(challenge));
  const auto has_to_ask = [&](Scheme scheme) {
    return (!pinned_ || *pinned_ == scheme) &&
           std::find(available_.begin(), available_.end(), scheme) != available_.end() &&
           !of_scheme(offers, scheme).empty();
  };
  return has_to_ask(Scheme::Negotiate) || has_to_ask(Scheme::Ntlm);
}

bool SchemeNegotiation::challenged(std::span<const std::string> fields, const Occasion& occasion) {
  remember(fields);
  if (++rounds_ > kMaxRounds) {
    if (current_) give_up("no success in " + std::to_string(kMaxRounds) + " rounds");
    return false;
  }
  if (current_) {
    const std::vector<Challenge> ours = of_scheme(offers_, scheme_);
    const bool halfway = current_->incomplete();
    std::string why;
    Mechanism::Step step = Mechanism::Step::Refused;
    if (halfway && !occasion.connection_kept)
      why = "the connection was closed between its rounds";
    else if (!ours.empty())
      step = current_->take(ours, why);
    if (step == Mechanism::Step::Ready) {
      if (occasion.setup || !current_->incomplete()) return true;
      why = "it is not for a PushStart";
    }
    give_up(std::move(why));
  }
  return begin_next(occasion);
}

bool SchemeNegotiation::begin_next(const Occasion& occasion) {
  for (const Scheme scheme : kPreference) {
    const std::vector<Challenge> ours = of_scheme(offers_, scheme);
    const bool was_tried = std::any_of(over_.begin(), over_.end(),
                                       [&](const Trial& trial) { return trial.scheme == scheme; });
    if (ours.empty() || was_tried || (pinned_ && *pinned_ != scheme)) continue;
    if (scheme == Scheme::Basic && !basic_allowed()) {
      basic_left_out_ = true;
      continue;
    }
    scheme_ = scheme;
    realm_ = realm_of(ours);
    if (std::find(available_.begin(), available_.end(), scheme) == available_.end()) {
      give_up("cannot be done here");
      continue;
    }
    if (scheme == Scheme::Ntlm && !occasion.setup) {
      give_up("it is not for a PushStart");
      continue;
    }
    current_ = maker_(scheme, credentials_);
    std::string why;
    if (current_->take(ours, why) == Mechanism::Step::Ready) {
      if (occasion.setup || !current_->incomplete()) return true;
      why = "it is not for a PushStart";
    }
    give_up(std::move(why));
  }
  return false;
}

bool SchemeNegotiation::basic_allowed() const {
  return basic_after_refusal_ || pinned_ == Scheme::Basic ||
         std::none_of(over_.begin(), over_.end(), [](const Trial& trial) {
           return trial.scheme != Scheme::Basic && trial.why.empty();
         });
}

void SchemeNegotiation::give_up(std::string why) {
  current_.reset();
  over_.push_back({scheme_, realm_, std::move(why)});
}

std::string SchemeNegotiation::authorization(const RequestLine& request) {
  return current_ ? current_->authorization(request) : std::string();
}

void SchemeNegotiation::accepted() {
  rounds_ = 0;
  offers_.clear();
  if (current_) current_->accepted();
}

void SchemeNegotiation::begin_anew() {
  rounds_ = 0;
  offers_.clear();
  std::erase_if(over_, [](const Trial& trial) { return !trial.why.empty(); });
  if (incomplete()) current_.reset();
}

std::string SchemeNegotiation::attempt() const {
  std::string text = with_realm(scheme_, realm_);
  if (!credentials_.user.empty()) text += ", user '" + credentials_.user + "'";
  return text;
}

/// "NTLM: why; Digest: why", of what could not be done.
std::string SchemeNegotiation::impossible() const {
  std::string text;
  for (const Trial& trial : over_)
    if (!trial.why.empty()) append(text, "; ", std::string(name(trial.scheme)) + ": " + trial.why);
  return text;
}

std::string SchemeNegotiation::reason_for_basic() const {
  return current_ && scheme_ == Scheme::Basic ? impossible() : std::string();
}

std::string SchemeNegotiation::explanation() const {
  std::string offered;
  for (const Challenge& challenge : offers_) {
    const auto realm = challenge.parameter("realm");
    append(offered, "; ",
           challenge.scheme + (realm ? ", realm '" + std::string(*realm) + "'" : ""));
  }
  std::string refused;
  for (const Trial& trial : over_)
    if (trial.why.empty()) append(refused, "; ", with_realm(trial.scheme, trial.realm));
  const std::string who =
      credentials_.user.empty() ? "what is known of you here" : "user '" + credentials_.user + "'";
  std::string text = refused.empty() ? "it wants to know who is there (" +
                                           (offered.empty() ? "but names no scheme" : offered) + ")"
                                     : "it refused " + who + " (" + refused + ")";
  if (pinned_ && over_.empty()) text += ", and auth is " + std::string(name(*pinned_));
  if (const std::string others = impossible(); !others.empty()) text += "; not done: " + others;
  if (basic_left_out_)
    text +=
        "; Basic was left out, since it would show the password to whoever has refused it "
        "(auth=basic allows it)";
  if (!refused.empty()) return text + ": check user and password";
  if (credentials_.user.empty()) return text + ": give user and password";
  if (!credentials_.password) return text + ": give the password";
  return text;
}

}  // namespace wmpush::auth
