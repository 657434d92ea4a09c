// What a person is told to try.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/wmpush/probe_advice.hpp"

namespace wmpush::tool {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> advice(Result result, int status = 0, bool with_user = false) {
  return probe_advice({result, status, 0, "no"}, "wmpush://host/live?a=1&b=2", with_user);
}

TEST(ProbeAdvice, NamesTheOptionThatWouldHelp) {
  EXPECT_THAT(advice(Result::NS_E_INCOMPATIBLE_PUSH_SERVER),
              Contains(HasSubstr("'wmpush://host/live?a=1&b=2' --strict_server 0")));
  EXPECT_THAT(advice(Result::NS_E_INVALID_PUSH_PUBLISHING_POINT),
              Contains(HasSubstr("--template_url")));
  EXPECT_THAT(advice(Result::NS_E_TIMEOUT), Contains(HasSubstr("--response_timeout")));
  EXPECT_THAT(advice(Result::NS_E_PROXY_NOT_FOUND), Contains(HasSubstr("--http_proxy ''")));
}

TEST(ProbeAdvice, DependsOnWhatWasDenied) {
  EXPECT_THAT(advice(Result::NS_E_SERVER_ACCESSDENIED, 401), Contains(HasSubstr("--user NAME")));
  EXPECT_THAT(advice(Result::NS_E_SERVER_ACCESSDENIED, 401, true),
              Not(Contains(HasSubstr("--user NAME"))));
  EXPECT_THAT(advice(Result::NS_E_SERVER_ACCESSDENIED, 403), Contains(HasSubstr("--push_from")));
}

TEST(ProbeAdvice, SaysNothingOfASuccessOrABadUrl) {
  EXPECT_THAT(advice(Result::S_OK), IsEmpty());
  EXPECT_THAT(advice(Result::E_INVALIDARG), IsEmpty());
}

}  // namespace
}  // namespace wmpush::tool
