// What players ask for, read from the heads of their requests.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pubpoint/pull/pull_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pubpoint/pull/client_ids.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::test {
namespace {

using pubpoint::PullRequest;
using pubpoint::RequestHead;
using pubpoint::Thinning;
using Kind = PullRequest::Kind;
using testing::ElementsAre;
using testing::Pair;

RequestHead head(std::string method, std::vector<std::pair<std::string, std::string>> fields,
                 std::string target = "/live") {
  return {std::move(method), std::move(target), 11, std::move(fields)};
}

/// What FFmpeg sends, with more Pragmas.
RequestHead player(std::vector<std::string> pragmas, std::string method = "GET") {
  RequestHead request = head(std::move(method), {{"User-Agent", "NSPlayer/4.1.0.3856"}});
  for (std::string& pragma : pragmas) request.fields.emplace_back("Pragma", std::move(pragma));
  return request;
}

Kind kind_of(const RequestHead& request) { return read_pull_request(request).kind; }

TEST(PullRequest, P01_TellsRequestsByTheirTokens) {
  EXPECT_EQ(kind_of(player({"no-cache,rate=1.000000,stream-time=0"})), Kind::Describe);
  EXPECT_EQ(kind_of(player({"xPlayStrm=1"})), Kind::Play);
  EXPECT_EQ(kind_of(player({"xPlayStrm=0"})), Kind::Describe);
  EXPECT_EQ(kind_of(player({"xStopStrm=1"}, "POST")), Kind::Stop);
  EXPECT_EQ(kind_of(player({"xKeepAliveInPause=1"}, "POST")), Kind::KeepAlive);
  EXPECT_EQ(kind_of(player({"stream-switch-entry=ffff:1:2"}, "POST")), Kind::SelectStream);
  EXPECT_EQ(kind_of(player({"log-line=1 2 3"}, "POST")), Kind::Log);
  EXPECT_EQ(kind_of(head("OPTIONS", {})), Kind::KeepAlive);
  EXPECT_EQ(kind_of(head("POST", {{"Content-Type", "application/x-wms-LogStats;charset=UTF-8"}})),
            Kind::Log);
  EXPECT_EQ(kind_of(head("POST", {{"Content-Type", "application/x-wms-sendevent"}})),
            Kind::SendEvent);
  EXPECT_EQ(kind_of(head("POST", {{"Content-Type", "application/x-wms-getcontentinfo"}})),
            Kind::ContentInfo);
}

TEST(PullRequest, P01_LeavesPushesAndOtherMethodsAlone) {
  EXPECT_FALSE(is_pull(head(
      "POST", {{"Content-Type", "application/x-wms-pushsetup"}, {"User-Agent", "WMEncoder/9.0"}})));
  EXPECT_FALSE(is_pull(head("POST", {{"User-Agent", "WMEncoder/9.0"}})));
  EXPECT_FALSE(is_pull(head("PUT", {{"User-Agent", "NSPlayer/9.0"}})));
  EXPECT_TRUE(is_pull(head("GET", {})));
}

TEST(PullRequest, P02_KnowsPlayersOfTheProtocolByProductAndVersion) {
  const auto version = [](std::string agent) {
    return read_pull_request(head("GET", {{"User-Agent", std::move(agent)}})).agent_version;
  };
  EXPECT_EQ(version("NSPlayer/4.1.0.3856"), 4u);
  EXPECT_EQ(version("NSPlayer/12.0.7601.17514 WMFSDK/12.0"), 12u);
  EXPECT_EQ(version("NSServer/9.1"), 9u);
  EXPECT_EQ(version("WMCacheProxy/10.0"), 10u);
  EXPECT_EQ(version("NSPlayer/"), 0u);
  EXPECT_EQ(version("Lavf/59.27.100"), 0u);
  EXPECT_EQ(version("VLC/3.0.24 LibVLC/3.0.24"), 0u);
  EXPECT_EQ(kind_of(head("GET", {{"User-Agent", "Lavf/59.27.100"}})), Kind::Plain);
  EXPECT_EQ(kind_of(head("GET", {})), Kind::Plain);
}

TEST(PullRequest, P03_TakesTokensInAnyFieldAndIgnoresBrokenOnes) {
  const PullRequest request = read_pull_request(
      player({"no-cache,rate=1.000000,stream-time=0Connection: Close", "xClientGUID={",
              " xPlayStrm=1 , client-id=4711", "=,=", "stream-switch-entry=junk ffff:1:0 :"}));
  EXPECT_EQ(request.kind, Kind::Play);
  EXPECT_EQ(request.client_id, 4711u);
  EXPECT_EQ(request.switches.size(), 1u);
}

std::shared_ptr<const pubpoint::EntryHeader> header_of(std::vector<std::uint8_t> streams) {
  HeaderSpec spec;
  for (const std::uint8_t stream : streams) spec.streams.push_back(StreamSpec::video(stream));
  return pubpoint::EntryHeader::parse(make_header(spec));
}

TEST(PullRequest, P04_NamesStreamsInHexadecimalOrDecimal) {
  const auto selected = [](std::string entry, std::vector<std::uint8_t> streams) {
    return selection(read_pull_request(player({"xPlayStrm=1", "stream-switch-entry=" + entry})),
                     *header_of(std::move(streams)));
  };
  EXPECT_THAT(selected("ffff:1:0 ffff:2:2", {1, 2}),
              ElementsAre(Pair(1, Thinning::All), Pair(2, Thinning::Off)));
  EXPECT_THAT(selected("ffff:1:1", {1, 2}),
              ElementsAre(Pair(1, Thinning::KeyFrames), Pair(2, Thinning::Off)));
  // 11 is the decimal name of a stream that is there; by hexadecimal it would be 17.
  EXPECT_THAT(selected("ffff:11:0 ffff:1:2", {1, 11}),
              ElementsAre(Pair(1, Thinning::Off), Pair(11, Thinning::All)));
  EXPECT_THAT(selected("ffff:b:0", {1, 11}),
              ElementsAre(Pair(1, Thinning::Off), Pair(11, Thinning::All)));
}

TEST(PullRequest, P04_TakesNoneOrOneThatIsNotThereForAll) {
  const auto header = header_of({1, 2});
  const auto all = ElementsAre(Pair(1, Thinning::All), Pair(2, Thinning::All));
  EXPECT_THAT(selection(read_pull_request(player({"xPlayStrm=1"})), *header), all);
  EXPECT_THAT(
      selection(read_pull_request(player({"stream-switch-entry=ffff:9:0 ffff:1:2"})), *header),
      all);
}

TEST(ClientIds, P07_P27_AreRandomAndForgottenWhenTheyAreIdle) {
  pubpoint::ClientIds ids;
  const auto start = pubpoint::Clock::time_point(std::chrono::hours(1));
  const std::uint32_t first = ids.make(start).id;
  const std::uint32_t second = ids.make(start).id;
  EXPECT_NE(first, second);
  EXPECT_EQ(ids.find(0, start), nullptr);
  ids.set_viewer(second, 7, start);
  ids.check_timers(start + pubpoint::ClientIds::kIdle);
  EXPECT_EQ(ids.find(first, start), nullptr);
  ASSERT_NE(ids.find(second, start), nullptr) << "it is in use";
  EXPECT_EQ(ids.find(second, start)->viewer, 7u);
}

TEST(ClientIds, P07_AreBounded) {
  pubpoint::ClientIds ids;
  const auto now = pubpoint::Clock::time_point(std::chrono::hours(1));
  const std::uint32_t first = ids.make(now).id;
  for (std::size_t i = 0; i < pubpoint::ClientIds::kMost; ++i) ids.make(now);
  EXPECT_EQ(ids.size(), pubpoint::ClientIds::kMost);
  EXPECT_EQ(ids.find(first, now), nullptr);
}

}  // namespace
}  // namespace wmpush::test
