// The transport: addresses, deadlines, interrupts, and what a lost connection leaves behind.
#include "net/transport.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace wmpush::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int get() const { return number_; }

 private:
  int number_;
};

/// A listening socket on loopback, with nothing behind it.
class Listener {
 public:
  explicit Listener(int backlog = 8, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), generic, size) != 0 || ::listen(socket_.get(), backlog) != 0 ||
        ::getsockname(socket_.get(), generic, &size) != 0)
      throw std::runtime_error("cannot listen on loopback");
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }
  Descriptor accept() const { return Descriptor(::accept(socket_.get(), nullptr, nullptr)); }
  void close() { socket_ = Descriptor(); }

 private:
  Descriptor socket_;
  std::uint16_t port_ = 0;
};

Time soon(std::chrono::milliseconds time = 2s) { return Clock::now() + time; }

TEST(Transport, SendsAndReceives) {
  const Listener listener;
  Transport transport({}, 10s);
  ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  const std::vector<Bytes> parts{as_bytes("ab"), as_bytes("cde")};
  std::size_t count = 0;
  ASSERT_FALSE(transport.send(parts, count));
  EXPECT_EQ(count, 5u);
  char text[8] = {};
  EXPECT_EQ(::recv(peer.get(), text, sizeof text, MSG_WAITALL | MSG_DONTWAIT), 5);
  EXPECT_STREQ(text, "abcde");

  ASSERT_EQ(::send(peer.get(), "xyz", 3, 0), 3);
  ASSERT_EQ(transport.wait(false, soon()), Transport::Readiness::Ready);
  Bytes received;
  bool closed = false;
  ASSERT_FALSE(transport.receive(received, closed));
  EXPECT_EQ(as_text(received), "xyz");
  ASSERT_FALSE(transport.receive(received, closed));
  EXPECT_TRUE(received.empty());
  EXPECT_FALSE(closed);
}

/// Whether small sends leave at once (TCP_NODELAY) on our end of the connection to `port`.
bool sends_at_once(std::uint16_t port) {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
        peer.sin_family != AF_INET || ntohs(peer.sin_port) != port)
      continue;
    int no_delay = -1;
    size = sizeof no_delay;
    EXPECT_EQ(::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
    return no_delay != 0;
  }
  ADD_FAILURE() << "there is no connection to port " << port;
  return false;
}

class TransportPace : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon())); }

  /// One packet, `pause` after the last.
  void send(std::chrono::microseconds pause) {
    now += pause;
    std::size_t count = 0;
    const std::vector<Bytes> parts{as_bytes("packet")};
    ASSERT_FALSE(transport.send(parts, count, now));
    ASSERT_EQ(count, 6u);
  }
  bool at_once() const { return sends_at_once(listener.port()); }

  const Listener listener;
  Transport transport{{}, 10s};
  Time now = Clock::now();
};

TEST_F(TransportPace, APacketOfALiveSourceLeavesAtOnceHoweverManyThereAre) {
  for (int i = 0; i < 500; ++i) {
    // A picture of three packets, and a pause.
    send(500us);
    send(0us);
    send(1us);
    ASSERT_TRUE(at_once()) << i;
  }
}

TEST_F(TransportPace, TheKernelMayGatherThePacketsOfASourceThatNeverPauses) {
  send(1s);
  for (int i = 0; i < 127; ++i) {
    send(499us);
    ASSERT_TRUE(at_once()) << i;
  }
  send(499us);
  EXPECT_FALSE(at_once());
  for (int i = 0; i < 100; ++i) send(0us);
  EXPECT_FALSE(at_once());
}

TEST_F(TransportPace, FourPausesEndTheGathering) {
  for (int i = 0; i < 200; ++i) send(0us);
  ASSERT_FALSE(at_once());
  for (int i = 0; i < 3; ++i) {
    send(500us);
    EXPECT_FALSE(at_once()) << "one pause is no live source";
  }
  send(500us);
  EXPECT_TRUE(at_once());
}

TEST_F(TransportPace, WhatWasGatheredLeavesBeforeAnythingIsWaitedFor) {
  const Descriptor peer = listener.accept();
  for (int i = 0; i < 200; ++i) send(0us);
  ASSERT_FALSE(at_once());
  EXPECT_EQ(transport.wait(false, Clock::now()), Transport::Readiness::TimedOut);
  EXPECT_TRUE(at_once());
  std::vector<char> received(200 * 6);
  EXPECT_EQ(::recv(peer.get(), received.data(), received.size(), MSG_WAITALL),
            static_cast<ssize_t>(received.size()));
}

TEST_F(TransportPace, WaitingForAPeerThatTakesNothingIsNoPause) {
  const std::vector<std::byte> much(1 << 20);
  const std::vector<Bytes> parts{much};
  std::size_t count = 1;
  while (count > 0 || transport.wait(true, soon(50ms)) == Transport::Readiness::Ready)
    ASSERT_FALSE(transport.send(parts, count, now));
  for (int i = 0; i < 128; ++i) {
    now += 10ms;
    ASSERT_FALSE(transport.send(parts, count, now));
  }
  EXPECT_FALSE(at_once());
}

TEST(Transport, NamesTheAddressThatRefused) {
  Listener listener;
  const std::uint16_t port = listener.port();
  listener.close();
  Transport transport({}, 10s);
  const Error error = transport.connect("127.0.0.1", port, soon());
  EXPECT_EQ(error.result, Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_EQ(error.system_error, ECONNREFUSED);
  EXPECT_THAT(error.message,
              HasSubstr("127.0.0.1:" + std::to_string(port) + ": Connection refused"));
}

TEST(Transport, NamesAHostThatDoesNotResolve) {
  Transport transport({}, 10s);
  const Error error = transport.connect("no-such-host.invalid", 80, soon(10s));
  EXPECT_EQ(error.result, Result::NS_E_SERVER_NOT_FOUND) << error.message;
  EXPECT_THAT(error.message, HasSubstr("no-such-host.invalid"));
}

/// A port where a connect() gets no answer: the queue of connections that nobody accepts is full.
class FullListener {
 public:
  FullListener() : listener_(0) {
    for (int i = 0; i < 4; ++i) {
      Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(listener_.port());
      static_cast<void>(
          ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
      sockets_.push_back(std::move(socket));
    }
  }
  std::uint16_t port() const { return listener_.port(); }
  /// Makes room in the queue.
  void accept_one() { sockets_.push_back(listener_.accept()); }

 private:
  Listener listener_;
  std::vector<Descriptor> sockets_;
};

TEST(Transport, GivesUpConnectingAtTheDeadline) {
  const FullListener listener;
  Transport transport({}, 10s);
  const Error error = transport.connect("127.0.0.1", listener.port(), soon(150ms));
  EXPECT_EQ(error.result, Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_EQ(error.system_error, ETIMEDOUT);
}

TEST(Transport, ConnectingThatHasToBeLeftGoesOnInTheNextCallAndHasNoMoreTimeForThat) {
  const FullListener listener;
  Transport transport({}, 10s);
  const Time deadline = soon(200ms);
  bool unfinished = true;
  int calls = 0;
  Error error;
  for (; unfinished && calls < 100; ++calls) {
    const Time until = soon(20ms);
    error = transport.connect("127.0.0.1", listener.port(), deadline, until, unfinished);
    EXPECT_LT(Clock::now(), until + 1s);
  }
  EXPECT_GT(calls, 2);
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_EQ(error.result, Result::NS_E_PUSH_CANNOTCONNECT) << error.message;
  EXPECT_EQ(error.system_error, ETIMEDOUT);
}

TEST(Transport, ConnectingThatHadToBeLeftSucceedsInALaterCall) {
  FullListener listener;
  Transport transport({}, 10s);
  const Time deadline = soon(10s);
  bool unfinished = false;
  EXPECT_FALSE(transport.connect("127.0.0.1", listener.port(), deadline, soon(20ms), unfinished));
  ASSERT_TRUE(unfinished);
  listener.accept_one();  // the system asks again after a second
  for (int calls = 0; unfinished && calls < 1000; ++calls) {
    const Error error =
        transport.connect("127.0.0.1", listener.port(), deadline, soon(20ms), unfinished);
    ASSERT_FALSE(error) << error.message;
  }
  EXPECT_FALSE(unfinished);
  EXPECT_EQ(transport.peer(), "127.0.0.1:" + std::to_string(listener.port()));
}

TEST(Transport, ResolvingThatHadToBeLeftGoesOnInALaterCall) {
  Transport transport({}, 10s);
  const Time deadline = soon(20s);
  bool unfinished = true;
  Error error;
  for (int calls = 0; unfinished && calls < 4000; ++calls)
    error = transport.connect("no-such-host.invalid", 80, deadline, soon(5ms), unfinished);
  EXPECT_EQ(error.result, Result::NS_E_SERVER_NOT_FOUND) << error.message;
}

TEST(Transport, AnInterruptEndsConnecting) {
  const FullListener listener;
  int asked = 0;
  Transport transport([&] { return ++asked > 2; }, 10s);
  const Error error = transport.connect("127.0.0.1", listener.port(), soon(60s));
  EXPECT_EQ(error.result, Result::NS_E_SHUTDOWN);
}

TEST(Transport, AnInterruptEndsResolving) {
  Transport transport([] { return true; }, 10s);
  const Error error = transport.connect("no-such-host.invalid", 80, soon(60s));
  // The resolver may have been faster than the first question.
  EXPECT_THAT(error.result, ::testing::AnyOf(Result::NS_E_SHUTDOWN, Result::NS_E_SERVER_NOT_FOUND));
}

TEST(Transport, AsksTheCallerAtLeastEveryHundredMilliseconds) {
  const Listener listener;
  std::vector<Time> asked;
  Transport transport(
      [&] {
        asked.push_back(Clock::now());
        return asked.size() > 6;
      },
      10s);
  ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon()));
  EXPECT_EQ(transport.wait(false, soon(60s)), Transport::Readiness::Interrupted);
  ASSERT_GT(asked.size(), 4u);
  // The scheduler has its say too: the mean is what is promised, not each single interval.
  EXPECT_LT((asked.back() - asked.front()) / static_cast<int>(asked.size() - 1), 100ms);
}

TEST(Transport, WhatWasReceivedBeforeAResetIsNotLostAndTheErrorStays) {
  const Listener listener;
  Transport transport({}, 10s);
  ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon()));
  {
    const Descriptor peer = listener.accept();
    ASSERT_EQ(::send(peer.get(), "answer", 6, 0), 6);
    ASSERT_EQ(transport.wait(false, soon()), Transport::Readiness::Ready);
    const linger reset{1, 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  Bytes received;
  bool closed = false;
  Error error = transport.receive(received, closed);
  if (!error) {
    EXPECT_EQ(as_text(received), "answer");
    error = transport.receive(received, closed);
  }
  EXPECT_EQ(error.result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(error.system_error, ECONNRESET);
  // The kernel would now call it a clean close.
  EXPECT_EQ(transport.receive(received, closed).system_error, ECONNRESET);
  std::size_t count = 0;
  const std::vector<Bytes> parts{as_bytes("more")};
  EXPECT_EQ(transport.send(parts, count).system_error, ECONNRESET);
}

TEST(Transport, TellsWhatThePeersKernelHasNotTaken) {
  const Listener listener(8, 2048);
  Transport transport({}, 10s);
  ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  EXPECT_EQ(transport.unacknowledged(), 0u);
  const std::vector<std::byte> block(1 << 16);
  std::size_t total = 0;
  for (std::size_t count = 1; count > 0; total += count) {
    const std::vector<Bytes> parts{block};
    ASSERT_FALSE(transport.send(parts, count));
  }
  EXPECT_GT(transport.unacknowledged(), 0u);
  EXPECT_LT(transport.unacknowledged(), total + 1);
  EXPECT_EQ(transport.wait(true, Clock::now()), Transport::Readiness::TimedOut);
}

TEST(Transport, LessMayWaitUnreadWhereThePeerHasRoomThanWhereItHasNone) {
  const Listener listener(8, 65536);
  Transport transport({}, 10s);
  ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  const std::size_t limit_with_room = transport.unread_limit();
  const std::vector<std::byte> block(1 << 16);
  std::size_t total = 0;
  std::size_t count = 0;
  do {
    const std::vector<Bytes> parts{block};
    ASSERT_FALSE(transport.send(parts, count));
    total += count;
  } while (transport.wait(true, soon(300ms)) == Transport::Readiness::Ready);
  const std::size_t unread = total - transport.unacknowledged();
  EXPECT_GT(unread, 0u);
  EXPECT_GE(transport.unread_limit(), unread);
  EXPECT_GT(transport.unread_limit(), limit_with_room);
}

TEST(Transport, SettlesWhenThePeerHasTakenEverything) {
  const Listener listener;
  Transport transport({}, 10s);
  ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  std::size_t count = 0;
  const std::vector<Bytes> parts{as_bytes("end")};
  ASSERT_FALSE(transport.send(parts, count));
  Error lost;
  EXPECT_EQ(transport.settle(soon(), lost), Transport::Readiness::Ready);
  EXPECT_FALSE(lost);
  EXPECT_EQ(transport.unacknowledged(), 0u);
}

TEST(Transport, SettlesOnAnErrorWhenThePeerHadClosedBefore) {
  const Listener listener;
  Transport transport({}, 10s);
  ASSERT_FALSE(transport.connect("127.0.0.1", listener.port(), soon()));
  { const Descriptor peer = listener.accept(); }
  ASSERT_EQ(transport.wait(false, soon()), Transport::Readiness::Ready);
  std::size_t count = 0;
  const std::vector<Bytes> parts{as_bytes("too late")};
  ASSERT_FALSE(transport.send(parts, count));
  Bytes received;
  bool closed = false;
  Error error = transport.receive(received, closed);
  if (!error) {
    EXPECT_EQ(transport.settle(soon(), error), Transport::Readiness::Ready);
  }
  EXPECT_EQ(error.result, Result::NS_E_CONNECTION_FAILURE);
}

}  // namespace
}  // namespace wmpush::net
