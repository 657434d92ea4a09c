// A proxy is asked for a tunnel: what goes out, and what each answer means.
#include "wmhttp/tunnel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace wmpush::wmhttp {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Want = Tunnel::Want;

/// Answers every challenge with the next of its words.
class Talker : public Authenticator {
 public:
  bool challenged(std::span<const std::string> fields, const Occasion& occasion) override {
    asked.assign(fields.begin(), fields.end());
    kept = occasion.connection_kept;
    says = words.empty() ? std::string() : words.front();
    if (!words.empty()) words.erase(words.begin());
    return !says.empty();
  }
  bool takes_time(std::span<const std::string>) const override { return slow; }
  std::string explanation() const override { return "the password was refused"; }
  std::string authorization(std::string_view method, std::string_view target) override {
    lines.push_back(std::string(method) + " " + std::string(target));
    return says;
  }
  bool unprepared() const override { return needs_ticket; }
  void prepare() override { needs_ticket = false; }
  bool incomplete() const override { return false; }
  void accepted() override { ++accepts; }
  void begin_anew() override {}

  std::vector<std::string> words;
  std::vector<std::string> asked;
  std::vector<std::string> lines;
  std::string says;
  bool kept = false;
  bool slow = false;
  bool needs_ticket = false;
  int accepts = 0;
};

class TunnelTest : public testing::Test {
 protected:
  Tunnel& tunnel(Authenticator* authenticator = nullptr) {
    return made.emplace(Destination{"server", 8443, true}, "proxy squid:3128", "agent/1",
                        authenticator);
  }
  /// What goes out now.
  std::string request() {
    const std::string text(as_text(made->outgoing()));
    made->sent(text.size());
    EXPECT_EQ(made->wants(), Want::Receive);
    return text;
  }
  Error answer(std::string_view text) { return made->received(as_bytes(text)); }

  std::optional<Tunnel> made;
  Talker talker;
};

constexpr std::string_view kChallenge =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
    "Content-Length: 0\r\n\r\n";

TEST_F(TunnelTest, AsksForHostAndPortAndIsThereWithASuccess) {
  EXPECT_EQ(tunnel().wants(), Want::Connect);
  EXPECT_FALSE(made->connected());
  EXPECT_EQ(request(),
            "CONNECT server:8443 HTTP/1.1\r\nHost: server:8443\r\nUser-Agent: agent/1\r\n"
            "Proxy-Connection: Keep-Alive\r\n\r\n");
  EXPECT_FALSE(answer("HTTP/1.0 200 Connection "));
  EXPECT_FALSE(answer("established\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(made->wants(), Want::Nothing);
}

TEST_F(TunnelTest, WritesAnIpv6AddressInBrackets) {
  made.emplace(Destination{"::1", 443, true}, "proxy", "agent", nullptr);
  EXPECT_FALSE(made->connected());
  EXPECT_THAT(request(), HasSubstr("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n"));
}

TEST_F(TunnelTest, ARequestMayGoOutInPieces) {
  EXPECT_FALSE(tunnel().connected());
  const std::string whole(as_text(made->outgoing()));
  made->sent(10);
  EXPECT_EQ(made->wants(), Want::Send);
  EXPECT_EQ(as_text(made->outgoing()), whole.substr(10));
}

TEST_F(TunnelTest, AnswersAChallengeOnTheSameConnection) {
  talker.words = {"Basic abc"};
  EXPECT_FALSE(tunnel(&talker).connected());
  EXPECT_THAT(request(), testing::Not(HasSubstr("Proxy-Authorization")));
  EXPECT_FALSE(answer(kChallenge));
  EXPECT_THAT(request(), HasSubstr("\r\nProxy-Authorization: Basic abc\r\n"));
  EXPECT_THAT(talker.lines, testing::Each("CONNECT server:8443"));
  EXPECT_TRUE(talker.kept);
  EXPECT_FALSE(answer("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_EQ(made->wants(), Want::Nothing);
  EXPECT_EQ(talker.accepts, 1);
}

TEST_F(TunnelTest, ThePageBehindAChallengeIsNoAnswerToTheNextRequest) {
  const std::string page(3000, 'x');
  const std::string challenge =
      "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 3000\r\n\r\n";
  for (const std::size_t at_once : {std::size_t{0}, std::size_t{1000}, page.size()}) {
    talker.words = {"Basic abc"};
    EXPECT_FALSE(tunnel(&talker).connected());
    request();
    EXPECT_FALSE(answer(challenge + page.substr(0, at_once)));
    request();
    EXPECT_FALSE(answer(page.substr(at_once)));
    EXPECT_EQ(made->wants(), Want::Receive);
    EXPECT_FALSE(answer("HTTP/1.1 200 OK\r\n\r\n"));
    EXPECT_EQ(made->wants(), Want::Nothing);
  }
}

TEST_F(TunnelTest, AnswersOnANewConnectionWhereTheProxyClosesItsOwn) {
  talker.words = {"Basic abc"};
  EXPECT_FALSE(tunnel(&talker).connected());
  request();
  EXPECT_FALSE(
      answer("HTTP/1.0 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n<html>Who?</html>"));
  EXPECT_EQ(made->wants(), Want::Connect);
  EXPECT_FALSE(talker.kept);
  EXPECT_FALSE(made->connected());
  EXPECT_THAT(request(), HasSubstr("Proxy-Authorization: Basic abc"));
}

TEST_F(TunnelTest, AProxyMayCloseBehindAChallengeWithoutSayingSo) {
  talker.words = {"Basic abc"};
  EXPECT_FALSE(tunnel(&talker).connected());
  request();
  EXPECT_FALSE(answer(kChallenge));
  request();
  EXPECT_FALSE(made->lost({}));
  EXPECT_EQ(made->wants(), Want::Connect);
  EXPECT_FALSE(made->connected());
  const std::size_t asked = talker.lines.size();
  EXPECT_THAT(request(), HasSubstr("Proxy-Authorization: Basic abc"));
  EXPECT_EQ(talker.lines.size(), asked) << "a ticket is not given twice";
  const Error error = made->lost({});
  EXPECT_EQ(error.result, Result::NS_E_PUSH_CANNOTCONNECT) << "but not again and again";
}

TEST_F(TunnelTest, WhoNeedsTimeForAnAnswerIsAskedApart) {
  talker.words = {"Negotiate ticket"};
  talker.slow = true;
  EXPECT_FALSE(tunnel(&talker).connected());
  request();
  EXPECT_FALSE(answer(kChallenge));
  ASSERT_EQ(made->wants(), Want::Consult);
  made->question()->ask();
  EXPECT_FALSE(made->answered());
  EXPECT_THAT(request(), HasSubstr("Proxy-Authorization: Negotiate ticket"));
}

TEST_F(TunnelTest, ATicketIsGotBeforeTheFirstRequestThatNeedsIt) {
  talker.needs_ticket = true;
  talker.says = "Negotiate again";
  EXPECT_FALSE(tunnel(&talker).connected());
  ASSERT_EQ(made->wants(), Want::Consult);
  made->question()->ask();
  EXPECT_FALSE(made->answered());
  EXPECT_THAT(request(), HasSubstr("Proxy-Authorization: Negotiate again"));
}

TEST_F(TunnelTest, APasswordThatIsRefusedIsToldSo) {
  EXPECT_FALSE(tunnel(&talker).connected());
  request();
  const Error error = answer(kChallenge);
  EXPECT_EQ(error.result, Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_EQ(error.http_status, 407);
  EXPECT_EQ(error.message,
            "proxy squid:3128 answered 407 Proxy Authentication Required to CONNECT server:8443: "
            "the password was refused; for a proxy they stand in "
            "http_proxy=http://USER:PASSWORD@HOST:PORT");
}

TEST_F(TunnelTest, EachRefusalNamesItsRemedy) {
  struct Case {
    const char* status;
    Result result;
    const char* words;
  };
  for (const Case& each :
       {Case{"403 Forbidden", Result::NS_E_PROXY_ACCESSDENIED, "must allow CONNECT"},
        Case{"407 Who", Result::NS_E_PROXY_ACCESSDENIED, "http_proxy=http://USER:PASSWORD"},
        Case{"405 Method Not Allowed", Result::NS_E_PUSH_CANNOTCONNECT, "makes no tunnels"},
        Case{"503 Service Unavailable", Result::NS_E_PUSH_CANNOTCONNECT, "could not reach"},
        Case{"302 Found", Result::NS_E_PUSH_CANNOTCONNECT, "the proxy's log"}}) {
    EXPECT_FALSE(tunnel().connected());
    request();
    const Error error =
        answer("HTTP/1.1 " + std::string(each.status) + "\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(error.result, each.result) << each.status;
    EXPECT_THAT(error.message, AllOf(HasSubstr(each.status), HasSubstr(each.words)));
  }
}

TEST_F(TunnelTest, WhatIsNoProxyIsTold) {
  EXPECT_FALSE(tunnel().connected());
  request();
  EXPECT_THAT(answer("220 mail.example ESMTP\r\n").message, HasSubstr("not HTTP"));
  EXPECT_FALSE(tunnel().connected());
  request();
  EXPECT_THAT(answer("HTTP/1.1 200 OK\r\n\r\nhello").message,
              HasSubstr("something of its own behind its answer"));
  EXPECT_FALSE(tunnel().connected());
  request();
  EXPECT_THAT(made->lost({}).message, HasSubstr("without an answer to CONNECT server:8443"));
}

}  // namespace
}  // namespace wmpush::wmhttp
