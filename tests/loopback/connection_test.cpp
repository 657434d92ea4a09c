// The connection: addresses, deadlines, interrupts, and what a lost connection leaves behind.
#include "net/connection.hpp"

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

/// Drives a connection as a program that may block.
class Client {
 public:
  explicit Client(std::chrono::microseconds send_timeout = 10s) : connection(send_timeout) {}

  Error connect(const std::string& host, std::uint16_t port, Time deadline) {
    if (Error error = connection.connect(host, port, deadline)) return error;
    while (true) {
      if (Error error = connection.perform(Clock::now())) return error;
      if (connection.open()) return {};
      wait_for(connection.wait(false), {});
    }
  }
  Error send(std::span<const Bytes> parts, std::size_t& count, Time now = Clock::now()) {
    return connection.send(parts, count, now);
  }
  Error receive(Bytes& received, bool& closed) {
    return connection.receive(buffer_, received, closed);
  }
  Readiness wait(bool to_send, Time deadline) {
    Wait wait = connection.wait(to_send);
    wait.until = std::min(wait.until, deadline);
    return wait_for(wait, {});
  }
  bool settle(Time deadline, Error& lost) {
    while (!connection.settled(lost)) {
      if (Clock::now() >= deadline) return false;
      wait_for({kNoDescriptor, 0, soon(2ms)}, {});
    }
    return true;
  }

  Connection connection;

 private:
  std::vector<std::byte> buffer_ = std::vector<std::byte>(16384);
};

TEST(Connection, SendsAndReceives) {
  const Listener listener;
  Client client;
  ASSERT_FALSE(client.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  const std::vector<Bytes> parts{as_bytes("ab"), as_bytes("cde")};
  std::size_t count = 0;
  ASSERT_FALSE(client.send(parts, count));
  EXPECT_EQ(count, 5u);
  char text[8] = {};
  EXPECT_EQ(::recv(peer.get(), text, sizeof text, MSG_WAITALL | MSG_DONTWAIT), 5);
  EXPECT_STREQ(text, "abcde");

  ASSERT_EQ(::send(peer.get(), "xyz", 3, 0), 3);
  ASSERT_EQ(client.wait(false, soon()), Readiness::Ready);
  Bytes received;
  bool closed = false;
  ASSERT_FALSE(client.receive(received, closed));
  EXPECT_EQ(as_text(received), "xyz");
  ASSERT_FALSE(client.receive(received, closed));
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

class ConnectionPace : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(client.connect("127.0.0.1", listener.port(), soon())); }

  /// One packet, `pause` after the last.
  void send(std::chrono::microseconds pause) {
    now += pause;
    std::size_t count = 0;
    const std::vector<Bytes> parts{as_bytes("packet")};
    ASSERT_FALSE(client.send(parts, count, now));
    ASSERT_EQ(count, 6u);
  }
  bool at_once() const { return sends_at_once(listener.port()); }

  const Listener listener;
  Client client;
  Time now = Clock::now();
};

TEST_F(ConnectionPace, APacketOfALiveSourceLeavesAtOnceHoweverManyThereAre) {
  for (int i = 0; i < 500; ++i) {
    // A picture of three packets, and a pause.
    send(500us);
    send(0us);
    send(1us);
    ASSERT_TRUE(at_once()) << i;
  }
}

TEST_F(ConnectionPace, TheKernelMayGatherThePacketsOfASourceThatNeverPauses) {
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

TEST_F(ConnectionPace, FourPausesEndTheGathering) {
  for (int i = 0; i < 200; ++i) send(0us);
  ASSERT_FALSE(at_once());
  for (int i = 0; i < 3; ++i) {
    send(500us);
    EXPECT_FALSE(at_once()) << "one pause is no live source";
  }
  send(500us);
  EXPECT_TRUE(at_once());
}

TEST_F(ConnectionPace, WhatWasGatheredLeavesBeforeAnythingIsWaitedFor) {
  const Descriptor peer = listener.accept();
  for (int i = 0; i < 200; ++i) send(0us);
  ASSERT_FALSE(at_once());
  EXPECT_EQ(client.wait(false, Clock::now()), Readiness::TimedOut);
  EXPECT_TRUE(at_once());
  std::vector<char> received(200 * 6);
  EXPECT_EQ(::recv(peer.get(), received.data(), received.size(), MSG_WAITALL),
            static_cast<ssize_t>(received.size()));
}

TEST_F(ConnectionPace, WaitingForAPeerThatTakesNothingIsNoPause) {
  const std::vector<std::byte> much(1 << 20);
  const std::vector<Bytes> parts{much};
  std::size_t count = 1;
  while (count > 0 || client.wait(true, soon(50ms)) == Readiness::Ready)
    ASSERT_FALSE(client.send(parts, count, now));
  for (int i = 0; i < 128; ++i) {
    now += 10ms;
    ASSERT_FALSE(client.send(parts, count, now));
  }
  EXPECT_FALSE(at_once());
}

TEST(Connection, NamesTheAddressThatRefused) {
  Listener listener;
  const std::uint16_t port = listener.port();
  listener.close();
  Client client;
  const Error error = client.connect("127.0.0.1", port, soon());
  EXPECT_EQ(error.result, Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_EQ(error.system_error, ECONNREFUSED);
  EXPECT_THAT(error.message,
              HasSubstr("127.0.0.1:" + std::to_string(port) + ": Connection refused"));
}

TEST(Connection, NamesAHostThatDoesNotResolve) {
  Client client;
  const Error error = client.connect("no-such-host.invalid", 80, soon(10s));
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

TEST(Connection, GivesUpConnectingAtTheDeadline) {
  const FullListener listener;
  Client client;
  const Error error = client.connect("127.0.0.1", listener.port(), soon(150ms));
  EXPECT_EQ(error.result, Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_EQ(error.system_error, ETIMEDOUT);
}

TEST(Connection, NoCallWaitsWhileAnAddressDoesNotAnswer) {
  const FullListener listener;
  Connection connection(10s);
  const Time deadline = soon(200ms);
  ASSERT_FALSE(connection.connect("127.0.0.1", listener.port(), deadline));
  Error error;
  Clock::duration longest{};
  while (!error) {
    const Time before = Clock::now();
    error = connection.perform(before);
    longest = std::max(longest, Clock::now() - before);
    if (!error) wait_for({kNoDescriptor, 0, soon(1ms)}, {});
  }
  EXPECT_LT(longest, 50ms);
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_EQ(error.result, Result::NS_E_PUSH_CANNOTCONNECT) << error.message;
  EXPECT_EQ(error.system_error, ETIMEDOUT);
  EXPECT_FALSE(connection.connecting());
}

TEST(Connection, ConnectingSucceedsWhenThePeerAnswersLater) {
  FullListener listener;
  Connection connection(10s);
  ASSERT_FALSE(connection.connect("127.0.0.1", listener.port(), soon(10s)));
  ASSERT_FALSE(connection.perform(Clock::now()));
  ASSERT_TRUE(connection.connecting());
  listener.accept_one();  // the system asks again after a second
  while (connection.connecting()) {
    wait_for(connection.wait(false), {});
    const Error error = connection.perform(Clock::now());
    ASSERT_FALSE(error) << error.message;
  }
  EXPECT_EQ(connection.peer(), "127.0.0.1:" + std::to_string(listener.port()));
}

TEST(Connection, ADescriptorTellsThatANameIsResolved) {
  Connection connection(10s);
  ASSERT_FALSE(connection.connect("no-such-host.invalid", 80, soon(20s)));
  Error error = connection.perform(Clock::now());
  while (!error && connection.connecting()) {
    EXPECT_GE(connection.wait(false).descriptor, 0);
    ASSERT_EQ(wait_for(connection.wait(false), {}), Readiness::Ready);
    error = connection.perform(Clock::now());
  }
  EXPECT_EQ(error.result, Result::NS_E_SERVER_NOT_FOUND) << error.message;
}

TEST(Connection, AConnectionThatIsBeingMadeCanBeLeft) {
  const FullListener listener;
  Connection connection(10s);
  ASSERT_FALSE(connection.connect("127.0.0.1", listener.port(), soon(60s)));
  ASSERT_FALSE(connection.perform(Clock::now()));
  connection.close();
  EXPECT_FALSE(connection.connecting());
  EXPECT_EQ(connection.wait(false).descriptor, kNoDescriptor);
}

TEST(Wait, AnInterruptEndsIt) {
  int asked = 0;
  EXPECT_EQ(wait_for({kNoDescriptor, 0, soon(60s)}, [&] { return ++asked > 2; }),
            Readiness::Interrupted);
}

TEST(Wait, AsksTheCallerAtLeastEveryHundredMilliseconds) {
  std::vector<Time> asked;
  const InterruptCheck check = [&] {
    asked.push_back(Clock::now());
    return asked.size() > 6;
  };
  EXPECT_EQ(wait_for({kNoDescriptor, 0, soon(60s)}, check), Readiness::Interrupted);
  ASSERT_GT(asked.size(), 4u);
  // The scheduler has its say too: the mean is what is promised, not each single interval.
  EXPECT_LT((asked.back() - asked.front()) / static_cast<int>(asked.size() - 1), 100ms);
}

TEST(Connection, WhatWasReceivedBeforeAResetIsNotLostAndTheErrorStays) {
  const Listener listener;
  Client client;
  ASSERT_FALSE(client.connect("127.0.0.1", listener.port(), soon()));
  {
    const Descriptor peer = listener.accept();
    ASSERT_EQ(::send(peer.get(), "answer", 6, 0), 6);
    ASSERT_EQ(client.wait(false, soon()), Readiness::Ready);
    const linger reset{1, 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  Bytes received;
  bool closed = false;
  Error error = client.receive(received, closed);
  if (!error) {
    EXPECT_EQ(as_text(received), "answer");
    error = client.receive(received, closed);
  }
  EXPECT_EQ(error.result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(error.system_error, ECONNRESET);
  // The kernel would now call it a clean close.
  EXPECT_EQ(client.receive(received, closed).system_error, ECONNRESET);
  std::size_t count = 0;
  const std::vector<Bytes> parts{as_bytes("more")};
  EXPECT_EQ(client.send(parts, count).system_error, ECONNRESET);
}

TEST(Connection, TellsWhatThePeersKernelHasNotTaken) {
  const Listener listener(8, 2048);
  Client client;
  ASSERT_FALSE(client.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  EXPECT_EQ(client.connection.unacknowledged(), 0u);
  const std::vector<std::byte> block(1 << 16);
  std::size_t total = 0;
  for (std::size_t count = 1; count > 0; total += count) {
    const std::vector<Bytes> parts{block};
    ASSERT_FALSE(client.send(parts, count));
  }
  EXPECT_GT(client.connection.unacknowledged(), 0u);
  EXPECT_LT(client.connection.unacknowledged(), total + 1);
  EXPECT_EQ(client.wait(true, Clock::now()), Readiness::TimedOut);
}

TEST(Connection, LessMayWaitUnreadWhereThePeerHasRoomThanWhereItHasNone) {
  const Listener listener(8, 65536);
  Client client;
  ASSERT_FALSE(client.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  const std::size_t limit_with_room = client.connection.unread_limit();
  const std::vector<std::byte> block(1 << 16);
  std::size_t total = 0;
  std::size_t count = 0;
  do {
    const std::vector<Bytes> parts{block};
    ASSERT_FALSE(client.send(parts, count));
    total += count;
  } while (client.wait(true, soon(300ms)) == Readiness::Ready);
  const std::size_t unread = total - client.connection.unacknowledged();
  EXPECT_GT(unread, 0u);
  EXPECT_GE(client.connection.unread_limit(), unread);
  EXPECT_GT(client.connection.unread_limit(), limit_with_room);
}

TEST(Connection, SettlesWhenThePeerHasTakenEverything) {
  const Listener listener;
  Client client;
  ASSERT_FALSE(client.connect("127.0.0.1", listener.port(), soon()));
  const Descriptor peer = listener.accept();
  std::size_t count = 0;
  const std::vector<Bytes> parts{as_bytes("end")};
  ASSERT_FALSE(client.send(parts, count));
  Error lost;
  EXPECT_TRUE(client.settle(soon(), lost));
  EXPECT_FALSE(lost);
  EXPECT_EQ(client.connection.unacknowledged(), 0u);
}

TEST(Connection, SettlesOnAnErrorWhenThePeerHadClosedBefore) {
  const Listener listener;
  Client client;
  ASSERT_FALSE(client.connect("127.0.0.1", listener.port(), soon()));
  { const Descriptor peer = listener.accept(); }
  ASSERT_EQ(client.wait(false, soon()), Readiness::Ready);
  std::size_t count = 0;
  const std::vector<Bytes> parts{as_bytes("too late")};
  ASSERT_FALSE(client.send(parts, count));
  Bytes received;
  bool closed = false;
  Error error = client.receive(received, closed);
  if (!error) {
    EXPECT_TRUE(client.settle(soon(), error));
  }
  EXPECT_EQ(error.result, Result::NS_E_CONNECTION_FAILURE);
}

}  // namespace
}  // namespace wmpush::net
