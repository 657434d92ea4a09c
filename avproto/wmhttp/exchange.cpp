#include "wmhttp/exchange.hpp"

#include <utility>

namespace wmpush::wmhttp {

Outcome outcome_of(const Response& response) {
  if (response.success()) return Outcome::Accepted;
  if (response.status == 305) return Outcome::ProxyNamed;
  if (response.status / 100 == 3) return Outcome::Redirected;
  if (response.status == 401 || response.status == 407) return Outcome::Challenged;
  return Outcome::Refused;
}

Outcome Exchange::next(Bytes& input) {
  switch (reader_.next(input, response_)) {
    case ResponseReader::Status::NeedMore:
      return Outcome::None;
    case ResponseReader::Status::Malformed:
      fault_ = reader_.malformed();
      return Outcome::Malformed;
    case ResponseReader::Status::Excessive:
      return excessive(reader_.malformed());
    case ResponseReader::Status::Response:
      break;
  }
  if (++answers_ > kMaxResponses)
    return excessive("more than " + std::to_string(kMaxResponses) + " responses to one request");
  return outcome_of(response_);
}

Outcome Exchange::excessive(std::string what) {
  fault_ = std::move(what);
  return Outcome::Excessive;
}

std::optional<std::string> Exchange::note() const {
  if (answers_ == 1 || !response_.success())
    return "the server answered " + response_.status_text();
  if (answers_ > 2) return std::nullopt;
  return "the server answered once more, " + response_.status_text() +
         ", without having been asked: further answers of this kind are not told";
}

}  // namespace wmpush::wmhttp
