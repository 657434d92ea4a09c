// Ctrl-C of the command against each of the receivers of the field.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <csignal>
#include <random>

#include "loopback/tool_run.hpp"
#include "support/field_receiver.hpp"
#include "support/temporary_directory.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;

class InterruptedCommand : public testing::TestWithParam<Habits> {
 protected:
  TemporaryDirectory directory;
  Fifo fifo{directory.path() / "fifo"};
};

INSTANTIATE_TEST_SUITE_P(OfTheField, InterruptedCommand, testing::ValuesIn(field_receivers()),
                         [](const auto& habits) { return std::string(1, habits.param.name); });

/// As the summary has it.
std::size_t packets_sent(const std::string& json) {
  constexpr std::string_view kName = "\"packets_sent\": ";
  const std::size_t at = json.find(kName);
  return at == std::string::npos ? 0 : std::stoul(json.substr(at + kName.size()));
}

TEST_P(InterruptedCommand, AtFiftyRandomMomentsEndsInTimeAndTruly) {
  const std::string& asf = clip();
  const std::size_t packets = packets_in(asf);
  const std::size_t packet_size = asf.size() / (packets + 1);
  std::mt19937 random(20261126);
  int successes = 0;
  for (int moment = 0; moment < 50; ++moment) {
    FieldReceiver receiver(GetParam());
    ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", receiver.url("ali:sesam@"),
                                                   "--fast", "--json", "--end_timeout", "0.2"}));
    // So much of the input is there, and either it has arrived or the signal comes somewhere on the
    // way: while the program starts, sets up, sends or waits.
    const std::size_t given = random() % (asf.size() + 1);
    ASSERT_TRUE(fifo.write(asf.substr(0, given)));
    const std::size_t arriving = given < 2 * packet_size ? 0 : packets_in(asf.substr(0, given));
    if (moment % 2 == 0 && arriving > 0) {
      EXPECT_TRUE(receiver.wait_for_packets(arriving));
    }
    push.signal(SIGINT);
    const int status = push.wait(Seconds(6));
    const std::string what = std::to_string(moment) + ", " + std::to_string(given) +
                             " bytes: " + push.error_text() + push.output();
    fifo.drain();
    if (status == -SIGINT) continue;  // it had not begun to look after signals
    if (status == 0) {
      ++successes;
      EXPECT_THAT(push.output(), HasSubstr("\"result\": \"S_OK\"")) << what;
      EXPECT_TRUE(receiver.wait_for_packets(packets_sent(push.output()))) << what;
      continue;
    }
    ASSERT_EQ(status, 1) << what;
    EXPECT_THAT(last_line(push.error_text()), testing::StartsWith("wmpush send: ")) << what;
    EXPECT_THAT(last_line(push.error_text()),
                testing::AnyOf(HasSubstr("interrupted"), HasSubstr("stopped"), HasSubstr("422"),
                               HasSubstr("ends inside"), HasSubstr("before the ASF header")))
        << what;
  }
  const bool never_well = GetParam().end == Habits::End::Answers422;
  EXPECT_EQ(successes > 0, !never_well);
}

}  // namespace
}  // namespace wmpush::test
