#include "wmhttp/admission.hpp"

#include <gmock/gmock.h>

namespace wmpush::wmhttp {
namespace {

/// Says what it was asked.
class Scripted : public Authenticator {
 public:
  explicit Scripted(std::string name) : name_(std::move(name)) {}
  bool takes_time(std::span<const std::string>) const override { return slow; }
  bool unprepared() const override { return needs_ticket; }
  void prepare() override {
    said += "prepared ";
    needs_ticket = false;
  }
  bool challenged(std::span<const std::string> fields, const Occasion&) override {
    if (out_of_memory) throw std::bad_alloc();
    said += "challenged(" + (fields.empty() ? "" : fields.front()) + ") ";
    return has_answer;
  }
  std::string explanation() const override { return "no password"; }
  std::string authorization(std::string_view, std::string_view target) override {
    return name_ + " " + std::to_string(++requests) + " " + std::string(target);
  }
  bool incomplete() const override { return rounds; }
  void accepted() override { said += "accepted "; }
  void begin_anew() override { said += "anew "; }

  std::string said;
  int requests = 0;
  bool has_answer = true;
  bool rounds = false;
  bool slow = false;
  bool needs_ticket = false;
  bool out_of_memory = false;

 private:
  const std::string name_;
};

class AdmissionTest : public testing::Test {
 protected:
  Response challenge(int status, const std::string& field = "Digest realm=\"x\"") {
    Response response;
    response.status = status;
    response.challenges = {field};
    return response;
  }
  bool challenged(const Response& challenge) {
    admission.ask(challenge, {});
    EXPECT_FALSE(admission.asking()) << "nobody here takes time";
    return admission.sends_again();
  }
  RequestContext authorize() {
    RequestContext request;
    admission.authorize(request, route);
    return request;
  }

  Scripted server{"server"};
  Scripted proxy{"proxy"};
  Route route{{{"host", 80}, "/live"}, Destination{"proxy", 3128}, false};
  Admission admission{&server, &proxy};
};

TEST_F(AdmissionTest, EachReadsOfTheTargetWhatItFindsInTheRequest) {
  const RequestContext request = authorize();
  EXPECT_EQ(request.authorization, "server 1 /live");
  EXPECT_EQ(request.proxy_authorization, "proxy 1 http://host/live");
}

TEST_F(AdmissionTest, TheRoundsWithAProxyNeverGetToTheServer) {
  proxy.rounds = true;
  EXPECT_EQ(authorize().authorization, "");
  EXPECT_EQ(server.requests, 0);
  EXPECT_TRUE(admission.incomplete());
}

TEST_F(AdmissionTest, SaysTheSameAgainForARequestThatWasLost) {
  authorize();
  admission.repeat();
  EXPECT_EQ(authorize().authorization, "server 1 /live");
  EXPECT_EQ(authorize().authorization, "server 2 /live");
}

TEST_F(AdmissionTest, HasAChallengeAnsweredByTheOneThatItIsFor) {
  EXPECT_TRUE(challenged(challenge(407)));
  EXPECT_EQ(proxy.said, "challenged(Digest realm=\"x\") ");
  EXPECT_EQ(server.said, "");
  EXPECT_TRUE(challenged(challenge(401)));
  EXPECT_EQ(proxy.said, "challenged(Digest realm=\"x\") accepted ") << "it has let that pass";
}

TEST_F(AdmissionTest, SaysWhyThereIsNoAnswer) {
  server.has_answer = false;
  EXPECT_FALSE(challenged(challenge(401)));
  EXPECT_EQ(admission.explanation(), "no password");
}

TEST_F(AdmissionTest, WhoTakesTimeForAnAnswerIsAskedByTheOwner) {
  server.slow = true;
  admission.ask(challenge(401), {});
  ASSERT_TRUE(admission.asking());
  EXPECT_EQ(server.said, "");
  admission.question()->ask();
  EXPECT_EQ(server.said, "challenged(Digest realm=\"x\") ");
  Error failure;
  EXPECT_TRUE(admission.answered(failure));
  EXPECT_FALSE(failure);
  EXPECT_FALSE(admission.asking());
  EXPECT_TRUE(admission.sends_again());
}

TEST_F(AdmissionTest, AnAnswerThatNobodyWaitsForAnyMoreIsOfNoUse) {
  server.slow = true;
  admission.ask(challenge(401), {});
  admission.let_go_of_answer();
  EXPECT_TRUE(admission.asking()) << "who is asked cannot be asked something else meanwhile";
  admission.question()->ask();
  Error failure;
  EXPECT_FALSE(admission.answered(failure));
  EXPECT_FALSE(failure);
}

TEST_F(AdmissionTest, TellsOfAnAnswerForWhichThereWasNoMemory) {
  server.slow = server.out_of_memory = true;
  admission.ask(challenge(401), {});
  admission.question()->ask();
  Error failure;
  EXPECT_FALSE(admission.answered(failure));
  EXPECT_EQ(failure.result, Result::E_OUTOFMEMORY);
}

TEST_F(AdmissionTest, WhoNeedsATicketForTheNextRequestIsAskedBefore) {
  server.needs_ticket = proxy.needs_ticket = true;
  for (Scripted* who : {&proxy, &server}) {
    ASSERT_TRUE(admission.unprepared());
    const std::shared_ptr<Question> question = admission.question();
    ASSERT_NE(question, nullptr);
    EXPECT_EQ(&question->who(), who);
    question->ask();
    EXPECT_EQ(who->said, "prepared ");
    Error failure;
    EXPECT_TRUE(admission.answered(failure));
  }
  EXPECT_FALSE(admission.unprepared());
  EXPECT_EQ(admission.question(), nullptr);
}

TEST_F(AdmissionTest, AChallengeThatNamesNoSchemeIsOneAllTheSame) {
  Response without_fields = challenge(401);
  without_fields.challenges.clear();
  server.slow = true;
  admission.ask(without_fields, {});
  ASSERT_TRUE(admission.asking());
  server.needs_ticket = true;
  admission.question()->ask();
  EXPECT_NE(server.said, "prepared ");
}

TEST_F(AdmissionTest, WhatWasForOneHostIsNotForAnother) {
  admission.leave_server();
  EXPECT_FALSE(admission.is_possible_for(challenge(401)));
  EXPECT_EQ(authorize().authorization, "");
  EXPECT_TRUE(admission.is_possible());
  admission.leave_proxy();
  EXPECT_FALSE(admission.is_possible());
}

TEST_F(AdmissionTest, KnowsARefusalOfTinyproxysByItsOwnChallenge) {
  const std::string basic = "Basic realm=\"Tinyproxy\"";
  challenged(challenge(407, basic));
  authorize();
  EXPECT_TRUE(admission.is_proxys_own_refusal(challenge(401, basic)));
  EXPECT_FALSE(admission.is_proxys_own_refusal(challenge(401, "Basic realm=\"server\"")));
  Response media_server = challenge(401, basic);
  media_server.server = "Cougar/9.6";
  EXPECT_FALSE(admission.is_proxys_own_refusal(media_server));
}

}  // namespace
}  // namespace wmpush::wmhttp
