// Receivers as they are found: relays and broadcasters that have their own idea of the protocol.
// Each test plays one of them, and pushes to it without any option that would be for it alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "support/asf_builder.hpp"
#include "support/clip.hpp"
#include "support/engine_driver.hpp"
#include "support/raw_server.hpp"
#include "support/sent_packets.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using Connection = RawServer::Connection;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using wmhttp::FrameId;

constexpr std::string_view kPlainAnswer =
    "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n\r\n";

std::string answer_with(std::string_view field) {
  std::string answer(kPlainAnswer);
  return answer.insert(answer.size() - 2, std::string(field) + "\r\n");
}

/// What a receiver has got, and what became of the push to it.
class Field : public ::testing::Test {
 protected:
  Field() {
    wmpush_options_init(&options);
    // So that no test waits for long; what they are for is the same.
    options.end_timeout = 400'000;
    options.response_timeout = 2'000'000;
    options.send_timeout = 2'000'000;
    options.rollover_timeout = 150'000;
    options.log = [](void* to, wmpush_log_level level, const char* line) {
      *static_cast<std::string*>(to) += std::to_string(level) + " " + line + "\n";
    };
    options.log_opaque = &lines;
  }

  /// Pushes `asf`; the result of the first call that fails, or of EndSession.
  Result push(const std::string& url, const std::string& asf = clip()) {
    PushSink sink(options);
    Result result = sink.Connect(url);
    for (Bytes input = as_bytes(asf); succeeded(result) && !input.empty();) {
      const Bytes part = input.first(std::min<std::size_t>(3200, input.size()));
      input = input.subspan(part.size());
      result = sink.write(part);
    }
    // What a receiver says after its last byte may take a moment to come.
    if (succeeded(result)) result = sink.EndSession();
    message = sink.last_error().message;
    return result;
  }

  void took_head(std::string head) {
    const std::lock_guard lock(mutex_);
    heads_.push_back(std::move(head));
  }
  /// Connections may end in another order than they began.
  void took_stream(Connection& connection) {
    {
      const std::lock_guard lock(mutex_);
      ++being_read_;
    }
    const std::string stream = connection.read_stream();
    {
      const std::lock_guard lock(mutex_);
      streams_[connection.number()] += stream;
      --being_read_;
    }
    read_.notify_all();
  }
  /// The usual course: setup, answer, start, stream.
  void take_push(Connection& connection, std::string_view answer = kPlainAnswer) {
    took_head(connection.read_head());
    connection.send(answer);
    took_head(connection.read_head());
    took_stream(connection);
  }

  std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  /// Of all connections. What the receiver's system has taken may not have been read yet.
  std::string stream() {
    std::unique_lock lock(mutex_);
    read_.wait_for(lock, std::chrono::seconds(10), [&] { return being_read_ == 0; });
    std::string all;
    for (const auto& [number, stream] : streams_) all += stream;
    return all;
  }
  /// The packets of `clip()` as they go out, for what came in `frames`.
  void expect_packets_of_the_clip(const std::vector<SentFrame>& frames) {
    const std::vector<std::string> wanted = packets_in(clip());
    std::vector<std::string> found;
    for (const SentFrame& frame : frames)
      if (frame.id == FrameId::Data) found.push_back(frame.payload);
    EXPECT_EQ(found.size(), wanted.size());
    EXPECT_TRUE(found == wanted);
  }

  wmpush_options options;
  std::string lines;
  std::string message;

 private:
  std::mutex mutex_;
  std::condition_variable read_;
  int being_read_ = 0;  // streams
  std::vector<std::string> heads_;
  std::map<std::size_t, std::string> streams_;  // by the number of the connection
};

std::string field_in(const std::string& head, const std::string& name) {
  SentRequest request;
  request.head = head;
  return request.header(name);
}

/// As web servers do with a connection that has been idle for some seconds: an input may take
/// longer to begin.
TEST_F(Field, C21_AServerMayCloseTheConnectionBeforeTheStreamBegins) {
  std::promise<void> accepted;
  std::promise<void> closed;
  RawServer server([&](Connection& connection) {
    took_head(connection.read_head());
    if (connection.number() == 2) return took_stream(connection);
    connection.send(answer_with("Set-Cookie: push-id=7"));
    accepted.get_future().wait();
    connection.break_off();
    closed.set_value();
  });
  PushSink sink(options);
  const Result result = sink.Connect(server.url());
  accepted.set_value();
  ASSERT_EQ(result, Result::S_OK);
  closed.get_future().wait();
  EXPECT_EQ(sink.write(as_bytes(clip())), Result::S_OK) << sink.last_error().message;
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << sink.last_error().message;
  ASSERT_EQ(heads().size(), 2u);
  EXPECT_EQ(field_in(heads()[1], "Cookie"), "push-id=7");
  expect_packets_of_the_clip(frames_in(stream()));
}

TEST_F(Field, C21_APushIdMayBeMissingOrZeroOrAnything) {
  const std::vector<std::pair<std::string, std::string>> answers{
      {std::string(kPlainAnswer), "push-id=0"},
      {answer_with("Set-Cookie: push-id=0"), "push-id=0"},
      {answer_with("Set-Cookie: push-id=a-b_c.7"), "push-id=a-b_c.7"}};
  for (const auto& [answer, cookie] : answers) {
    RawServer relay([&, text = answer](Connection& connection) { take_push(connection, text); });
    EXPECT_EQ(push(relay.url()), Result::S_OK) << message;
    EXPECT_EQ(field_in(heads().back(), "Cookie"), cookie);
  }
}

TEST_F(Field, C21_C22_TheIdOfTheLastAnswerLetsThePushStartIn) {
  RawServer relay([&](Connection& connection) {
    took_head(connection.read_head());
    connection.send(
        "HTTP/1.1 401 Unauthorized\r\nServer: Rex/9.0\r\nWWW-Authenticate: Basic realm=\"r\"\r\n"
        "Set-Cookie: push-id=1111\r\nContent-Length: 0\r\n\r\n");
    took_head(connection.read_head());
    connection.send(answer_with("Set-Cookie: push-id=2222"));
    const std::string start = connection.read_head();
    took_head(start);
    if (field_in(start, "Cookie") != "push-id=2222") {
      connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    took_stream(connection);
  });
  EXPECT_EQ(push(relay.url("/live", "ali:sesam@")), Result::S_OK) << message;
  ASSERT_EQ(heads().size(), 3u) << "all on one connection";
  EXPECT_EQ(field_in(heads()[1], "Cookie"), "push-id=1111");
}

TEST_F(Field, C21_AnAnswerInSevenSegmentsWithAndWithoutALength) {
  for (const bool length : {true, false}) {
    RawServer relay([&](Connection& connection) {
      took_head(connection.read_head());
      for (const char* line :
           {"HTTP/1.1 204 No Content\r\n", "Server: Cougar/9.01.01.3814\r\n",
            length ? "Content-Length: 0\r\n" : "Cache-Control: no-cache\r\n",
            "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n", "Pragma: no-cache, timeout=60000\r\n",
            "Set-Cookie: push-id=2\r\n", "\r\n"})
        connection.send(line);
      took_head(connection.read_head());
      took_stream(connection);
    });
    EXPECT_EQ(push(relay.url()), Result::S_OK) << message;
    EXPECT_EQ(field_in(heads().back(), "Cookie"), "push-id=2");
  }
}

TEST_F(Field, C11_ThePushStartOnAnotherConnectionWouldBeRefused) {
  RawServer relay([&](Connection& connection) {
    const std::string head = connection.read_head();
    took_head(head);
    if (head.find("x-wms-pushstart") != std::string::npos) {
      connection.send("HTTP/1.1 400 Bad Request\r\nServer: relay\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    connection.send(kPlainAnswer);
    took_head(connection.read_head());
    took_stream(connection);
  });
  EXPECT_EQ(push(relay.url()), Result::S_OK) << message;
  EXPECT_EQ(heads().size(), 2u);
}

TEST_F(Field, C02_C03_HeadsAreSpelledAsEveryoneSpellsThemAndAreShort) {
  const std::string target = "/" + std::string(4000, 'x');
  RawServer relay([&](Connection& connection) { take_push(connection); });
  EXPECT_EQ(push(relay.url(target)), Result::S_OK) << message;
  ASSERT_EQ(heads().size(), 2u);
  for (const std::string& head : heads()) {
    EXPECT_THAT(head, HasSubstr("\r\nContent-Type: application/x-wms-push"));
    EXPECT_THAT(head, HasSubstr("\r\nUser-Agent: WMEncoder/"));
    EXPECT_LT(head.size(), 5000u);
    EXPECT_LT(head.size() - target.size(), 500u) << "what we add to a path, however long it is";
  }
}

TEST_F(Field, C01_ThePathGoesOutAsItWasWritten) {
  const std::string target =
      "/My%20Radio;Jazz&\xC3\x84hnliches;%e4%F6;http://example.org/?a=b%26c&d=;x";
  RawServer relay([&](Connection& connection) { take_push(connection); });
  EXPECT_EQ(push(relay.url(target)), Result::S_OK) << message;
  ASSERT_EQ(heads().size(), 2u);
  for (const std::string& head : heads())
    EXPECT_THAT(head, StartsWith("POST " + target + " HTTP/1.1\r\n"));
}

TEST_F(Field, C27_AReceiverThatDoesNotCountTheLengthGetsEveryPacketOnce) {
  options.content_length = 20'000;  // instead of 2 GiB
  RawServer relay([&](Connection& connection) {
    const std::string setup = connection.read_head();
    connection.send(kPlainAnswer);
    connection.read_head();
    took_stream(connection);
  });
  EXPECT_EQ(push(relay.url()), Result::S_OK) << message;
  EXPECT_THAT(lines, HasSubstr("setting up a new session"));
  const auto frames = frames_in(stream());
  for (const SentFrame& frame : frames) ASSERT_NE(frame.id, FrameId('!')) << frame.payload;
  EXPECT_GT(std::ranges::count(ids(frames), 'H'), 3);
  expect_packets_of_the_clip(frames);
}

TEST_F(Field, F01_F05_F06_NothingIsSentThatIsNotNeeded) {
  RawServer relay([&](Connection& connection) { take_push(connection); });
  EXPECT_EQ(push(relay.url()), Result::S_OK) << message;
  const auto frames = frames_in(stream());
  const std::string order = ids(frames);
  EXPECT_EQ(order, "H" + std::string(order.size() - 2, 'D') + "E")
      << "no B bit, no filler, no stream change";
  for (const SentFrame& frame : frames) {
    EXPECT_EQ(frame.payload.empty(), frame.id == FrameId::End);
  }
  EXPECT_EQ(stream().size() - stream().rfind(std::string("$E\x04\0\0\0\0\0", 8)), 8u)
      << "the end has its reason";
  expect_packets_of_the_clip(frames);
}

TEST_F(Field, F03_AnEmptyPacketOfTheMuxerIsNotPassedOn) {
  const std::string header(as_text(make_header({})));
  std::string chunks;
  for (const auto& chunk : {make_chunk('H', 0, as_bytes(header)), make_chunk('D', 1, {}),
                            make_chunk('D', 2, plain_packet()), end_chunk(3)})
    chunks += as_text(chunk);
  RawServer relay([&](Connection& connection) { take_push(connection); });
  EXPECT_EQ(push(relay.url(), chunks), Result::S_OK) << message;
  EXPECT_EQ(ids(frames_in(stream())), "HDE");
}

TEST_F(Field, C30_TheEndMayBeFollowedByACloseOrByNothing) {
  RawServer closing([&](Connection& connection) { take_push(connection); });
  EXPECT_EQ(push(closing.url()), Result::S_OK) << message;
  RawServer waiting([&](Connection& connection) {
    take_push(connection);
    connection.read_some();  // until the client has had enough
  });
  EXPECT_EQ(push(waiting.url()), Result::S_OK) << message;
}

TEST_F(Field, C30_AnEndThatIsAnsweredWith422IsNamed) {
  RawServer relay([&](Connection& connection) {
    take_push(connection);
    connection.send("HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 0\r\n\r\n");
    connection.read_some();
  });
  EXPECT_EQ(push(relay.url()), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(message, AllOf(HasSubstr(relay.url()), HasSubstr("422 Unprocessable Entity")));
}

TEST_F(Field, F05_AReceiverThatBreaksOffAtAStreamChangeIsALostConnection) {
  RawServer relay([&](Connection& connection) {
    connection.read_head();
    connection.send(kPlainAnswer);
    connection.read_head();
    std::string received;
    while (received.find(std::string("$E\x04\0\x01\0\0\0", 8)) == std::string::npos) {
      const std::string piece = connection.read_some();
      if (piece.empty()) return;
      received += piece;
    }
    connection.reset();
  });
  EXPECT_EQ(push(relay.url(), clip() + clip()), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(message, HasSubstr(relay.url()));
}

TEST_F(Field, F05_AReceiverThatIgnoresAStreamChangeTakesEveryPacket) {
  RawServer relay([&](Connection& connection) { take_push(connection); });
  EXPECT_EQ(push(relay.url(), clip() + clip()), Result::S_OK) << message;
  const std::string order = ids(frames_in(stream()));
  EXPECT_EQ(std::ranges::count(order, 'D') % 2, 0);
  EXPECT_THAT(order, HasSubstr("DECD"));
}

TEST_F(Field, TheFirstPusherIsToldWhenASecondOneTakesItsPlace) {
  std::mutex mutex;
  Connection* first = nullptr;
  std::promise<void> taken;  // the point, by the first
  RawServer relay([&](Connection& connection) {
    connection.read_head();
    connection.send(kPlainAnswer);
    connection.read_head();
    connection.read_some();
    {
      const std::lock_guard lock(mutex);
      if (first != nullptr)
        first->break_off();
      else
        taken.set_value();
      first = &connection;
    }
    connection.read_stream();
  });
  PushSink one(options);
  ASSERT_EQ(one.Connect(relay.url()), Result::S_OK);
  ASSERT_EQ(one.write(as_bytes(clip()).first(8000)), Result::S_OK);
  taken.get_future().wait();
  EXPECT_EQ(push(relay.url()), Result::S_OK) << message;
  EXPECT_EQ(one.wait_until(wmhttp::Clock::now() + std::chrono::seconds(10)),
            Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(one.last_error().message,
              HasSubstr("closed the connection in the middle of the stream"));
}

TEST_F(Field, C25_A404BehindTheFirstDataSaysThatSomeoneElseMayPush) {
  RawServer relay([&](Connection& connection) {
    connection.read_head();
    connection.send(kPlainAnswer);
    connection.read_head();
    connection.read_some();
    connection.send("HTTP/1.1 404 Not Found\r\nServer: Rex/9.0\r\nContent-Length: 0\r\n\r\n");
  });
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(relay.url()), Result::S_OK);
  Result result = sink.write(as_bytes(clip()).first(8000));
  if (succeeded(result)) result = sink.wait_until(wmhttp::Clock::now() + std::chrono::seconds(10));
  EXPECT_EQ(result, Result::NS_E_INVALID_PUSH_PUBLISHING_POINT);
  EXPECT_THAT(sink.last_error().message,
              AllOf(HasSubstr("404"), HasSubstr("another encoder"), Not(HasSubstr("template"))));
}

TEST_F(Field, C22_AReceiverThatClosesAtOnceBehindALateChallengeIsPushedToAgain) {
  RawServer relay([&](Connection& connection) {
    if (connection.number() == 1) {
      connection.read_head();
      connection.send(kPlainAnswer);
      connection.read_head();
      connection.read_some();
      connection.send(
          "HTTP/1.1 401 Unauthorized\r\nServer: Rex/9.0\r\nContent-Length: 0\r\n"
          "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n");
      return;
    }
    took_head(connection.read_head());
    took_stream(connection);
  });
  EXPECT_EQ(push(relay.url("/live", "ali:sesam@")), Result::S_OK) << message;
  ASSERT_EQ(heads().size(), 1u);
  EXPECT_THAT(heads()[0], HasSubstr("\r\nAuthorization: Basic "));
  expect_packets_of_the_clip(frames_in(stream()));
}

/// A header of `size` bytes, one packet of `packet_size` bytes, and the muxer's end.
std::string sized(std::size_t size, std::size_t packet_size) {
  HeaderSpec spec;
  spec.packet_size = static_cast<std::uint32_t>(packet_size);
  spec.streams = {StreamSpec::audio(1)};
  spec.bitrates = {{{1, 64'000}}};
  spec.filling = size - make_header(spec).size();
  return std::string(as_text(make_header(spec))) + std::string(as_text(plain_packet(packet_size))) +
         std::string(as_text(end_chunk()));
}

TEST_F(Field, AHeaderThatPlayersMayNotTakeIsWarnedAbout) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {sized(8192, 3200), ""},
      {sized(8193, 3200), "2 %: an ASF header of 8193 bytes"},
      {sized(16385, 3200), "1 %: an ASF header of 16385 bytes"},
      {sized(2000, 8192), ""},
      {sized(2000, 8193), "2 %: data packets of 8193 bytes"}};
  for (const auto& [asf, warning] : cases) {
    RawServer relay([&](Connection& connection) { take_push(connection); });
    lines.clear();
    EXPECT_EQ(push(relay.url(), asf), Result::S_OK) << message;
    if (warning.empty()) {
      EXPECT_THAT(lines, Not(HasSubstr("some receivers")));
      continue;
    }
    std::string wanted = warning;
    wanted.replace(wanted.find('%'), 1, relay.url());
    EXPECT_THAT(lines, HasSubstr(wanted));
    EXPECT_THAT(lines, HasSubstr("some receivers"));
  }
}

}  // namespace
}  // namespace wmpush::test
