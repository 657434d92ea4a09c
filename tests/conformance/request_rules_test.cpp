// The rules that a request must keep, C01 to C09, as the publishing point judges them.
#include "pubpoint/push/request_rules.hpp"

#include <gtest/gtest.h>

#include "pubpoint/http/messages.hpp"
#include "support/raw_client.hpp"

namespace wmpush::pubpoint {
namespace {

using test::RequestText;

Verdict judge_text(const std::string& text) {
  HeadReader reader;
  RequestHead head;
  Bytes input = as_bytes(text);
  EXPECT_EQ(reader.next(input, head), HeadReader::Status::Complete) << text;
  return judge(head);
}

/// The rules that a request breaks, joined by spaces.
std::string broken(const RequestText& request) {
  std::string rules;
  for (const Breach& breach : judge_text(request.text()).breaches)
    rules += (rules.empty() ? "" : " ") + breach.rule;
  return rules;
}

RequestText setup() { return RequestText::setup(); }
RequestText start() { return RequestText::start("12"); }

TEST(RequestRules, TakesWhatKeepsEveryRule) {
  EXPECT_EQ(broken(setup()), "");
  const Verdict verdict = judge_text(start().text());
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(verdict.request.kind, PushRequest::Kind::Start);
  EXPECT_EQ(verdict.request.path, "/live");
  EXPECT_EQ(verdict.request.push_id, "12");
  EXPECT_EQ(verdict.request.content_length, 2147483647u);
  EXPECT_EQ(verdict.request.user_agent, "WMEncoder/12.0.7601.17514 test/1");
}

TEST(RequestRules, C01_OnlyPostIsAPush) {
  const Verdict verdict = judge_text("GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(verdict.status, 405);
  ASSERT_EQ(verdict.breaches.size(), 1u);
  EXPECT_EQ(verdict.breaches[0].rule, "C01");
}

TEST(RequestRules, C01_TakesBothVersionsAndBothFormsOfTarget) {
  EXPECT_EQ(judge_text(setup().line("POST /live HTTP/1.0").text()).request.version, 10u);
  EXPECT_EQ(judge_text(setup().line("POST http://h:81/a%20b?x=1 HTTP/1.1").text()).request.path,
            "/a b");
  EXPECT_EQ(judge_text(setup().line("POST /n;genre;a/b HTTP/1.1").text()).request.path,
            "/n;genre;a/b");
  EXPECT_EQ(broken(setup().line("POST * HTTP/1.1")), "C01");
}

TEST(RequestRules, C02_ContentTypeNamesTheRequest) {
  EXPECT_EQ(broken(setup().set("Content-Type", "application/x-wms-pushsetup;charset=UTF-8")), "");
  EXPECT_EQ(broken(setup().set("Content-Type", "application/x-wms-pushsetup; charset=utf-8")), "");
  EXPECT_EQ(broken(setup().set("Content-Type", "application/x-wms-pushsetup; q=1")), "C02");
  EXPECT_EQ(broken(setup().set("Content-Type", "video/x-ms-asf")), "C02");
  EXPECT_EQ(broken(setup().remove("Content-Type")), "C02");
  EXPECT_EQ(broken(setup().add("Content-Type", "application/x-wms-pushsetup")), "C02");
}

TEST(RequestRules, C03_UserAgentBeginsWithTheEncoderAndItsVersion) {
  for (const char* good : {"WMEncoder/9.0", "WMEncoder/10.0.0.3802", "WMEncoder/12.0 a/1 b"})
    EXPECT_EQ(broken(setup().set("User-Agent", good)), "") << good;
  for (const char* bad : {"WMEncoder/12.1", "WMEncoder/12.0.1", "WMEncoder/12", "WMEncoder/12.0x",
                          "WMEncoder/12.0  two", "WMEncoder/12.0 (comment)"})
    EXPECT_EQ(broken(setup().set("User-Agent", bad)), "C03") << bad;
  EXPECT_EQ(broken(setup().remove("User-Agent")), "C03");
}

TEST(RequestRules, S01_UserAgentIsAnEncoderOf9To12) {
  for (const char* bad : {"NSPlayer/12.0.7601.17514", "WMEncoder/8.0", "WMEncoder/13.0", "Lavf/59"})
    EXPECT_EQ(broken(setup().set("User-Agent", bad)), "S01") << bad;
}

TEST(RequestRules, C04_CookieIsPairsWithAPushId) {
  EXPECT_EQ(broken(start().set("Cookie", "other=x; push-id=12")), "");
  for (const char* bad :
       {"$Version=1; push-id=12", "push-id=12;other=x", "push-id=12; other", "push-id=12, a=b",
        "push-id=1; push-id=2", "push-id=", "other=x", " push-id=1;  a=b"})
    EXPECT_EQ(broken(start().set("Cookie", bad)), "C04") << bad;
  EXPECT_EQ(broken(start().set("Cookie", "push-id=" + std::string(256, 'x'))), "C04");
  EXPECT_EQ(broken(start().set("Cookie", "push-id=" + std::string(255, 'x'))), "");
  EXPECT_EQ(broken(start().remove("Cookie")), "C04");
  EXPECT_EQ(broken(start().add("Cookie", "push-id=12")), "C04");
}

TEST(RequestRules, S03_APushSetupWithoutAPushIdAsksForANewSession) {
  EXPECT_EQ(broken(setup().remove("Cookie")), "");
  EXPECT_EQ(broken(setup().set("Cookie", "other=x")), "");
}

TEST(RequestRules, C05_ThereIsALengthAndNothingInItsPlace) {
  EXPECT_EQ(broken(setup().remove("Content-Length")), "C05");
  EXPECT_EQ(broken(setup().remove("Content-Length").add("Transfer-Encoding", "chunked")),
            "C05 C05");
  EXPECT_EQ(broken(start().add("Expect", "100-continue")), "C05");
}

TEST(RequestRules, C06_SaysWhichSchemesItCanDo) {
  EXPECT_EQ(broken(setup().set("X-Accept-Authentication", "Digest")), "");
  EXPECT_EQ(broken(setup().set("X-Accept-Authentication", "NTLM, Basic")), "C06");
  EXPECT_EQ(broken(setup().remove("X-Accept-Authentication")), "");
}

TEST(RequestRules, C07_HasTheFieldsOfEveryRequestAndNoneOfAResponse) {
  EXPECT_EQ(broken(setup().set("Connection", "keep-alive")), "");
  for (const char* name : {"Host", "Cache-Control"})
    EXPECT_EQ(broken(setup().remove(name)), "C07") << name;
  EXPECT_EQ(broken(setup().set("Cache-Control", "no-store")), "C07");
  for (const char* name : {"Server", "Set-Cookie", "Supported"})
    EXPECT_EQ(broken(setup().add(name, "x")), "C07") << name;
  EXPECT_EQ(broken(setup().add("Pragma", "no-cache, timeout=60000")), "C07");
  EXPECT_EQ(broken(setup().add("Pragma", "no-cache")), "");
}

TEST(RequestRules, C07_KeepsTheConnectionWhichIsMeantInHttp11WhenNothingIsSaid) {
  EXPECT_EQ(broken(setup().remove("Connection")), "");
  EXPECT_EQ(broken(start().remove("Connection")), "");
  EXPECT_EQ(broken(setup().line("POST /live HTTP/1.0").remove("Connection")), "C07");
  for (const char* other : {"close", "Keep-Alive, close", "upgrade", ""})
    EXPECT_EQ(broken(setup().set("Connection", other)), "C07") << other;
}

TEST(RequestRules, C07_WhatAProxySaysOfItsOwnConnectionIsNoBreach) {
  for (const char* name : {"Via", "X-Forwarded-For", "Forwarded"}) {
    EXPECT_EQ(broken(setup().remove("Connection").add(name, "x")), "") << name;
    EXPECT_EQ(broken(setup().set("Connection", "close").add(name, "x")), "") << name;
  }
}

TEST(RequestRules, C08_APushSetupBodyHasNothingOrBothDirectives) {
  SetupDirectives directives;
  EXPECT_FALSE(parse_setup_body("", directives));
  EXPECT_TRUE(directives.template_path.empty());
  EXPECT_FALSE(parse_setup_body("Template-URL: \"/a%20b\"\r\nAutoDestroy: 1\r\n", directives));
  EXPECT_EQ(directives.template_path, "/a b");
  EXPECT_TRUE(directives.auto_destroy);
  for (const char* bad :
       {"Template-URL: \"/t\"\r\n", "AutoDestroy: 1\r\n",
        "AutoDestroy: 1\r\nTemplate-URL: \"/t\"\r\n", "Template-URL: /t\r\nAutoDestroy: 0\r\n",
        "Template-URL: \"t\"\r\nAutoDestroy: 0\r\n", "Template-URL: \"/t\"\r\nAutoDestroy: 2\r\n",
        "Template-URL: \"/t\"\r\nAutoDestroy: \r\n", "Template-URL: \"/t\"\r\nAutoDestroy: 1",
        "Template-URL: \"/t\"\nAutoDestroy: 1\n", "Template-URL: \"/a b\"\r\nAutoDestroy: 1\r\n",
        "Template-URL: \"/\xC3\xA4\"\r\nAutoDestroy: 1\r\n",
        "Template-URL: \"/a\"b\"\r\nAutoDestroy: 1\r\n",
        "Template-URL: \"/a%2\"\r\nAutoDestroy: 1\r\n", "Template-URL: \"\r\nAutoDestroy: 1\r\n",
        "\r\n"})
    EXPECT_TRUE(parse_setup_body(bad, directives)) << bad;
}

TEST(RequestRules, C08_APushSetupBodyIsShort) {
  EXPECT_EQ(broken(setup().set("Content-Length", "4097")), "C08");
}

TEST(RequestRules, C09_APushStartHasOneTo2147483647Bytes) {
  EXPECT_EQ(broken(start().set("Content-Length", "2147483648")), "C09");
  EXPECT_EQ(broken(start().set("Content-Length", "0")), "C09");
  EXPECT_EQ(broken(start().set("Content-Length", "70000")), "");
}

TEST(RequestRules, FindsEveryBreachOfARequest) {
  EXPECT_EQ(broken(setup().remove("Host").set("User-Agent", "x").add("Expect", "100-continue")),
            "S01 C05 C07");
}

TEST(HeadReader, TakesAHeadInPiecesOfAnySize) {
  const std::string text = setup().text() + "body";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    HeadReader reader;
    RequestHead head;
    std::size_t at = 0;
    for (;;) {
      ASSERT_LT(at, text.size()) << "in pieces of " << size;
      const std::size_t piece = std::min(size, text.size() - at);
      Bytes input = as_bytes(text).subspan(at, piece);
      const auto status = reader.next(input, head);
      at += piece - input.size();
      if (status == HeadReader::Status::Complete) break;
      ASSERT_EQ(status, HeadReader::Status::NeedMore);
    }
    EXPECT_EQ(text.substr(at), "body");
    EXPECT_EQ(head.target, "/live");
  }
}

TEST(HeadReader, TellsWhatIsNotHttpBeforeAHeadIsComplete) {
  HeadReader reader;
  RequestHead head;
  Bytes input = as_bytes("\x16\x03\x01");
  EXPECT_EQ(reader.next(input, head), HeadReader::Status::NotHttp);
}

}  // namespace
}  // namespace wmpush::pubpoint
