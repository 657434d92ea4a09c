// What the wmpush command prints: progress, summary, help, last line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "pubpoint/web/json.hpp"
#include "tools/wmpush/help.hpp"
#include "tools/wmpush/outcome.hpp"
#include "tools/wmpush/progress.hpp"
#include "tools/wmpush/summary.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::json_string;
using pubpoint::JsonObject;

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Progress, SaysTimeBitRatePacketsAndHowMuchIsDone) {
  EXPECT_EQ(ProgressLine::text({3723'500ms, 285, 900'000, 0.456}, 824'400, 79),
            "01:02:03  824 kbit/s  285 packets  [#############................] 46%");
  EXPECT_EQ(ProgressLine::text({0s, 1, 0, std::nullopt}, 12'440'000, 79),
            "00:00:00  12.4 Mbit/s  1 packet");
}

TEST(Progress, SaysHowLongTheRestTakes) {
  Progress progress{60s, 285, 0, 0.5};
  progress.left = 61s;
  EXPECT_EQ(ProgressLine::text(progress, 824'400, 79),
            "00:01:00  824 kbit/s  285 packets  [###########............] 50%  00:01:01 left");
  EXPECT_EQ(time_left(0.25, 10s), 30s);
  EXPECT_EQ(time_left(1, 10s), 0s);
  EXPECT_EQ(time_left(0, 10s), std::nullopt) << "nothing to tell by";
  EXPECT_EQ(time_left(0.5, 100ms), std::nullopt);
}

TEST(Progress, SaysHowTheNetworkIs) {
  Progress progress{60s, 285, 0, std::nullopt};
  progress.waiting = 12;
  progress.dropped = 3;
  progress.reconnects = 1;
  EXPECT_EQ(ProgressLine::text(progress, 824'400, 79),
            "00:01:00  824 kbit/s  285 packets  1 reconnect  3 dropped  12 waiting");
  progress.reconnecting = true;
  EXPECT_THAT(ProgressLine::text(progress, 0, 79), HasSubstr("connecting again  3 dropped"));
}

TEST(Progress, LeavesOutWhatMattersLeastInANarrowTerminal) {
  Progress progress{1s, 285, 0, 0.5, "2/3 b.wmv"};
  progress.left = 1s;
  progress.reconnecting = true;
  progress.dropped = 3;
  EXPECT_EQ(ProgressLine::text(progress, 0, 60),
            "00:00:01  50%  00:00:01 left  connecting again  3 dropped");
  EXPECT_EQ(ProgressLine::text(progress, 0, 32), "00:00:01  50%  connecting again");
  EXPECT_EQ(ProgressLine::text({1s, 285, 0, 0.5}, 0, 5), "00:00");
  for (std::size_t columns = 1; columns < 120; ++columns)
    EXPECT_LE(ProgressLine::text(progress, 0, columns).size(), columns);
}

TEST(Progress, SaysWhichOfSeveralInputsItIs) {
  EXPECT_EQ(ProgressLine::text({0s, 1, 0, 0.5, "2/3 b.wmv"}, 824'400, 50),
            "2/3 b.wmv  00:00:00  824 kbit/s  1 packet  50%");
  EXPECT_EQ(entry_text(2, 3, "films/b.wmv"), "2/3 b.wmv");
  EXPECT_EQ(entry_text(1, 2, "a\rb\x1b[2J"), "1/2 a?b?[2J");
  EXPECT_EQ(entry_text(1, 2, std::string(23, 'x') + "\u00e4\u00e4"),
            "1/2 " + std::string(23, 'x') + "\u00e4")
      << "cut between characters";
}

TEST(Progress, ClockGoesOnBehindAHundredHours) {
  EXPECT_EQ(clock_text(123h + 4min + 5s), "123:04:05");
}

TEST(ProgressLine, IsSilentWhereThereIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  ProgressLine line(fileno(file));
  EXPECT_FALSE(line.on_terminal());
  EXPECT_FALSE(line.due(ProgressLine::Clock::time_point(1h)));
  line.show({1s, 1, 1, std::nullopt}, ProgressLine::Clock::time_point(1h));
  line.clear();
  EXPECT_EQ(std::fseek(file, 0, SEEK_END), 0);
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

TEST(RateMeter, MeasuresOverTheLastFiveSeconds) {
  RateMeter meter;
  const RateMeter::Clock::time_point start{1h};
  EXPECT_EQ(meter.bits_per_second(), 0);
  meter.add(start, 0);
  EXPECT_EQ(meter.bits_per_second(), 0);
  std::uint64_t bytes = 0;
  for (int second = 1; second <= 20; ++second)
    meter.add(start + std::chrono::seconds(second), bytes += 1000);
  EXPECT_DOUBLE_EQ(meter.bits_per_second(), 8000);
  for (int second = 21; second <= 25; ++second)
    meter.add(start + std::chrono::seconds(second), bytes += 3000);
  EXPECT_DOUBLE_EQ(meter.bits_per_second(), 24'000) << "what was before has been forgotten";
}

TEST(RateMeter, DoesNotDivideByNoTime) {
  RateMeter meter;
  meter.add(RateMeter::Clock::time_point(1h), 0);
  meter.add(RateMeter::Clock::time_point(1h), 1000);
  EXPECT_EQ(meter.bits_per_second(), 0);
}

TEST(Json, WritesMembersInOrder) {
  JsonObject object;
  EXPECT_EQ(object.text(), "{}");
  object.add("a", "x").add("b", std::uint64_t{7}).add("c", true).add("d", 1500ms).add_null("e");
  EXPECT_EQ(object.text(), R"({"a": "x", "b": 7, "c": true, "d": 1.500000, "e": null})");
}

TEST(Json, EscapesWhatAFileNameMayHave) {
  EXPECT_EQ(json_string("a\"b\\c\n\x01\x7F"), R"("a\"b\\c\u000a\u0001\u007f")");
  EXPECT_EQ(json_string("\xC3\xA9\xF0\x9F\x8E\xA5"), "\"\xC3\xA9\xF0\x9F\x8E\xA5\"");
}

TEST(Json, KeepsSecretsOut) {
  EXPECT_EQ(json_string("cannot open wmpush://joe:sEcr3t@host/live: No such file"),
            R"("cannot open wmpush://joe:***@host/live: No such file")");
}

TEST(FailureLine, KeepsSecretsOut) {
  EXPECT_EQ(failure_line("wmpush", {Result::E_INVALIDARG, 0, 0,
                                    "there is no command 'wmpush://joe:sEcr3t@host/live'"}),
            "wmpush: there is no command 'wmpush://joe:***@host/live': E_INVALIDARG (0x80070057)");
}

TEST(Json, WritesListsOfObjects) {
  JsonObject object;
  object.add("none", std::vector<JsonObject>{});
  object.add("two", std::vector{JsonObject().add("a", true), JsonObject()});
  EXPECT_EQ(object.text(), R"({"none": [], "two": [{"a": true}, {}]})");
}

TEST(Json, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json_string("a\x80z"), R"("a\ufffdz")");
  EXPECT_EQ(json_string("\xC3"), R"("\ufffd")");
  EXPECT_EQ(json_string("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");
  EXPECT_EQ(json_string("\xC0\xAF"), R"("\ufffd\ufffd")");
}

SendSummary summary() {
  SendSummary summary;
  summary.url = "wmpush://user:***@host/live";
  summary.input = "film.wmv";
  summary.entries = {{"film.wmv", true, 215, {}}};
  summary.server = "Cougar/9.6";
  summary.push_id = "42";
  summary.stats.packets_accepted = 215;
  summary.stats.packets_sent = 214;
  summary.stats.bytes_accepted = 900;
  summary.stats.bytes_sent = 125'000;
  summary.stats.duration = 6'374'000;
  summary.stats.stall_time = 1000;
  summary.elapsed = 2s;
  return summary;
}

TEST(Summary, HasResultStatusAndNumbersAsJson) {
  SendSummary failed = summary();
  failed.error = {Result::NS_E_SERVER_UNAVAILABLE, 503, 0, "busy"};
  EXPECT_EQ(
      json_text(failed),
      R"({"result": "NS_E_SERVER_UNAVAILABLE", "value": "0xC00D2EE6", "message": "busy", )"
      R"("http_status": 503, "url": "wmpush://user:***@host/live", "input": "film.wmv", )"
      R"("server": "Cougar/9.6", "push_id": "42", "stopped": false, )"
      R"("packets_accepted": 215, "packets_sent": 214, "packets_malformed": 0, )"
      R"("bytes_accepted": 900, "bytes_sent": 125000, "end_confirmed": false, "reconnects": 0, )"
      R"("packets_resent": 0, "packets_at_risk": 0, "packets_dropped": 0, "duration_seconds": 6.374000, )"
      R"("stall_seconds": 0.001000, "elapsed_seconds": 2.000000, "entries": [)"
      R"({"input": "film.wmv", "result": "S_OK", "message": "", "begun": true, )"
      R"("packets": 215}]})");
  EXPECT_THAT(json_text(summary()), HasSubstr("\"http_status\": null"));
}

TEST(Summary, IsOneLineForAPerson) {
  EXPECT_EQ(plain_text(summary()),
            "pushed 00:00:06, 214 packets, 125000 bytes in 2.0 s (500 kbit/s) to "
            "wmpush://user:***@host/live; nobody confirmed the end");
  SendSummary confirmed = summary();
  confirmed.stats.end_confirmed = 1;
  EXPECT_THAT(plain_text(confirmed), testing::EndsWith("; the server confirmed the end"));
  SendSummary several = summary();
  several.entries.push_back({"credits.wmv", true, 0, {}});
  EXPECT_THAT(plain_text(several), HasSubstr("pushed 2 inputs, 00:00:06"));
  SendSummary stopped = summary();
  stopped.stopped = true;
  EXPECT_THAT(plain_text(stopped), HasSubstr("stopped after 00:00:06"));
  SendSummary slow = summary();
  slow.stats.packets_dropped = 12;
  EXPECT_THAT(plain_text(slow), HasSubstr("214 packets, 12 packets left out, "));
  SendSummary broken = summary();
  broken.stats.reconnects = 2;
  broken.stats.packets_at_risk = 1;
  EXPECT_THAT(
      plain_text(broken),
      HasSubstr("214 packets, 2 breaks of the connection with 1 packet lost at the most, "));
}

TEST(Outcome, LastLineHasMessageNameAndValue) {
  EXPECT_EQ(failure_line("wmpush send", {Result::NS_E_TIMEOUT, 0, 0, "no answer\nat all"}),
            "wmpush send: no answer\\x0aat all: NS_E_TIMEOUT (0xC00D0013)");
}

TEST(Outcome, ExitStatusTellsBadUsageFromAFailedPush) {
  EXPECT_EQ(exit_status(Result::S_OK), 0);
  EXPECT_EQ(exit_status(Result::S_FALSE), 0);
  EXPECT_EQ(exit_status(Result::NS_E_CONNECTION_FAILURE), 1);
  EXPECT_EQ(exit_status(Result::E_FAIL), 1);
  EXPECT_EQ(exit_status(Result::E_INVALIDARG), 2);
  EXPECT_EQ(exit_status(Result::NS_E_INVALID_NAME), 2);
}

TEST(Help, NamesEveryOptionAndHasExamplesForEachCommand) {
  for (const Command& command : commands()) {
    const std::string help = command_help(command);
    for (const Flag& flag : command.all_flags())
      EXPECT_THAT(help, HasSubstr("--" + flag.name + (flag.value.empty() ? "" : " " + flag.value)));
    EXPECT_THAT(help, HasSubstr("Examples:\n  wmpush " + command.name));
    EXPECT_THAT(overall_help(), HasSubstr(command.summary));
    EXPECT_THAT(overall_help(), HasSubstr(command.examples));
  }
}

TEST(Help, FitsInEightyColumns) {
  std::vector<std::string> texts{overall_help()};
  for (const Command& command : commands()) texts.push_back(command_help(command));
  for (const std::string& text : texts) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  wmpush ")) continue;  // a command to type is never broken
      EXPECT_LE(line.size(), 80u) << line;
    }
  }
}

TEST(Help, BreaksLinesBetweenWords) {
  EXPECT_EQ(indented("one two", 2), "  one two\n");
  const std::string text = indented(std::string(40, 'a') + " " + std::string(40, 'b'), 4);
  EXPECT_EQ(text, "    " + std::string(40, 'a') + "\n    " + std::string(40, 'b') + "\n");
}

TEST(Version, NamesTheLibrarysVersionAndTheSchemes) {
  EXPECT_THAT(version_text(), HasSubstr(wmpush_version()));
  EXPECT_THAT(version_text(), HasSubstr("wmpush http"));
}

}  // namespace
}  // namespace wmpush::tool
