// A push to each of the receivers of the field (tests/support/field_receiver), in every event that
// was tried on them, without and with reconnect.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <set>
#include <thread>

#include "support/asf_builder.hpp"
#include "support/clip.hpp"
#include "support/field_expectations.hpp"
#include "support/field_receiver.hpp"
#include "support/sent_packets.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

const Habits& habits_of(char name) {
  return *std::ranges::find(field_receivers(), name, &Habits::name);
}

/// The clip with a header of about 9000 bytes: an object that nobody knows is put in front of the
/// header's end.
std::string with_large_header(const std::string& asf) {
  constexpr std::size_t kMore = 9000;
  const auto size = load_le<std::uint64_t>(as_bytes(asf), 16);
  ByteWriter object;
  object.bytes(asf::guid(1, 2, 3, 4, 5));
  object.u64(kMore);
  object.zeros(kMore - 24);
  std::string larger = asf;
  larger.insert(static_cast<std::size_t>(size), as_text(object.view()));
  ByteWriter head;
  head.u64(size + kMore);
  head.u32(load_le<std::uint32_t>(as_bytes(asf), 24) + 1);
  larger.replace(16, 12, as_text(head.view()));
  return larger;
}

class Receivers : public ::testing::TestWithParam<FieldExpectation> {
 protected:
  Receivers() : receiver(habits_of(GetParam().receiver)) {
    wmpush_options_init(&options);
    // So that no test waits for long; what they are for is the same.
    options.end_timeout = 300'000;
    options.response_timeout = 2'000'000;
    options.send_timeout = 2'000'000;
    options.reconnect = GetParam().reconnect ? 1 : 0;
    options.reconnect_delay_max = 20'000;
    options.log = [](void* to, wmpush_log_level level, const char* line) {
      if (level <= WMPUSH_LOG_WARNING) *static_cast<std::string*>(to) += std::string(line) + "\n";
    };
    options.log_opaque = &lines;
  }

  Result write(PushSink& sink, std::string_view asf) {
    Result result = Result::S_OK;
    for (Bytes input = as_bytes(asf); succeeded(result) && !input.empty();) {
      const Bytes part = input.first(std::min<std::size_t>(3200, input.size()));
      input = input.subspan(part.size());
      result = sink.write(part);
    }
    return result;
  }

  /// Pushes half of the clip, lets it happen, and pushes the rest.
  Result push(const std::string& asf) {
    PushSink sink(options);
    Result result = sink.Connect(receiver.url("ali:sesam@"));
    const std::size_t half = asf.size() / 2;
    if (succeeded(result)) result = write(sink, std::string_view(asf).substr(0, half));
    if (succeeded(result)) {
      // What was sent is to be read, so that a loss takes nothing along.
      if (GetParam().event != FieldEvent::LargeHeader)
        receiver.wait_for_packets(sink.stats().packets_sent);
      happen();
      result = write(sink, std::string_view(asf).substr(half));
    }
    if (succeeded(result)) result = sink.EndSession();
    if (failed(result)) message = sink.last_error().message;
    confirmed = sink.stats().end_confirmed != 0;
    return result;
  }

  void happen() {
    switch (GetParam().event) {
      case FieldEvent::Restart:
        return receiver.restart();
      case FieldEvent::Cut:
        return receiver.cut();
      case FieldEvent::Silence:
        // Not a wait for something: the silence itself.
        return std::this_thread::sleep_for(FieldReceiver::kSilence * 3 / 2);
      case FieldEvent::SetupAlone:
        return receiver.set_up_only();
      case FieldEvent::SecondPush: {
        wmpush_options others = options;
        others.reconnect = 0;
        others.log = nullptr;
        PushSink second(others);
        second_result = second.Connect(receiver.url("ali:sesam@"));
        const std::string& other = clip("-packet_size 1400 -f asf");
        if (succeeded(second_result))
          second_result = write(second, std::string_view(other).substr(0, 20'000));
        if (succeeded(second_result))
          second_result = second.wait_until(Clock::now() + (GetParam().receiver == 'B'
                                                                ? std::chrono::milliseconds(10'000)
                                                                : std::chrono::milliseconds(100)));
        return;
      }
      case FieldEvent::End:
      case FieldEvent::NextEntry:
      case FieldEvent::LargeHeader:
        return;
    }
  }

  FieldReceiver receiver;
  wmpush_options options;
  std::string lines;    // warnings and the error
  std::string message;  // of the error
  bool confirmed = false;
  Result second_result = Result::S_OK;
};

std::string name_of(const ::testing::TestParamInfo<FieldExpectation>& info) {
  static constexpr const char* kEvents[] = {"End",         "Restart", "Cut",        "NextEntry",
                                            "LargeHeader", "Silence", "SecondPush", "SetupAlone"};
  return std::string(1, info.param.receiver) + "_" + kEvents[static_cast<int>(info.param.event)] +
         (info.param.reconnect ? "_Reconnect" : "");
}

INSTANTIATE_TEST_SUITE_P(OfTheField, Receivers, ::testing::ValuesIn(field_expectations()), name_of);

TEST_P(Receivers, EndAsExpectedAndSayWhy) {
  const FieldExpectation& expected = GetParam();
  const std::string& usual = clip("-f asf");
  std::string asf = usual;
  if (expected.event == FieldEvent::NextEntry) asf += clip("-packet_size 1400 -f asf");
  if (expected.event == FieldEvent::LargeHeader) {
    asf = with_large_header(usual);
    options.reconnect_max_retries = 2;
  }
  const auto start = Clock::now();
  EXPECT_EQ(push(asf), expected.result) << lines;
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(6));
  EXPECT_THAT(message, HasSubstr(expected.last_line));
  EXPECT_EQ(message.empty(), expected.result == Result::S_OK);

  // Nothing twice, and nothing missing where the push went on.
  const std::vector<std::string> came = receiver.packets();
  std::vector<std::string> wanted = packets_in(asf);
  if (expected.event != FieldEvent::SecondPush) {
    EXPECT_EQ(std::set<std::string>(came.begin(), came.end()).size(), came.size());
  }
  const auto missing = std::ranges::count_if(
      wanted, [&](const std::string& each) { return std::ranges::count(came, each) == 0; });
  if (expected.whole) {
    EXPECT_EQ(missing, 0);
  } else {
    EXPECT_GT(missing, 0) << "it was to break off";
  }

  // Who says nothing behind the end has not confirmed it, and the user hears that.
  const auto end = habits_of(expected.receiver).end;
  if (expected.result == Result::S_OK) {
    EXPECT_EQ(confirmed, end == Habits::End::Closes);
    EXPECT_EQ(lines.find("nobody confirmed") != std::string::npos, end == Habits::End::Silent)
        << lines;
  }
  if (expected.event == FieldEvent::SecondPush) {
    const bool let_in = expected.receiver != 'B' && expected.receiver != 'E';
    EXPECT_EQ(succeeded(second_result), let_in) << static_cast<unsigned>(second_result);
  }
}

/// The options that are for receivers whose habits cannot be sensed.
class ReceiverOptions : public Receivers {};

INSTANTIATE_TEST_SUITE_P(Of, ReceiverOptions,
                         ::testing::Values(FieldExpectation{'C', FieldEvent::Cut, true,
                                                            Result::S_OK, "", true, ""},
                                           FieldExpectation{'A', FieldEvent::LargeHeader, false,
                                                            Result::S_OK, "", true, ""}),
                         name_of);

TEST_P(ReceiverOptions, MakeItRight) {
  options.resume = "never";
  options.strict_end = 0;
  options.max_header = 8192;
  const bool large = GetParam().event == FieldEvent::LargeHeader;
  const std::string asf = large ? with_large_header(clip("-f asf")) : clip("-f asf");
  EXPECT_EQ(push(asf), Result::S_OK) << message;
  for (const auto& stream : receiver.streams()) {
    ASSERT_FALSE(stream.empty());
    EXPECT_EQ(stream.front().id, wmhttp::FrameId::Header);
  }
  EXPECT_EQ(receiver.packets().size(), packets_in(asf).size());
}

/// A receiver that takes `packets` packets and then reads nothing any more.
TEST(StoppedReceiver, C30_WhatItHasLeftUnreadIsNoSuccess) {
  std::promise<void> over;
  const std::shared_future<void> done = over.get_future().share();
  RawServer stopped([done](RawServer::Connection& connection) {
    connection.read_head();
    connection.send(kAccepted);
    connection.read_head();
    constexpr std::size_t kSome = 4000;
    for (std::size_t taken = 0; taken < 10 * kSome;) taken += connection.read_some(kSome).size();
    done.wait();
  });
  wmpush_options options;
  wmpush_options_init(&options);
  options.end_timeout = 3'000'000;
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(stopped.url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip("-f asf"))), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(sink.last_error().message, HasSubstr("unread"));
  EXPECT_EQ(sink.stats().end_confirmed, 0);
  over.set_value();
}

/// The program is interrupted at a moment of its own choice.
class Interrupted : public ::testing::TestWithParam<Habits> {
 protected:
  struct Moment {
    int calls = 0;  // until then
    static int ask(void* opaque) { return --static_cast<Moment*>(opaque)->calls < 0 ? 1 : 0; }
  };
};

INSTANTIATE_TEST_SUITE_P(OfTheField, Interrupted, ::testing::ValuesIn(field_receivers()),
                         [](const auto& habits) { return std::string(1, habits.param.name); });

TEST_P(Interrupted, AtFiftyMomentsEndsAtOnceAndTruly) {
  const std::string& asf = clip("-f asf");
  const std::size_t packets = packets_in(asf).size();
  int successes = 0;
  for (int moment = 0; moment < 50; ++moment) {
    FieldReceiver receiver(GetParam());
    Moment until{moment};
    wmpush_options options;
    wmpush_options_init(&options);
    options.end_timeout = 100'000;  // what it is for is the same
    options.interrupt = Moment::ask;
    options.interrupt_opaque = &until;
    PushSink sink(options);
    const auto start = Clock::now();
    Result result = sink.Connect(receiver.url("ali:sesam@"));
    for (Bytes input = as_bytes(asf); succeeded(result) && !input.empty();) {
      const Bytes part = input.first(std::min<std::size_t>(3200, input.size()));
      input = input.subspan(part.size());
      result = sink.write(part);
    }
    if (succeeded(result)) result = sink.EndSession();
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(6)) << moment;
    if (result == Result::S_OK) {
      ++successes;
      EXPECT_TRUE(receiver.wait_for_packets(packets)) << moment;
      continue;
    }
    const std::string& message = sink.last_error().message;
    EXPECT_THAT(message, ::testing::AnyOf(HasSubstr("interrupted"), HasSubstr("422"))) << moment;
  }
  if (GetParam().end == Habits::End::Answers422) {
    EXPECT_EQ(successes, 0);
  } else {
    EXPECT_GT(successes, 0) << "some moments are late enough";
  }
}

}  // namespace
}  // namespace wmpush::test
