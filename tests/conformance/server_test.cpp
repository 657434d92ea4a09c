// The rules that the publishing point keeps, S01 to S10, over real connections.
#include <gmock/gmock.h>

#include "test_server.hpp"

namespace wmpush::test {
namespace {

using pubpoint::Server;
using testing::HasSubstr;
using testing::MatchesRegex;
using namespace std::chrono_literals;

TEST_F(ServerTest, TakesAPushFromSetupToEnd) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame() + d_frame(60) + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ending(), RawClient::Ending::Closed);
  ASSERT_TRUE(session_ends(id));
  const auto report = session(id);
  EXPECT_TRUE(report.end_of_stream);
  EXPECT_EQ(report.packets, 2u);
  EXPECT_EQ(report.entries, 1u);
  EXPECT_EQ(report.push_starts, 1u);
  EXPECT_EQ(report.bytes, tiny_header().size() + 160);
  EXPECT_EQ(report.user_agent, "WMEncoder/12.0.7601.17514 test/1");
  EXPECT_EQ(report.ended_because, "end of stream, reason 0x00000000");
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(server->requests(), 2u);
  EXPECT_EQ(server->connections(), 1u);
}

}  // namespace
}  // namespace wmpush::test
