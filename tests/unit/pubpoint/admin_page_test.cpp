// Pages of administrators, of a snapshot that no server has made.
#include "pubpoint/web/admin_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pubpoint/access/form_tokens.hpp"
#include "pubpoint/point_path.hpp"
#include "pubpoint/web/administration.hpp"
#include "pubpoint/web/form_fields.hpp"

namespace wmpush::pubpoint {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr Clock::time_point kNow{1000s};
const AdminView kView{.user = "root", .host = "radio.example", .token = "7.abc", .notice = {}};

Snapshot snapshot_of(const std::string& name) {
  Snapshot snapshot;
  PointNumbers& point = snapshot.points.emplace_back();
  point.name = name;
  return snapshot;
}

PointClients clients_of(const std::string& agent) {
  PointClients clients;
  clients.encoder = {"192.0.2.1:80", agent, {}};
  clients.viewers = {{17, "192.0.2.2:81", agent, true, 70s, 1000, 0, 0}};
  clients.recordings = {{{}, agent, 1, 1s}};
  clients.events = {{{}, true, "192.0.2.1:80", agent, agent}};
  return clients;
}

std::string page_of(const std::string& point, const PointClients& clients,
                    const RecordingState& recording, const AdminView& view = kView) {
  const Snapshot snapshot = snapshot_of(point);
  return admin_point_page(snapshot, snapshot.points[0], clients, recording, view);
}

TEST(AdminPage, HasAFormForEachThingThatCanBeDone) {
  const std::string page = page_of("/a&b", clients_of("VLC"), {.possible = true, .running = true});
  EXPECT_THAT(page, AllOf(HasSubstr("<form method=\"post\" action=\"/admin?point=/a%26b\">"),
                          HasSubstr("name=\"token\" value=\"7.abc\""),
                          HasSubstr("name=\"encoder\" value=\"192.0.2.1:80\""),
                          HasSubstr("value=\"disconnect_encoder\""),
                          HasSubstr("value=\"end_push\""), HasSubstr("value=\"stop_recording\"")));
  EXPECT_THAT(page, AllOf(HasSubstr("name=\"viewer\" value=\"17\""),
                          HasSubstr("aria-label=\"Disconnect 192.0.2.2:81\""),
                          Not(HasSubstr("start_recording")), Not(HasSubstr("<script"))));
  EXPECT_THAT(page_of("/a", clients_of("VLC"), {.possible = true, .error = "the disk is full"}),
              AllOf(HasSubstr("value=\"start_recording\""), Not(HasSubstr("stop_recording")),
                    HasSubstr("the disk is full")));
}

TEST(AdminPage, OffersNothingThatCannotBeDone) {
  EXPECT_THAT(page_of("/a", clients_of("VLC"), {}), Not(HasSubstr("_recording\"")))
      << "there is no directory";
  EXPECT_THAT(
      page_of("/a", {}, {.possible = true}),
      AllOf(Not(HasSubstr("<form")), HasSubstr("Nobody pushes."), HasSubstr("Nobody watches.")));
}

TEST(AdminPage, NamesOfOthersDoNothing) {
  for (const std::string evil : {"<script>alert(1)</script>", "\" onmouseover=\"alert(1)"}) {
    AdminView view = kView;
    view.user = view.host = view.notice = evil;
    const Snapshot snapshot = snapshot_of("/" + evil);
    for (const std::string& page :
         {page_of("/" + evil, clients_of(evil), {.possible = true, .error = evil}, view),
          admin_overview_page(snapshot, view)})
      EXPECT_THAT(page, AllOf(Not(HasSubstr("<script>")), Not(HasSubstr("\" onmouseover")),
                              HasSubstr("alert(1)")));
  }
}

TEST(AdminPage, ANoticeIsForTheOneWhoDidItAndTheLatestAreKept) {
  Administration administration;
  const std::string first = administration.keep_notice("root", "done");
  EXPECT_EQ(administration.notice(first, "root"), "done");
  EXPECT_EQ(administration.notice(first, "other"), "");
  EXPECT_EQ(administration.notice("1", "root"), "");
  for (std::size_t i = 0; i < Administration::kMostNotices; ++i)
    administration.keep_notice("root", "more");
  EXPECT_EQ(administration.notice(first, "root"), "");
}

TEST(FormTokens, AreForOneUserAndExpire) {
  const FormTokens tokens(60s);
  const std::string token = tokens.make("ali", kNow);
  EXPECT_EQ(tokens.check(token, "ali", kNow), TokenCheck::Ok);
  EXPECT_EQ(tokens.check(token, "ali", kNow + 59s), TokenCheck::Ok);
  EXPECT_EQ(tokens.check(token, "ali", kNow + 60s), TokenCheck::Expired);
  EXPECT_EQ(tokens.check(token, "bob", kNow), TokenCheck::Wrong);
  EXPECT_EQ(tokens.check("", "ali", kNow), TokenCheck::Wrong);
  EXPECT_EQ(tokens.check(".", "ali", kNow), TokenCheck::Wrong);
  EXPECT_EQ(tokens.check("9999" + token.substr(token.find('.')), "ali", kNow), TokenCheck::Wrong)
      << "a later time was not signed";
  EXPECT_EQ(FormTokens(60s).check(token, "ali", kNow), TokenCheck::Wrong)
      << "each server has its key";
}

TEST(FormFields, AreFoundWhereverTheyStand) {
  EXPECT_EQ(decoded_value_of("x=1&point=%2Flive", "point"), "/live");
  EXPECT_EQ(decoded_value_of("xpoint=1&point=/a+b", "point"), "/a+b");
  EXPECT_EQ(form_value_of("a=1&b=c+d%2B%26&b=2", "b"), "c d+&");
  EXPECT_EQ(value_of("point", "point"), std::nullopt);
  EXPECT_EQ(value_of("&&point=", "point"), "");
  EXPECT_EQ(encoded_for_query("/a&b=c d?"), "/a%26b%3Dc%20d%3F");
}

TEST(PointPath, WhatEveryPageNeedsIsNoNameOfAPoint) {
  for (const char* name : {"/admin", "page.css", "/page%2Ejs", "/icon.svg"}) {
    std::string path;
    EXPECT_THAT(parse_point(name, path), HasSubstr("the page of the server needs it")) << name;
  }
  std::string path;
  EXPECT_EQ(parse_point("/admin/live", path), "");
}

}  // namespace
}  // namespace wmpush::pubpoint
