// A connection, and someone who serves its requests: nobody pushes, and nobody watches.
#include <gmock/gmock.h>

#include "pubpoint/http/request_handler.hpp"
#include "test_server.hpp"

namespace wmpush::test {
namespace {

using pubpoint::ClientConnection;
using pubpoint::Reading;
using namespace std::chrono_literals;

/// What has happened, for the test to look at.
struct Events {
  std::atomic<int> timers = 0;
  std::mutex mutex;
  std::string text;

  void add(const std::string& event) {
    const std::lock_guard lock(mutex);
    text += event + " ";
  }
  std::string all() {
    const std::lock_guard lock(mutex);
    return text;
  }
};

/// Answers with 200 when a body is whole, and does what the path says.
class Scripted : public pubpoint::RequestHandler {
 public:
  Scripted(ClientConnection& connection, Events& events)
      : connection_(connection), events_(events) {}

  bool takes(const pubpoint::RequestHead&) const override { return true; }

  Reading on_request(const pubpoint::RequestHead& head) override {
    events_.add(head.target);
    left_ = 10;
    lasts_ = head.target == "/lasts";
    if (head.target == "/hold") {
      connection_.hold();
      // What is asked for in this thread is done behind what it does now.
      connection_.post([this] { connection_.go_on(); });
    }
    if (head.target == "/pause") connection_.pause(1ms, [this] { events_.add("paused"); });
    return lasts_ ? Reading::Stream : Reading::Body;
  }

  Reading on_bytes(Bytes& input) override {
    if (lasts_) {
      input = {};
      return Reading::Stream;
    }
    const std::size_t taken = std::min(left_, input.size());
    left_ -= taken;
    input = input.subspan(taken);
    if (left_ > 0) return Reading::Body;
    connection_.answer(200, {{"X-Answer", "yes"}});
    return Reading::Request;
  }

  void on_gone(const std::string&) override { events_.add("gone"); }
  void on_timer(pubpoint::Clock::time_point) override { ++events_.timers; }

 private:
  ClientConnection& connection_;
  Events& events_;
  std::size_t left_ = 0;
  bool lasts_ = false;
};

class HttpConnectionTest : public ServerTest {
 protected:
  void serve() {
    scripted = std::make_unique<pubpoint::Server>(
        settings, [this](ClientConnection& connection, pubpoint::Service&) {
          std::vector<std::unique_ptr<pubpoint::RequestHandler>> handlers;
          handlers.push_back(std::make_unique<Scripted>(connection, events));
          return handlers;
        });
  }
  std::unique_ptr<RawClient> connect() { return std::make_unique<RawClient>(scripted->port()); }
  static std::string request(const std::string& path) {
    return "POST " + path + " HTTP/1.1\r\nHost: me\r\n\r\n";
  }

  Events events;
  std::unique_ptr<pubpoint::Server> scripted;
};

TEST_F(HttpConnectionTest, AnswersRequestsInTheirOrderHoweverTheyAreCut) {
  serve();
  auto client = connect();
  const std::string two = request("/first") + "0123456789" + request("/second") + "0123456789";
  for (const char c : two) client->send(std::string(1, c));
  EXPECT_EQ(field_of(client->read_response(), "X-Answer"), "yes");
  EXPECT_EQ(field_of(client->read_response(), "X-Answer"), "yes");
  EXPECT_EQ(events.all(), "/first /second ");
}

TEST_F(HttpConnectionTest, TakesMoreRequestsAtOnceThanItAnswersInOneTurn) {
  serve();
  auto client = connect();
  std::string many;
  for (int i = 0; i < 40; ++i) many += request("/again") + "0123456789";
  client->send(many);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(status_of(client->read_response()), 200);
  EXPECT_EQ(scripted->requests(), 40u);
}

TEST_F(HttpConnectionTest, GoesOnBehindAHoldAndBehindAPauseWithWhatItHadRead) {
  serve();
  for (const char* path : {"/hold", "/pause"}) {
    auto client = connect();
    client->send(request(path) + "0123456789" + request("/next") + "0123456789");
    EXPECT_EQ(status_of(client->read_response()), 200);
    EXPECT_EQ(status_of(client->read_response()), 200);
    client->half_close();
    client->read_to_end();
  }
  EXPECT_EQ(events.all(), "/hold /next gone /pause paused /next gone ");
}

TEST_F(HttpConnectionTest, ABodyThatIsNotWholeInTimeIsAnsweredWith408AndOneThatLastsIsNot) {
  serve();
  auto slow = connect();
  slow->send(request("/body") + "01");
  auto lasting = connect();
  lasting->send(request("/lasts") + "01");
  ASSERT_TRUE(scripted->wait_for([&] { return scripted->requests() == 2; }));
  clock.advance(settings.limits.head_time);
  scripted->check_timers();
  EXPECT_EQ(status_of(slow->read_response()), 408);
  EXPECT_EQ(slow->read_to_end(), "");
  EXPECT_TRUE(lasting->silent_for(10ms));
  EXPECT_GE(events.timers.load(), 2);
}

TEST_F(HttpConnectionTest, TellsWhoServesThatTheClientHasGone) {
  serve();
  auto client = connect();
  client->send(request("/body"));
  client->half_close();
  client->read_to_end();
  EXPECT_EQ(client->ending(), RawClient::Ending::Closed);
  EXPECT_EQ(events.all(), "/body gone ");
}

}  // namespace
}  // namespace wmpush::test
