// A publishing point that pushes on what it receives: chains of servers, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "pubpoint/push/push_session.hpp"
#include "pubpoint/server.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"
#include "support/faulty_server.hpp"
#include "support/raw_client.hpp"
#include "support/raw_server.hpp"
#include "support/server_log.hpp"
#include "support/soon.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::RelaySettings;
using pubpoint::Server;
using pubpoint::Settings;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

/// What has come to the end of a chain: each push with its header, packets and end.
class Arrivals {
 public:
  struct Push {
    std::vector<std::string> headers;
    std::vector<std::string> packets;
    bool over = false;
    std::uint32_t end_reason = 0;
  };

  /// To be called in Settings::consumer.
  std::unique_ptr<pubpoint::StreamConsumer> take() {
    const std::lock_guard lock(mutex_);
    pushes_.emplace_back();
    return std::make_unique<Consumer>(*this, pushes_.size() - 1);
  }
  std::vector<Push> pushes() {
    const std::lock_guard lock(mutex_);
    return pushes_;
  }

 private:
  class Consumer : public pubpoint::StreamConsumer {
   public:
    Consumer(Arrivals& arrivals, std::size_t number) : arrivals_(arrivals), number_(number) {}
    void on_header(Bytes header) override {
      change([&](Push& push) { push.headers.emplace_back(as_text(header)); });
    }
    void on_packet(Bytes packet) override {
      change([&](Push& push) { push.packets.emplace_back(as_text(packet)); });
    }
    void on_end(pubpoint::SessionReport& report) override {
      change([&](Push& push) {
        push.over = true;
        push.end_reason = report.end_of_stream ? report.end_reason : 1;
      });
    }

   private:
    template <typename Change>
    void change(Change what) {
      const std::lock_guard lock(arrivals_.mutex_);
      what(arrivals_.pushes_[number_]);
    }
    Arrivals& arrivals_;
    const std::size_t number_;
  };

  std::mutex mutex_;
  std::vector<Push> pushes_;
};

class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    end.takeover = pubpoint::Takeover::Newer;
    end.consumer = [this](const pubpoint::SessionReport&) { return arrivals.take(); };
  }

  Settings to(const std::string& url) {
    Settings settings;
    settings.takeover = pubpoint::Takeover::Newer;
    settings.relays = {{.point = "/live", .url = url, .first_delay = 10ms, .longest_delay = 50ms}};
    server_log.keep(settings);
    return settings;
  }
  std::string log() const { return server_log.text(); }
  /// Whether the end of the chain has had a push that is over.
  bool over(std::size_t push = 0) {
    return soon([&] { return arrivals.pushes().size() > push && arrivals.pushes()[push].over; });
  }
  static std::string status(const Server& server) {
    RawClient client(server.port());
    client.send("GET /status.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.read_to_end();
  }
  /// A packet with this text in its payload.
  static std::vector<std::byte> packet(const std::string& text) {
    auto bytes = plain_packet();
    std::ranges::copy(as_bytes(text), std::ranges::find(bytes, std::byte{0xD0}));
    return bytes;
  }

  Arrivals arrivals;
  Settings end;  // of the last server of a chain
  ServerLog server_log;
};

TEST_F(RelayTest, AChainOfThreeHandsOnWhatItGets) {
  Arrivals here;
  Settings last;
  last.consumer = [&](const pubpoint::SessionReport&) { return here.take(); };
  Server alone(last);
  Server third(end);
  Server second(to(third.url()));
  Server first(to(second.url()));
  for (const std::string& url : {alone.url(), first.url()}) {
    PushSink sink;
    ASSERT_EQ(sink.Connect(url), Result::S_OK);
    if (url != alone.url()) {
      // A header opens the chain; what comes before it is through is left out.
      const auto wanted = here.pushes().at(0);
      ASSERT_EQ(sink.OnHeader(as_bytes(wanted.headers.at(0))), Result::S_OK);
      ASSERT_TRUE(soon(
          [&] { return !arrivals.pushes().empty() && !arrivals.pushes()[0].headers.empty(); }));
      for (const std::string& each : wanted.packets)
        ASSERT_EQ(sink.OnDataUnit(as_bytes(each)), Result::S_OK);
    } else {
      ASSERT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
    }
    ASSERT_EQ(sink.EndSession(), Result::S_OK);
  }
  ASSERT_TRUE(over());
  const auto wanted = here.pushes().at(0);
  const auto found = arrivals.pushes().at(0);
  EXPECT_TRUE(found.headers == wanted.headers);
  EXPECT_EQ(found.packets.size(), wanted.packets.size());
  EXPECT_TRUE(found.packets == wanted.packets);
  EXPECT_EQ(found.end_reason, 0u);
  EXPECT_THAT(third.sessions().at(0).user_agent, HasSubstr("wmpush-relay/"));
  EXPECT_TRUE(third.breaches().empty() && second.breaches().empty());
  EXPECT_THAT(status(first),
              HasSubstr("\"relays\": [{\"url\": \"" + second.url() +
                        "\", \"streaming\": false, \"pushes\": 1, \"packets_sent\": " +
                        std::to_string(wanted.packets.size()) + ", \"packets_dropped\": 0, "));
}

TEST_F(RelayTest, EachPushAndItsEndIsHandedOn) {
  Server last(end);
  Server first(to(last.url()));
  const auto header = make_header({});
  const auto push = [&](std::size_t number) {
    PushSink sink;
    EXPECT_EQ(sink.Connect(first.url()), Result::S_OK);
    EXPECT_EQ(sink.OnHeader(header), Result::S_OK);
    EXPECT_TRUE(soon([&] {
      return arrivals.pushes().size() > number && !arrivals.pushes()[number].headers.empty();
    }));
    EXPECT_EQ(sink.OnDataUnit(packet("one")), Result::S_OK);
    EXPECT_EQ(sink.OnHeader(header), Result::S_OK) << "another entry";
    EXPECT_EQ(sink.OnDataUnit(packet("two")), Result::S_OK);
    const Result result = number == 0 ? sink.EndSession() : sink.AbortSession(Result::E_FAIL);
    EXPECT_EQ(result, Result::S_OK);
  };
  push(0);
  push(1);  // at once
  ASSERT_TRUE(over(1));
  const auto pushes = arrivals.pushes();
  ASSERT_THAT(pushes, SizeIs(2));
  for (const auto& each : pushes) {
    EXPECT_THAT(each.headers, SizeIs(2));
    EXPECT_THAT(each.packets, SizeIs(2));
  }
  EXPECT_EQ(pushes[0].end_reason, 0u);
  EXPECT_EQ(pushes[1].end_reason, static_cast<std::uint32_t>(Result::E_FAIL));
}

TEST_F(RelayTest, GoesOnByItselfWhenTheServerInTheMiddleIsStartedAgain) {
  Server last(end);
  auto settings = to(last.url());
  auto middle = std::make_unique<Server>(settings);
  settings.port = middle->port();
  Server first(to(middle->url()));
  PushSink sink;
  ASSERT_EQ(sink.Connect(first.url()), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(make_header({})), Result::S_OK);
  const auto arrives = [&](const std::string& text) {
    return soon([&] {
      EXPECT_EQ(sink.OnDataUnit(packet(text)), Result::S_OK);
      for (const auto& push : arrivals.pushes())
        for (const auto& each : push.packets)
          if (each.find(text) != each.npos) return true;
      return false;
    });
  };
  EXPECT_TRUE(arrives("before"));
  middle.reset();
  EXPECT_EQ(sink.OnDataUnit(packet("meanwhile")), Result::S_OK);
  middle = std::make_unique<Server>(settings);
  EXPECT_TRUE(arrives("after"));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  EXPECT_TRUE(soon([&] { return arrivals.pushes().back().over; }));
  EXPECT_EQ(arrivals.pushes().back().end_reason, 0u);
}

TEST_F(RelayTest, TriesAgainForAsLongAsThePushLastsAndSaysWhy) {
  auto nobody = std::make_unique<RawServer>([](RawServer::Connection&) {});
  end.port = nobody->port();
  nobody.reset();
  Server first(to("wmpush://127.0.0.1:" + std::to_string(end.port) + "/live"));
  PushSink sink;
  ASSERT_EQ(sink.Connect(first.url()), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(make_header({})), Result::S_OK);
  ASSERT_EQ(sink.OnDataUnit(packet("lost")), Result::S_OK);
  ASSERT_TRUE(soon([&] { return log().find("the relay of /live: ") != std::string::npos; }));
  EXPECT_THAT(log(), HasSubstr("Connection refused"));
  EXPECT_TRUE(soon([&] {
    return status(first).find("\"packets_dropped\": 1, ") != std::string::npos;
  })) << status(first);
  Server last(end);
  ASSERT_TRUE(soon([&] { return !arrivals.pushes().empty(); }));
  EXPECT_EQ(sink.OnDataUnit(packet("kept")), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(over());
  EXPECT_THAT(arrivals.pushes()[0].packets, SizeIs(1));
}

TEST_F(RelayTest, NobodyWaitsForAServerThatTakesNothing) {
  constexpr std::uint32_t kSize = 60'000;
  constexpr int kPackets = 1000;
  FaultyServer stalled({});
  stalled.add_fault({.at = At::Header, .what = Do::Stall});
  Server first(to(stalled.url() + "?queue_size=65536&send_timeout=60"));
  PushSink sink;
  ASSERT_EQ(sink.Connect(first.url()), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(make_header({.packet_size = kSize})), Result::S_OK);
  ASSERT_TRUE(soon([&] { return !stalled.sessions().empty(); }));
  for (int i = 0; i < kPackets; ++i) ASSERT_EQ(sink.OnDataUnit(plain_packet(kSize)), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << "a wait would have been a failure";
  EXPECT_EQ(first.sessions().at(0).packets, std::uint64_t{kPackets});
  EXPECT_TRUE(soon([&] {
    const std::string numbers = status(first);
    const std::size_t at = numbers.find("\"packets_dropped\": ");
    return at != numbers.npos && std::stoul(numbers.substr(at + 19)) > 0;
  })) << status(first);
}

TEST_F(RelayTest, AServerThatStopsEndsWhatItPushesOn) {
  Server last(end);
  auto first = std::make_unique<Server>(to(last.url()));
  PushSink sink;
  ASSERT_EQ(sink.Connect(first->url()), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(make_header({})), Result::S_OK);
  ASSERT_TRUE(soon([&] { return !arrivals.pushes().empty(); }));
  first.reset();
  ASSERT_TRUE(over());
  EXPECT_EQ(arrivals.pushes()[0].end_reason,
            static_cast<std::uint32_t>(Result::NS_E_CONNECTION_FAILURE))
      << "it is told that the stream broke off";
}

TEST_F(RelayTest, SaysNoPassword) {
  Server last(end);
  auto settings = to("wmpush://ali:secret1@" + last.url().substr(9) + "?reconnect_delay_max=1");
  Server first(settings);
  EXPECT_THAT(status(first), AllOf(HasSubstr("wmpush://ali@127.0.0.1:"), Not(HasSubstr("secret1")),
                                   Not(HasSubstr("reconnect_delay"))));
}

}  // namespace
}  // namespace wmpush::test
