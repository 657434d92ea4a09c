// The session that never blocks, whatever the peer, the resolver or the KDC does.
#include "wmpush/push_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <time.h>
#ifdef WMPUSH_HAVE_GSSAPI
#include <gssapi/gssapi.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <future>
#include <thread>

#include "pubpoint/server.hpp"
#include "support/asf_builder.hpp"
#include "support/certificates.hpp"
#include "support/clip.hpp"
#include "support/endless_peer.hpp"
#include "support/engine_driver.hpp"
#include "support/gate.hpp"
#include "support/log_lines.hpp"
#include "support/raw_server.hpp"
#include "support/sent_packets.hpp"
#include "support/slow_resolver.hpp"
#include "wmpush/push_sink.hpp"

// Compiled from the comment of wmpush.h.
extern "C" wmpush_result push(const char* url, FILE* asf, wmpush_error* error);

namespace wmpush::test {
namespace {

Gate kdc;

}  // namespace
}  // namespace wmpush::test

#ifdef WMPUSH_HAVE_GSSAPI
/// In place of the system's: gives a ticket to everybody, as "ticket", behind a gate.
extern "C" OM_uint32 gss_init_sec_context(OM_uint32* minor, gss_cred_id_t, gss_ctx_id_t*,
                                          gss_name_t, gss_OID, OM_uint32, OM_uint32,
                                          gss_channel_bindings_t, gss_buffer_t, gss_OID*,
                                          gss_buffer_t output, OM_uint32*, OM_uint32*) {
  wmpush::test::kdc.pass();
  *minor = 0;
  constexpr std::string_view kTicket = "ticket";
  output->length = kTicket.size();
  output->value = std::malloc(kTicket.size());
  kTicket.copy(static_cast<char*>(output->value), kTicket.size());
  return GSS_S_COMPLETE;
}
#endif

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kPacketSize = 1400;

std::vector<std::byte> asf_header() { return video_header(kPacketSize); }

std::vector<std::byte> packet(std::uint32_t number) {
  PacketSpec spec;
  spec.packet_size = kPacketSize;
  spec.send_time = number;
  spec.payloads = {{1, true, static_cast<std::uint8_t>(number), 0, 1300, number, 1300}};
  return make_packet(spec);
}

/// How long a call has held its thread up.
class CallTimer {
 public:
  template <typename Call>
  auto operator()(Call call) {
    const Clock::time_point before = Clock::now();
    const auto cpu_before = thread_time();
    const long sleeps_before = sleeps();
    const auto result = call();
    const auto took = Clock::now() - before;
    // What the scheduler takes away is not the call's: a call that waits goes to sleep, and one
    // that works too long uses the processor.
    const bool own_fault = sleeps() != sleeps_before || thread_time() - cpu_before > kLongest;
    if (took > kLongest && own_fault) {
      longest_ = std::max(longest_, took);
      ADD_FAILURE() << "call " << calls_ << " has taken " << took / 1us << " us";
    }
    ++calls_;
    return result;
  }
#ifdef WMPUSH_SANITIZED
  static constexpr std::chrono::milliseconds kLongest{250};  // of a program many times as slow
#else
  static constexpr std::chrono::milliseconds kLongest{5};
#endif
  Clock::duration longest() const { return longest_; }
  std::size_t calls() const { return calls_; }

 private:
  static std::chrono::nanoseconds thread_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  static long sleeps() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
  }
  Clock::duration longest_{0};  // of those that were too long
  std::size_t calls_ = 0;
};

/// Waits as an event loop does, but no longer than `most`.
void wait_for(const PushSession& session, Clock::duration most = 50ms) {
  const PushSession::Wants wants = session.wants();
  const auto left = std::min<Clock::duration>(
      most, std::max(wants.deadline - Clock::now(), Clock::duration::zero()));
  pollfd entry{wants.descriptor, wants.events, 0};
  ::poll(&entry, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

class NeverBlocking : public testing::Test {
 protected:
  void SetUp() override {
    wmpush_options_init(&options);
    keep_log(options, lines);
  }

  /// Until nothing is under way any more, or `until`.
  Result run(PushSession& session, Clock::time_point until = Clock::now() + 20s) {
    Result result = timer([&] { return session.perform(); });
    while (result == Result::E_PENDING && Clock::now() < until) {
      wait_for(session);
      result = timer([&] { return session.perform(); });
    }
    return result;
  }
  Result set_up(PushSession& session, const std::string& url) {
    const Result begun = timer([&] { return session.start(url); });
    return failed(begun) ? begun : run(session);
  }
  /// The packet of this number, which is then the next one's.
  Result push_one(PushSession& session, std::uint32_t& number) {
    const Result result = timer([&] { return session.on_data_unit(packet(number)); });
    if (result == Result::S_OK) ++number;
    return result;
  }
  /// All of it, in pieces.
  Result write(PushSession& session, Bytes asf) {
    while (!asf.empty()) {
      const Bytes piece = asf.first(std::min<std::size_t>(asf.size(), 4000));
      Result result = timer([&] { return session.write(piece); });
      for (; result == Result::E_PENDING; result = timer([&] { return session.write(piece); }))
        wait_for(session);
      if (failed(result)) return result;
      asf = asf.subspan(piece.size());
    }
    return Result::S_OK;
  }

  /// `tls` null: without.
  void push_a_stream(const std::shared_ptr<const tls::Context>& tls);
  void push_while_the_network_is_full(const std::shared_ptr<const tls::Context>& tls);

  wmpush_options options;
  std::string lines;
  CallTimer timer;
};

void NeverBlocking::push_a_stream(const std::shared_ptr<const tls::Context>& tls) {
  TemporaryDirectory folder;
  pubpoint::Settings settings;
  settings.record = folder.path();
  settings.tls = tls;
  pubpoint::Server server(settings);
  PushSession session(options);
  ASSERT_EQ(set_up(session, tls ? server.tls_url() : server.url()), Result::S_OK)
      << session.last_error().message;
  EXPECT_EQ(session.stats().state, WMPUSH_STATE_READY);
  EXPECT_THAT(session.publishing_point().server, HasSubstr("Cougar/"));
  ASSERT_EQ(write(session, as_bytes(clip())), Result::S_OK);
  ASSERT_EQ(session.end_start(), Result::S_OK);
  EXPECT_EQ(run(session), Result::S_OK) << session.last_error().message;
  EXPECT_EQ(session.perform(), Result::S_OK) << "it stays so";
  EXPECT_EQ(session.stats().state, WMPUSH_STATE_ENDED);
  EXPECT_EQ(session.wants().descriptor, -1);
  EXPECT_EQ(session.end_start(), Result::NS_E_NOCONNECTION);
  EXPECT_EQ(session.disconnect(), Result::S_FALSE);
  ASSERT_TRUE(server.wait_for(
      [&] { return server.sessions().size() == 1 && !server.sessions().front().running; }));
  EXPECT_EQ(packets_in(read_file(server.sessions().front().recording)), packets_in(clip()));
  EXPECT_EQ(timer.longest(), Clock::duration::zero());
}

TEST_F(NeverBlocking, PushesAStreamAndSaysThatTheEndWasTaken) { push_a_stream({}); }

TEST_F(NeverBlocking, TheLoopOfTheHeaderPushesAStream) {
  pubpoint::Server server{pubpoint::Settings{}};
  const std::string& asf = clip();
  FILE* const file = ::fmemopen(const_cast<char*>(asf.data()), asf.size(), "r");
  wmpush_error error{};
  error.size = sizeof error;
  EXPECT_EQ(push(server.url().c_str(), file, &error), WMPUSH_S_OK) << error.message;
  ::fclose(file);
  ASSERT_TRUE(server.wait_for(
      [&] { return server.sessions().size() == 1 && !server.sessions().front().running; }));
  EXPECT_EQ(server.sessions().front().packets, packets_in(asf).size());
  EXPECT_TRUE(server.sessions().front().end_of_stream);
}

TEST_F(NeverBlocking, TheLoopOfTheHeaderSaysWhatWentWrong) {
  std::uint16_t port = 0;
  {
    port = RawServer([](RawServer::Connection&) {}).port();
  }
  wmpush_error error{};
  error.size = sizeof error;
  EXPECT_EQ(push(("wmpush://127.0.0.1:" + std::to_string(port) + "/live").c_str(), nullptr, &error),
            WMPUSH_NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(error.message, HasSubstr("Connection refused"));
}

TEST_F(NeverBlocking, NothingIsTakenBeforeTheSessionIsSetUp) {
  std::promise<void> answer;
  RawServer server([&](RawServer::Connection& connection) {
    connection.read_head();
    answer.get_future().wait();
    connection.send(kAccepted);
    connection.read_stream();
  });
  PushSession session(options);
  EXPECT_EQ(session.write(asf_header()), Result::NS_E_NOCONNECTION) << "it was not begun";
  EXPECT_EQ(session.perform(), Result::NS_E_NOCONNECTION);
  ASSERT_EQ(session.start(server.url()), Result::S_OK);
  EXPECT_EQ(session.start(server.url()), Result::NS_E_INVALID_REQUEST) << "there is one already";
  for (int i = 0; i < 20; ++i) {
    wait_for(session, 1ms);
    EXPECT_EQ(session.perform(), Result::E_PENDING);
    EXPECT_EQ(session.write(asf_header()), Result::E_PENDING);
    EXPECT_EQ(session.on_header(asf_header()), Result::E_PENDING);
    EXPECT_EQ(session.on_data_unit(packet(0)), Result::E_PENDING);
  }
  EXPECT_EQ(session.stats().bytes_accepted, 0u);
  EXPECT_EQ(session.end_start(), Result::NS_E_NOCONNECTION) << "there is no stream to end";
  answer.set_value();
  EXPECT_EQ(run(session), Result::S_OK);
  EXPECT_EQ(session.on_header(asf_header()), Result::S_OK);
  EXPECT_EQ(session.on_data_unit(packet(0)), Result::S_OK);
}

void NeverBlocking::push_while_the_network_is_full(const std::shared_ptr<const tls::Context>& tls) {
  std::promise<void> go_on;
  std::promise<std::string> received;
  RawServer server(
      [&](RawServer::Connection& connection) {
        connection.read_head();
        connection.send(kAccepted);
        connection.read_head();
        go_on.get_future().wait();
        received.set_value(connection.read_stream());
        connection.close_notify();
      },
      0, tls);
  options.end_timeout = 20'000'000;
  PushSession session(options);
  ASSERT_EQ(set_up(session, server.url()), Result::S_OK);
  ASSERT_EQ(session.on_header(asf_header()), Result::S_OK);
  std::uint32_t number = 0;
  // The kernel may make room once more when what it has is acknowledged.
  for (int refusals = 0; refusals < 20;) {
    if (push_one(session, number) == Result::S_OK) {
      refusals = 0;
    } else {
      ++refusals;
      wait_for(session, 10ms);
    }
  }
  const wmpush_stats full = session.stats();
  EXPECT_EQ(full.packets_accepted, number);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(push_one(session, number), Result::E_PENDING);
  EXPECT_EQ(session.stats().bytes_accepted, full.bytes_accepted);
  EXPECT_EQ(session.perform(), Result::E_PENDING);
  EXPECT_NE(session.wants().events & POLLOUT, 0);
  EXPECT_LT(full.packets_accepted, full.packets_sent + 60) << "what waits here has a bound";
  go_on.set_value();
  for (int more = 0; more < 100;) {
    if (push_one(session, number) == Result::S_OK)
      ++more;
    else
      wait_for(session);
  }
  EXPECT_GT(session.stats().stall_time, 0);
  ASSERT_EQ(session.end_start(), Result::S_OK);
  EXPECT_EQ(run(session), Result::S_OK) << session.last_error().message;
  std::uint32_t next = 0;
  for (const SentFrame& frame : frames_in(received.get_future().get())) {
    if (frame.id != wmhttp::FrameId::Data) continue;
    asf::DataPacket head;
    ASSERT_TRUE(asf::DataPacket::parse(as_bytes(frame.payload), head));
    EXPECT_EQ(head.send_time, next++);
  }
  EXPECT_EQ(next, number);
  EXPECT_EQ(timer.longest(), Clock::duration::zero());
}

TEST_F(NeverBlocking, AllOfAPacketIsTakenOrNothingWhileTheNetworkIsFull) {
  push_while_the_network_is_full({});
}

TEST_F(NeverBlocking, AQueueOfItsOwnSizeTakesWhatComesWhileTheConnectionIsMadeAgain) {
  std::string received;
  const auto serve = [&](RawServer::Connection& connection) {
    const std::string head = connection.read_head();
    if (head.find("x-wms-pushsetup") != head.npos) {
      connection.send(kAccepted);
      connection.read_head();
    }
    received = connection.read_stream();
  };
  auto server = std::make_unique<RawServer>(serve);
  const std::uint16_t port = server->port();
  options.reconnect = 1;
  options.reconnect_delay_max = 10'000;
  options.end_timeout = 20'000'000;
  options.queue_size = 1'000'000;
  PushSession session(options);
  ASSERT_EQ(set_up(session, server->url()), Result::S_OK);
  ASSERT_EQ(session.on_header(asf_header()), Result::S_OK);
  std::uint32_t number = 0;
  server.reset();
  while (session.stats().state != WMPUSH_STATE_RECONNECTING) {
    ASSERT_EQ(push_one(session, number), Result::S_OK);
    wait_for(session, 1ms);
    ASSERT_FALSE(session.perform() == Result::NS_E_CONNECTION_FAILURE);
  }
  const std::uint32_t before = number;
  while (push_one(session, number) == Result::S_OK) {
  }
  EXPECT_GT((number - before) * kPacketSize, 800'000u);
  EXPECT_LT((number - before) * kPacketSize, 1'200'000u);
  // The end follows what waits, although there is no connection now.
  ASSERT_EQ(session.end_start(), Result::S_OK);
  EXPECT_EQ(session.perform(), Result::E_PENDING);
  server = std::make_unique<RawServer>(serve, port);
  EXPECT_EQ(run(session), Result::S_OK) << session.last_error().message;
  server.reset();
  std::uint32_t last = 0;
  for (const SentFrame& frame : frames_in(received)) {
    if (frame.id != wmhttp::FrameId::Data) continue;
    asf::DataPacket head;
    ASSERT_TRUE(asf::DataPacket::parse(as_bytes(frame.payload), head));
    last = head.send_time;
  }
  EXPECT_EQ(last, number - 1);
  EXPECT_EQ(timer.longest(), Clock::duration::zero());
}

TEST_F(NeverBlocking, AServerThatObjectsWhileNothingIsSentIsHeard) {
  std::promise<void> object;
  RawServer server([&](RawServer::Connection& connection) {
    connection.read_head();
    connection.send(kAccepted);
    connection.read_head();
    object.get_future().wait();
    connection.send("HTTP/1.1 409 Conflict\r\nServer: Cougar/9.6\r\nContent-Length: 0\r\n\r\n");
  });
  PushSession session(options);
  ASSERT_EQ(set_up(session, server.url()), Result::S_OK);
  ASSERT_EQ(session.on_header(asf_header()), Result::S_OK);
  ASSERT_EQ(run(session), Result::S_OK);
  const PushSession::Wants wants = session.wants();
  EXPECT_EQ(wants.events, POLLIN);
  EXPECT_EQ(wants.deadline, Clock::time_point::max());
  object.set_value();
  pollfd entry{wants.descriptor, wants.events, 0};
  ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
  EXPECT_EQ(session.perform(), Result::NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME);
  EXPECT_EQ(session.stats().state, WMPUSH_STATE_FAILED);
  EXPECT_EQ(session.on_data_unit(packet(0)), Result::NS_E_NOCONNECTION);
  EXPECT_EQ(session.end_start(), Result::NS_E_CONNECTION_FAILURE) << "once";
  EXPECT_EQ(session.end_start(), Result::NS_E_NOCONNECTION);
}

TEST_F(NeverBlocking, WhatIsUnderWayCanBeCancelled) {
  RawServer server([&](RawServer::Connection& connection) { connection.read_stream(); });
  PushSession session(options);
  EXPECT_EQ(session.cancel(), Result::NS_E_NOCONNECTION);
  ASSERT_EQ(session.start(server.url()), Result::S_OK);
  EXPECT_EQ(session.cancel(), Result::NS_E_SHUTDOWN);
  EXPECT_EQ(session.perform(), Result::NS_E_SHUTDOWN);
  EXPECT_EQ(session.last_error().result, Result::NS_E_SHUTDOWN);
  EXPECT_EQ(session.wants().descriptor, -1);
  pubpoint::Server works{pubpoint::Settings{}};
  EXPECT_EQ(set_up(session, works.url()), Result::S_OK) << "the next one begins anew";
}

TEST_F(NeverBlocking, FiftySessionsFitIntoOneThread) {
  constexpr std::size_t kSessions = 50;
  pubpoint::Settings settings;
  settings.points.clear();
  for (std::size_t i = 0; i < kSessions; ++i)
    settings.points.push_back("/live" + std::to_string(i));
  pubpoint::Server server(settings);
  const Bytes asf = as_bytes(clip());
  struct One {
    PushSession session;
    Bytes rest;
    bool ending = false;
    Result result = Result::E_PENDING;
  };
  std::vector<One> all;
  for (std::size_t i = 0; i < kSessions; ++i) {
    all.push_back({PushSession(options), asf, false, Result::E_PENDING});
    ASSERT_EQ(all.back().session.start(server.url("/live" + std::to_string(i))), Result::S_OK);
  }
  std::size_t running = kSessions;
  const auto deadline = Clock::now() + 30s;
  while (running > 0 && Clock::now() < deadline) {
    std::vector<pollfd> entries;
    auto until = Clock::now() + 1s;
    for (One& each : all) {
      if (each.result != Result::E_PENDING) continue;
      const PushSession::Wants wants = each.session.wants();
      until = std::min(until, wants.deadline);
      // Here there is always data: a session that may write is not waited for.
      const wmpush_state state = each.session.stats().state;
      const bool up = state == WMPUSH_STATE_READY || state == WMPUSH_STATE_STREAMING;
      if (up && !each.ending) until = Clock::now();
      entries.push_back({wants.descriptor, wants.events, 0});
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    ::poll(entries.data(), entries.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    for (One& each : all) {
      if (each.result != Result::E_PENDING) continue;
      Result result = timer([&] { return each.session.perform(); });
      if (result == Result::S_OK && !each.ending) {
        const Bytes piece = each.rest.first(std::min<std::size_t>(each.rest.size(), 4000));
        result = timer([&] { return each.session.write(piece); });
        if (result == Result::S_OK) each.rest = each.rest.subspan(piece.size());
        each.ending = each.rest.empty();
        if (each.ending) result = timer([&] { return each.session.end_start(); });
        if (result == Result::S_OK) continue;
      }
      each.result = result;
      if (result != Result::E_PENDING) --running;
    }
  }
  for (const One& each : all)
    EXPECT_EQ(each.result, Result::S_OK) << each.session.last_error().message;
  EXPECT_EQ(timer.longest(), Clock::duration::zero());
}

// ---------------------------------------------------------------------------------------------
// Peers that are slow or bad

/// Drives a session until it fails, is set up and streams for a while, or two seconds have passed.
class BadPeers : public NeverBlocking {
 protected:
  void drive(const std::string& url, std::chrono::milliseconds time = 500ms) {
    PushSession session(options);
    const auto until = Clock::now() + time;
    Result result = timer([&] { return session.start(url); });
    std::uint32_t number = 0;
    bool has_header = false;
    while (result == Result::S_OK || result == Result::E_PENDING) {
      if (Clock::now() >= until) break;
      wait_for(session, 2ms);
      result = timer([&] { return session.perform(); });
      if (failed(result) && result != Result::E_PENDING) break;
      const Result taken = timer([&] {
        return has_header ? session.on_data_unit(packet(number)) : session.on_header(asf_header());
      });
      if (taken == Result::S_OK && has_header) ++number;
      has_header = has_header || taken == Result::S_OK;
    }
    last = timer([&] { return session.cancel(); });
    EXPECT_EQ(timer.longest(), Clock::duration::zero());
    EXPECT_GT(timer.calls(), 1u);
  }
  Result last = Result::S_OK;
};

TEST_F(BadPeers, OneThatRefuses) {
  std::uint16_t port = 0;
  {
    port = RawServer([](RawServer::Connection&) {}).port();
  }
  drive("wmpush://127.0.0.1:" + std::to_string(port) + "/live");
  EXPECT_EQ(last, Result::NS_E_PUSH_CANNOTCONNECT);
}

TEST_F(BadPeers, OneThatSaysNothing) {
  RawServer server([](RawServer::Connection& connection) { connection.read_stream(); });
  drive(server.url());
  EXPECT_EQ(last, Result::NS_E_SHUTDOWN);
}

TEST_F(BadPeers, OneThatReadsNothingOfTheStream) {
  std::promise<void> done;
  RawServer server([&](RawServer::Connection& connection) {
    connection.read_head();
    connection.send(kAccepted);
    done.get_future().wait();
  });
  drive(server.url());
  EXPECT_EQ(last, Result::NS_E_SHUTDOWN);
  done.set_value();
}

TEST_F(BadPeers, OneThatResetsEveryConnection) {
  RawServer server([](RawServer::Connection& connection) {
    connection.read_head();
    connection.reset();
  });
  drive(server.url());
  EXPECT_EQ(last, Result::NS_E_CONNECTION_FAILURE);
}

TEST_F(BadPeers, OneThatTakesTheStreamAndThenResetsItAgainAndAgain) {
  options.reconnect = 1;
  options.reconnect_delay_max = 1'000;
  RawServer server([](RawServer::Connection& connection) {
    const std::string head = connection.read_head();
    if (head.find("x-wms-pushsetup") != head.npos) {
      connection.send(kAccepted);
      connection.read_head();
    }
    connection.read_some();
    connection.reset();
  });
  drive(server.url());
}

/// The same over TLS, and what only TLS can do wrong.
class SecurePeers : public BadPeers {
 protected:
  SecurePeers() : tls(certificates.server()) {}
  void SetUp() override {
    BadPeers::SetUp();
    options.ca_file = authority.c_str();
  }
  static std::string secure(const RawServer& server) { return "wmpushs" + server.url().substr(6); }

  Certificates certificates;
  const std::string authority = certificates.authority().string();
  const std::shared_ptr<const tls::Context> tls;
};

TEST_F(SecurePeers, TakeAStreamAndItsEnd) { push_a_stream(tls); }

TEST_F(SecurePeers, TakeAllOfAPacketOrNothingWhileTheNetworkIsFull) {
  push_while_the_network_is_full(tls);
}

TEST_F(SecurePeers, SayNothingToTheHandshake) {
  RawServer server([](RawServer::Connection& connection) {
    while (!connection.read_some().empty()) {
    }
  });
  drive(secure(server));
  EXPECT_EQ(last, Result::NS_E_SHUTDOWN);
}

TEST_F(SecurePeers, DripWhatIsNoHandshake) {
  RawServer server([](RawServer::Connection& connection) {
    // A record of 16 KiB is announced, and comes a byte each millisecond.
    connection.send({"\x16\x03\x03\x40\x00", 5});
    while (connection.send("x")) connection.something_within(1ms);
  });
  drive(secure(server));
  EXPECT_TRUE(last == Result::NS_E_SHUTDOWN || last == Result::NS_E_PUSH_CANNOTCONNECT);
}

TEST_F(SecurePeers, ReadNothingOfTheStream) {
  std::promise<void> done;
  RawServer server(
      [&](RawServer::Connection& connection) {
        connection.read_head();
        connection.send(kAccepted);
        done.get_future().wait();
      },
      0, tls);
  drive(server.url());
  EXPECT_EQ(last, Result::NS_E_SHUTDOWN);
  done.set_value();
}

TEST_F(SecurePeers, ResetEveryConnection) {
  RawServer server(
      [](RawServer::Connection& connection) {
        connection.read_head();
        connection.reset();
      },
      0, tls);
  drive(server.url());
  EXPECT_EQ(last, Result::NS_E_CONNECTION_FAILURE);
}

TEST_F(SecurePeers, SendWithoutEnd) {
  RawServer server(
      [](RawServer::Connection& connection) {
        connection.read_head();
        while (connection.send("HTTP/1.1 100 Continue\r\nX: " + std::string(10'000, 'x') +
                               "\r\n\r\n")) {
        }
      },
      0, tls);
  drive(server.url());
  EXPECT_EQ(last, Result::NS_E_INCOMPATIBLE_PUSH_SERVER);
}

TEST_F(SecurePeers, AreNotReachedThroughAProxyThatDripsItsAnswer) {
  RawServer proxy([](RawServer::Connection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 200 ");
    while (connection.send("x")) connection.something_within(1ms);
  });
  const std::string through = "http://127.0.0.1:" + std::to_string(proxy.port());
  options.http_proxy = through.c_str();
  drive("wmpushs://server.invalid/live");
  EXPECT_EQ(last, Result::NS_E_SHUTDOWN);
}

class Torrents : public BadPeers, public testing::WithParamInterface<Torrent> {};

TEST_P(Torrents, InsteadOfTheSetup) {
  EndlessPeer peer(GetParam(), EndlessPeer::When::InsteadOfSetup);
  drive(peer.url());
}

TEST_P(Torrents, InTheStream) {
  EndlessPeer peer(GetParam(), EndlessPeer::When::InTheStream);
  drive(peer.url());
}

INSTANTIATE_TEST_SUITE_P(Peers, Torrents, testing::ValuesIn(torrents()),
                         [](const auto& torrent) { return std::string(torrent.param.name); });

TEST_F(BadPeers, AResolverThatHangs) {
  slow_resolver().close();
  drive("wmpush://slow.invalid/live");
  EXPECT_EQ(last, Result::NS_E_SHUTDOWN);
  slow_resolver().open();
  slow_resolver().wait_for_nobody();
}

TEST_F(BadPeers, AResolverThatHangsIsNotWaitedForForEver) {
  slow_resolver().close();
  options.connect_timeout = 50'000;
  PushSession session(options);
  ASSERT_EQ(session.start("wmpush://slow.invalid/live"), Result::S_OK);
  EXPECT_EQ(run(session), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(session.last_error().message, HasSubstr("no answer from the name server in time"));
  slow_resolver().open();
  slow_resolver().wait_for_nobody();
}

#ifdef WMPUSH_HAVE_GSSAPI
/// A server that lets everybody in who shows a ticket.
class Tickets : public NeverBlocking {
 protected:
  void SetUp() override {
    NeverBlocking::SetUp();
    threads_before = threads();
  }
  void TearDown() override {
    kdc.open();
    kdc.wait_for_nobody();
    // A thread that was left behind has things of libkrb5 to give back, which ends a process that
    // unloads it meanwhile.
    const auto deadline = Clock::now() + 20s;
    while (threads() > threads_before && Clock::now() < deadline) std::this_thread::yield();
  }

  /// Of this process.
  static std::ptrdiff_t threads() {
    using std::filesystem::directory_iterator;
    return std::distance(directory_iterator("/proc/self/task"), directory_iterator());
  }
  std::ptrdiff_t threads_before = 0;

  static constexpr const char* kChallenge =
      "HTTP/1.1 401 Unauthorized\r\nServer: Cougar/9.6\r\nContent-Length: 0\r\n"
      "WWW-Authenticate: Negotiate\r\n\r\n";

  void serve(RawServer::Connection& connection) {
    const std::string head = connection.read_head();
    if (head.empty()) return;
    const bool has_ticket = head.find("Authorization: Negotiate dGlja2V0") != head.npos;
    connection.send(has_ticket ? kAccepted : kChallenge);
    if (!has_ticket) return serve(connection);
    stream_head = connection.read_head();
    connection.read_stream();
  }
  std::string stream_head;
};

TEST_F(Tickets, OneForATunnelMayTakeLongerThanConnecting) {
  kdc.close();
  options.connect_timeout = 100'000;
  std::string second;
  RawServer proxy([&](RawServer::Connection& connection) {
    connection.read_head();
    connection.send(
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n");
    second = connection.read_head();
    connection.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    connection.read_some();
  });
  const std::string through = "http://localhost:" + std::to_string(proxy.port());
  options.http_proxy = through.c_str();
  PushSession session(options);
  ASSERT_EQ(session.start("wmpushs://server.invalid/live"), Result::S_OK);
  EXPECT_EQ(run(session, Clock::now() + 300ms), Result::E_PENDING);
  kdc.wait_for_somebody();
  EXPECT_EQ(run(session, Clock::now() + 200ms), Result::E_PENDING);
  kdc.open();
  EXPECT_EQ(run(session), Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(session.last_error().message, HasSubstr("must allow CONNECT"));
  EXPECT_THAT(second, HasSubstr("Proxy-Authorization: Negotiate dGlja2V0"));
  EXPECT_EQ(timer.longest(), Clock::duration::zero());
}

TEST_F(Tickets, AKdcThatTakesItsTimeHoldsNobodyUp) {
  kdc.close();
  auto server =
      std::make_unique<RawServer>([&](RawServer::Connection& connection) { serve(connection); });
  PushSession session(options);
  ASSERT_EQ(session.start(server->url()), Result::S_OK);
  EXPECT_EQ(run(session, Clock::now() + 300ms), Result::E_PENDING);
  kdc.wait_for_somebody();
  EXPECT_EQ(run(session, Clock::now() + 100ms), Result::E_PENDING);
  EXPECT_GE(session.wants().descriptor, 0);
  EXPECT_EQ(timer.longest(), Clock::duration::zero());
  kdc.open();
  EXPECT_EQ(run(session), Result::S_OK) << session.last_error().message;
  // The PushStart has a ticket of its own.
  ASSERT_EQ(session.on_header(asf_header()), Result::S_OK);
  ASSERT_EQ(run(session), Result::S_OK) << session.last_error().message;
  ASSERT_EQ(session.end_start(), Result::S_OK);
  EXPECT_EQ(run(session), Result::S_OK) << session.last_error().message;
  server.reset();
  EXPECT_THAT(stream_head, HasSubstr("Authorization: Negotiate dGlja2V0"));
}

TEST_F(Tickets, TheStreamIsTakenWhileTheTicketForItsPushStartIsGot) {
  RawServer server([&](RawServer::Connection& connection) { serve(connection); });
  PushSession session(options);
  ASSERT_EQ(set_up(session, server.url()), Result::S_OK) << session.last_error().message;
  kdc.close();
  ASSERT_EQ(session.on_header(asf_header()), Result::S_OK);
  kdc.wait_for_somebody();
  EXPECT_EQ(timer([&] { return session.on_data_unit(packet(0)); }), Result::S_OK);
  EXPECT_EQ(session.perform(), Result::E_PENDING);
  ASSERT_EQ(session.end_start(), Result::S_OK);
  EXPECT_EQ(session.stats().packets_sent, 0u);
  kdc.open();
  EXPECT_EQ(run(session), Result::S_OK) << session.last_error().message;
  EXPECT_EQ(session.stats().packets_sent, 1u);
  EXPECT_EQ(timer.longest(), Clock::duration::zero());
}

TEST_F(Tickets, AnEndThatWaitsForOneHasNoMoreTimeForThat) {
  RawServer server([&](RawServer::Connection& connection) { serve(connection); });
  options.end_timeout = 100'000;
  PushSession session(options);
  ASSERT_EQ(set_up(session, server.url()), Result::S_OK) << session.last_error().message;
  kdc.close();
  ASSERT_EQ(session.on_header(asf_header()), Result::S_OK);
  ASSERT_EQ(session.end_start(), Result::S_OK);
  EXPECT_EQ(run(session), Result::NS_E_CONNECTION_FAILURE) << session.last_error().message;
}

TEST_F(Tickets, AnInterruptEndsTheWaitForAKdc) {
  kdc.close();
  RawServer server([&](RawServer::Connection& connection) { serve(connection); });
  std::atomic<bool> stop = false;
  options.interrupt = [](void* flag) {
    return static_cast<std::atomic<bool>*>(flag)->load() ? 1 : 0;
  };
  options.interrupt_opaque = &stop;
  auto result = std::async(std::launch::async, [&] {
    PushSink sink(options);
    return sink.Connect(server.url());
  });
  kdc.wait_for_somebody();
  EXPECT_EQ(result.wait_for(100ms), std::future_status::timeout);
  stop = true;
  EXPECT_EQ(result.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(result.get(), Result::NS_E_SHUTDOWN);
}
#endif

// ---------------------------------------------------------------------------------------------
// The C interface

TEST(NeverBlockingInC, EachKindOfSessionHasItsOwnCalls) {
  pubpoint::Server server{pubpoint::Settings{}};
  wmpush_session* session = nullptr;
  ASSERT_EQ(wmpush_open(&session, server.url().c_str(), nullptr, nullptr), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_perform(session), WMPUSH_NS_E_INVALID_REQUEST);
  EXPECT_EQ(wmpush_end_start(session, WMPUSH_S_OK), WMPUSH_NS_E_INVALID_REQUEST);
  wmpush_wait wait = {sizeof wait, 7, 7, 7};
  wmpush_wants(session, &wait);
  EXPECT_EQ(wait.descriptor, -1);
  EXPECT_EQ(wait.timeout, -1);
  wmpush_close(&session);
  RawServer silent([](RawServer::Connection& connection) { connection.read_stream(); });
  ASSERT_EQ(wmpush_start(&session, silent.url().c_str(), nullptr, nullptr), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_end_session(session), WMPUSH_NS_E_INVALID_REQUEST);
  EXPECT_EQ(wmpush_abort_session(session, WMPUSH_E_FAIL), WMPUSH_NS_E_INVALID_REQUEST);
  wmpush_wants(session, &wait);
  EXPECT_NE(wait.timeout, -1) << "a setup has a deadline";
  wmpush_close(&session);
}

TEST(NeverBlockingInC, TakesNullForASession) {
  EXPECT_EQ(wmpush_perform(nullptr), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_end_start(nullptr, WMPUSH_S_OK), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_start(nullptr, "wmpush://h/p", nullptr, nullptr), WMPUSH_E_INVALIDARG);
  wmpush_session* session = nullptr;
  EXPECT_EQ(wmpush_start(&session, nullptr, nullptr, nullptr), WMPUSH_E_INVALIDARG);
  wmpush_wait wait = {sizeof wait, 7, 7, 7};
  wmpush_wants(nullptr, &wait);
  EXPECT_EQ(wait.descriptor, -1);
  wmpush_wants(nullptr, nullptr);
}

TEST(NeverBlockingInC, NothingBehindTheWaitOfAnOlderProgramIsTouched) {
  wmpush_wait wait = {offsetof(wmpush_wait, events), 7, 7, 7};
  wmpush_wants(nullptr, &wait);
  EXPECT_EQ(wait.descriptor, -1);
  EXPECT_EQ(wait.events, 7);
  EXPECT_EQ(wait.timeout, 7);
}

}  // namespace
}  // namespace wmpush::test
