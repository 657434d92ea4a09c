#include "pubpoint/hook/hook_call.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pubpoint/hook/hook_facts.hpp"
#include "pubpoint/hook/hook_settings.hpp"

namespace wmpush::pubpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(HookCall, AUrlKeepsItsTargetAsItStands) {
  HookCall call;
  EXPECT_EQ(HookCall::parse("https://hooks.example:8443/a%20b?key=k&reconnect=1", call), "");
  EXPECT_TRUE(call.is_url());
  EXPECT_EQ(call.server, (wmhttp::Destination{"hooks.example", 8443, true}));
  EXPECT_EQ(call.target, "/a%20b?key=k&reconnect=1");
  EXPECT_EQ(HookCall::parse("http://[::1]/x", call), "");
  EXPECT_EQ(call.server, (wmhttp::Destination{"::1", 80, false}));
}

TEST(HookCall, AProgramIsLookedForAsAShellDoes) {
  HookCall call;
  EXPECT_EQ(HookCall::parse(" sh\t-c  x ", call), "");
  EXPECT_FALSE(call.is_url());
  EXPECT_THAT(call.command, ElementsAre(EndsWith("/sh"), "-c", "x"));
  EXPECT_EQ(HookCall::parse("/bin/sh", call), "");
  EXPECT_THAT(call.command, ElementsAre("/bin/sh"));
}

TEST(HookCall, WhatCannotBeCalledIsSaid) {
  HookCall call;
  EXPECT_THAT(HookCall::parse("no-such-program x", call),
              HasSubstr("there is no program \"no-such-program\""));
  EXPECT_THAT(HookCall::parse("/dev/null", call), HasSubstr("no program"));
  EXPECT_THAT(HookCall::parse("/etc", call), HasSubstr("no program"));
  EXPECT_THAT(HookCall::parse("  ", call), HasSubstr("no program and no URL"));
  const std::string wrong = HookCall::parse("http://ali:secret@hooks.example/", call);
  EXPECT_THAT(wrong, HasSubstr("no user and no password"));
  EXPECT_EQ(wrong.find("secret"), wrong.npos);
  EXPECT_NE(HookCall::parse("http://:80/", call), "");
  EXPECT_EQ(check_hook(""), "") << "no hook";
  EXPECT_NE(check_hook("ftp://x"), "");
}

TEST(HookFacts, AreJsonAndEnvironmentButForWhatIsSecret) {
  HookFacts facts("push");
  facts.add("user_agent", "a\"b")
      .add("bytes", std::uint64_t{7})
      .add_secret("query", "password=p")
      .add("cut", std::string_view("x\0y", 3));
  EXPECT_EQ(facts.json(),
            "{\"event\": \"push\", \"user_agent\": \"a\\\"b\", \"bytes\": 7, \"query\": "
            "\"password=p\", \"cut\": \"x\\u0000y\"}\n");
  EXPECT_THAT(facts.environment(),
              ElementsAre("WMPUSH_EVENT=push", "WMPUSH_USER_AGENT=a\"b", "WMPUSH_CUT=x"));
  EXPECT_THAT(HookFacts("x").environment(), ElementsAre("WMPUSH_EVENT=x"));
}

}  // namespace
}  // namespace wmpush::pubpoint
