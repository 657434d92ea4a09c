#include "wmhttp/exchange.hpp"

#include <gmock/gmock.h>

namespace wmpush::wmhttp {
namespace {

Outcome next(Exchange& exchange, std::string_view text) {
  Bytes input = as_bytes(text);
  return exchange.next(input);
}

std::string response(const std::string& status, const std::string& fields = {}) {
  return "HTTP/1.1 " + status + "\r\nServer: Cougar/9.6\r\nContent-Length: 0\r\n" + fields + "\r\n";
}

TEST(Exchange, TellsWhatAResponseMeans) {
  const std::pair<const char*, Outcome> cases[] = {{"200 OK", Outcome::Accepted},
                                                   {"204 No Content", Outcome::Accepted},
                                                   {"302 Found", Outcome::Redirected},
                                                   {"305 Use Proxy", Outcome::ProxyNamed},
                                                   {"401 Unauthorized", Outcome::Challenged},
                                                   {"407 Proxy", Outcome::Challenged},
                                                   {"404 Not Found", Outcome::Refused},
                                                   {"503 Unavailable", Outcome::Refused}};
  for (const auto& [status, outcome] : cases) {
    Exchange exchange;
    EXPECT_EQ(next(exchange, response(status)), outcome) << status;
    EXPECT_EQ(exchange.response().status, std::stoi(status));
  }
}

TEST(Exchange, TakesResponsesHoweverTheyAreCut) {
  Exchange exchange;
  const std::string two = response("204 No Content") + response("404 Not Found");
  std::vector<Outcome> outcomes;
  for (const char c : two)
    if (const Outcome outcome = next(exchange, {&c, 1}); outcome != Outcome::None)
      outcomes.push_back(outcome);
  EXPECT_THAT(outcomes, testing::ElementsAre(Outcome::Accepted, Outcome::Refused));
}

TEST(Exchange, SaysWhatCameInsteadOfAResponse) {
  Exchange exchange;
  EXPECT_EQ(next(exchange, "SSH-2.0-OpenSSH_9\r\n"), Outcome::Malformed);
  EXPECT_THAT(exchange.fault(), testing::HasSubstr("SSH-2.0"));
}

TEST(Exchange, BoundsTheResponsesToOneRequest) {
  Exchange exchange;
  exchange.begin();
  for (std::size_t i = 0; i < kMaxResponses; ++i)
    EXPECT_EQ(next(exchange, response("204 No Content")), Outcome::Accepted);
  EXPECT_EQ(next(exchange, response("204 No Content")), Outcome::Excessive);
  EXPECT_THAT(exchange.fault(), testing::HasSubstr("32 responses"));
  exchange.begin();
  EXPECT_EQ(next(exchange, response("204 No Content")), Outcome::Accepted);
}

TEST(Exchange, TheLogHearsASecondAnswerOnceAndEachRefusal) {
  Exchange exchange;
  exchange.begin();
  next(exchange, response("204 No Content"));
  EXPECT_EQ(exchange.note(), "the server answered 204 No Content");
  next(exchange, response("204 No Content"));
  EXPECT_THAT(*exchange.note(), testing::HasSubstr("once more"));
  next(exchange, response("204 No Content"));
  EXPECT_EQ(exchange.note(), std::nullopt);
  next(exchange, response("503 Unavailable"));
  EXPECT_EQ(exchange.note(), "the server answered 503 Unavailable");
}

}  // namespace
}  // namespace wmpush::wmhttp
