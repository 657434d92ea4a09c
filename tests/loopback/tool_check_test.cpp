// `wmpush check` against the project's own server, one with faults, and the receivers of the field.
#include <csignal>

#include "support/field_receiver.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using ToolCheck = ToolTest;

Finished check(const std::string& url, const Words& more = {}) {
  Words words{"check", "--yes",         url,     "--response_timeout",
              "2",     "--end_timeout", "400ms", "--rollover_timeout",
              "300ms"};
  words.insert(words.end(), more.begin(), more.end());
  return run(wmpush(words));
}

/// What it says was found, of its JSON: "end", "length" ...
std::string found(const std::string& json, const std::string& what) {
  const std::string key = R"({"what": ")" + what + R"(", "found": ")";
  const std::size_t at = json.find(key);
  if (at == json.npos) return "not in " + json;
  const std::size_t value = at + key.size();
  return json.substr(value, json.find('"', value) - value);
}
std::string advised(const std::string& option, const std::string& value) {
  return R"({"option": ")" + option + R"(", "value": ")" + value + '"';
}

TEST_F(ToolCheck, FindsNothingWrongWithThePublishingPointOfTheProject) {
  const Finished text = check(server.url());
  EXPECT_EQ(text.status, 0) << text.error;
  EXPECT_THAT(text.output,
              AllOf(HasSubstr("Cougar/9.6.7600.16564"), HasSubstr("confirms the end of the stream"),
                    HasSubstr("takes packets of 65535 bytes"), HasSubstr("65531 bytes, the most"),
                    HasSubstr("It needs no options.")));
  EXPECT_EQ(text.error, "");
  // What it sends keeps every rule: the second encoder is what the server objects to.
  for (const pubpoint::Breach& breach : server.breaches()) EXPECT_EQ(breach.rule, "S03");
  // FFmpeg reads it.
  ASSERT_TRUE(server.wait_for([&] { return !server.sessions().front().running; }));
  const Finished probe =
      run({"ffprobe", "-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels",
           "-of", "csv=p=0", server.sessions().front().recording.string()});
  EXPECT_EQ(probe.output, "pcm_u8,8000,1\n") << probe.error;
}

TEST_F(ToolCheck, TellsItAsJson) {
  const Finished json = check(server.url(), {"--json", "--silence", "1s"});
  EXPECT_EQ(json.status, 0) << json.error;
  EXPECT_EQ(run({"python3", "-c", "import json, sys; json.loads(sys.argv[1])", json.output}).status,
            0);
  EXPECT_EQ(found(json.output, "session_id"), "new");
  EXPECT_EQ(found(json.output, "idle_timeout"), "60000");
  EXPECT_EQ(found(json.output, "length"), "counted");
  EXPECT_EQ(found(json.output, "playlist"), "taken");
  EXPECT_EQ(found(json.output, "second_setup"), "harmless");
  EXPECT_EQ(found(json.output, "second_push"), "refused");
  EXPECT_EQ(found(json.output, "silence"), "stays");
  EXPECT_THAT(json.output, HasSubstr(R"("options": [])"));
}

TEST_F(ToolCheck, FindsAnEndThatIsAnsweredWithAnError) {
  Fault fault;
  fault.at = At::End;
  fault.status = 500;
  fault.times = 0;
  server.add_fault(fault);
  const Finished json = check(server.url(), {"--json"});
  EXPECT_EQ(found(json.output, "end"), "500");
  EXPECT_THAT(json.output, HasSubstr(advised("strict_end", "0")));
}

TEST_F(ToolCheck, FindsASilenceThatIsTooLong) {
  pubpoint::Settings settings;
  settings.idle_timeout = std::chrono::milliseconds(1500);
  pubpoint::Server impatient(settings);
  const Finished json = check(impatient.url(), {"--json", "--silence", "4s"});
  EXPECT_EQ(json.status, 0) << json.error;
  EXPECT_EQ(found(json.output, "silence"), "dropped");
  EXPECT_THAT(json.output, HasSubstr(advised("reconnect", "1")));
}

TEST_F(ToolCheck, SaysWhyNoPushIsTakenAtAll) {
  const Finished missing = check(server.url("/nowhere"));
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.output, "");
  EXPECT_THAT(last_line(missing.error), HasSubstr("404"));
}

TEST_F(ToolCheck, SaysWhatItIsGoingToDoAndDoesNothingWithoutLeave) {
  const Finished asked = run(wmpush({"check", server.url()}));
  EXPECT_EQ(asked.status, 2);
  EXPECT_THAT(asked.error, AllOf(HasSubstr("may be thrown out"), HasSubstr(server.url()),
                                 HasSubstr("--yes says that it may")));
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolCheck, AsksOnATerminalAndTakesNoForAnAnswer) {
  if (!Terminal::is_to_be_had()) GTEST_SKIP() << "no /dev/pts";
  for (const bool yes : {false, true}) {
    Terminal terminal;
    ChildProcess asking({"sh", "-c", R"(exec "$1" check "$2" <"$3" 2>"$3")", "sh", WMPUSH_PROGRAM,
                         server.url(), terminal.path().string()});
    ASSERT_TRUE(terminal.wait_for("Go on? [y/N] "));
    EXPECT_EQ(server.connections(), 0u);
    terminal.type(yes ? "y\n" : "\n");
    EXPECT_EQ(asking.wait(), yes ? 0 : 1);
    EXPECT_EQ(asking.output().find("It needs no options.") != std::string::npos, yes);
    EXPECT_EQ(terminal.text().find("nothing was done") != std::string::npos, !yes);
  }
}

TEST_F(ToolCheck, TakesAnInterruptionForNoHabitOfTheReceiver) {
  ChildProcess interrupted(wmpush({"check", "--yes", server.url()}));
  // In the midst of the trial of the length.
  ASSERT_TRUE(server.wait_for([&] { return server.sessions().size() == 3; }));
  interrupted.signal(SIGINT);
  EXPECT_EQ(interrupted.wait(), 1);
  EXPECT_THAT(last_line(interrupted.error_text()), HasSubstr("NS_E_SHUTDOWN"));
  EXPECT_THAT(interrupted.output(), AllOf(HasSubstr("confirms the end"), Not(HasSubstr("length")),
                                          Not(HasSubstr("option"))));
}

TEST_F(ToolCheck, NeverShowsAPassword) {
  const std::string url =
      "wmpush://joe:sEcr3t@127.0.0.1:" + std::to_string(server.port()) + "/live?pasword=sEcr3t";
  const Finished told = check(url, {"--verbose"});
  EXPECT_THAT(told.error, HasSubstr("PushSetup"));
  EXPECT_THAT(told.output + told.error, Not(HasSubstr("sEcr3t")));
  EXPECT_THAT(run(wmpush({"check", url})).error, Not(HasSubstr("sEcr3t")));
}

class CheckOfTheField : public testing::TestWithParam<Habits> {};

INSTANTIATE_TEST_SUITE_P(Receiver, CheckOfTheField, testing::ValuesIn(field_receivers()),
                         [](const auto& habits) { return std::string(1, habits.param.name); });

TEST_P(CheckOfTheField, FindsItsHabits) {
  const Habits& habits = GetParam();
  FieldReceiver receiver(habits);
  const Finished json = check(receiver.url("ali:sesam@"), {"--json", "--silence", "1s"});
  ASSERT_EQ(json.status, 0) << json.error;
  const std::string& text = json.output;

  EXPECT_EQ(found(text, "session_id"), habits.id == Habits::Id::None   ? "none"
                                       : habits.id == Habits::Id::Same ? "same"
                                                                       : "new");
  EXPECT_EQ(text.find(advised("resume", "never")) != text.npos, habits.id == Habits::Id::Same);
  EXPECT_EQ(found(text, "end"), habits.end == Habits::End::Closes       ? "confirmed"
                                : habits.end == Habits::End::Answers422 ? "422"
                                                                        : "unconfirmed");
  EXPECT_EQ(text.find(advised("strict_end", "0")) != text.npos,
            habits.end == Habits::End::Answers422);
  // None of them counts.
  EXPECT_EQ(found(text, "length"), "not counted");
  EXPECT_THAT(text, HasSubstr(advised("rollover_timeout", "2")));
  EXPECT_EQ(found(text, "playlist"), habits.next_entry == Habits::Next::Takes ? "taken" : "fails");
  EXPECT_EQ(found(text, "packet"), habits.largest_frame == 8192 ? "8192" : "65535");
  EXPECT_EQ(found(text, "header"), habits.largest_frame == 8192 ? "8192" : "65531");
  EXPECT_EQ(text.find(advised("max_header", "8192")) != text.npos, habits.largest_frame == 8192);
  EXPECT_EQ(found(text, "second_setup"), habits.setup_drops ? "drops" : "harmless");
  const bool refused = habits.second == Habits::Second::RefusedAtData ||
                       habits.second == Habits::Second::NoConnection;
  EXPECT_EQ(found(text, "second_push"), refused                                      ? "refused"
                                        : habits.second == Habits::Second::TakesOver ? "takes over"
                                                                                     : "both");
  EXPECT_EQ(found(text, "silence"), habits.drops_silent ? "dropped" : "stays");
}

}  // namespace
}  // namespace wmpush::test
