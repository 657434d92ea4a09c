#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmpush/access_log.hpp"

namespace wmpush::tool {
namespace {

using ::testing::HasSubstr;

TEST(AccessLog, IsInApachesCombinedFormat) {
  pubpoint::RequestRecord request;
  request.address = "127.0.0.1";
  request.user = "ali";
  request.time = std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000'000));
  request.line = "GET /live HTTP/1.1";
  request.status = 200;
  request.bytes = 1234;
  request.user_agent = "NSPlayer/12";
  EXPECT_EQ(access_line(request),
            "127.0.0.1 - ali [09/Sep/2001:01:46:40 +0000] \"GET /live HTTP/1.1\" 200 1234 \"-\" "
            "\"NSPlayer/12\"");
  EXPECT_EQ(access_line({}), "- - - [01/Jan/1970:00:00:00 +0000] \"-\" - - \"-\" \"-\"");
}

TEST(AccessLog, MasksTokens) {
  pubpoint::RequestRecord request;
  request.line = "GET /live?a=b&token=abc.def&c=d HTTP/1.1";
  request.referer = "http://host/live?token=abc.def";
  const std::string line = access_line(request);
  EXPECT_THAT(line, HasSubstr("\"GET /live?a=b&token=***&c=d HTTP/1.1\""));
  EXPECT_EQ(line.find("abc"), line.npos) << line;
}

TEST(AccessLog, LetsNobodyForgeALine) {
  pubpoint::RequestRecord request;
  request.user = "a b";
  request.user_agent = "x\" 200\n\xE3\\";
  EXPECT_THAT(access_line(request), HasSubstr("- a\\x20b ["));
  EXPECT_THAT(access_line(request), HasSubstr("\"x\\\" 200\\x0a\\xe3\\\\\""));
}

}  // namespace
}  // namespace wmpush::tool
