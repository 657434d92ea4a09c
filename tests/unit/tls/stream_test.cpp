// TLS over a pair of sockets: what is told as sent, as arrived, and as wrong.
#include "tls/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "support/certificates.hpp"

namespace wmpush::tls {
namespace {

using test::Certificates;
using testing::HasSubstr;

std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  return bytes;
}

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  }
  ~StreamTest() override {
    client.reset();
    server.reset();
    for (const int socket : sockets)
      if (socket >= 0) ::close(socket);
  }

  /// The kernel takes little at once.
  void use_small_buffers() const {
    const int size = 4096;
    for (const int socket : sockets)
      ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
  void make(const ClientSettings& settings, const Certificates::Wish& wish = Certificates::Wish(),
            const std::string& host = "localhost") {
    std::shared_ptr<const Context> context;
    ASSERT_FALSE(Context::client(settings, context));
    client = Stream::client(*context, sockets[0], host);
    server = Stream::server(*certificates.server(wish), sockets[1]);
  }
  ClientSettings trusting() const { return {.ca_file = certificates.authority().string()}; }
  /// Both sides in turn, until the client's is done: 0, or what it failed with.
  int shake_hands() {
    for (int i = 0; i < 20; ++i) {
      const int error = client->handshake();
      if (error != EAGAIN) {
        server->handshake();
        return error;
      }
      server->handshake();
    }
    return EAGAIN;
  }
  void connect() {
    make(trusting());
    ASSERT_EQ(shake_hands(), 0) << client->fault();
  }
  std::string fault(const ClientSettings& settings, const Certificates::Wish& wish,
                    const std::string& host = "localhost") {
    make(settings, wish, host);
    EXPECT_EQ(shake_hands(), EPROTO);
    return client->fault();
  }
  static std::vector<std::byte> receive_all(Stream& from) {
    std::vector<std::byte> all;
    std::array<std::byte, 1000> buffer;
    while (true) {
      const Transfer came = from.receive(buffer);
      if (came.count == 0) return all;
      append(all, Bytes(buffer).first(came.count));
    }
  }
  void close_socket(std::size_t which) {
    (which == 0 ? client : server).reset();
    ::close(std::exchange(sockets[which], -1));
  }

  Certificates certificates;
  std::array<int, 2> sockets{-1, -1};
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

TEST_F(StreamTest, WhatIsSentArrivesInBothDirections) {
  connect();
  const auto there = pattern(100'000);
  const auto back = pattern(333);
  std::vector<std::byte> arrived;
  for (std::size_t sent = 0; sent < there.size();) {
    const std::array parts{
        Bytes(there).subspan(sent, std::min<std::size_t>(10, there.size() - sent)),
        Bytes(there).subspan(std::min(sent + 10, there.size()))};
    const Transfer transfer = client->send(parts);
    ASSERT_TRUE(transfer.error == 0 || transfer.error == EAGAIN);
    sent += transfer.count;
    append(arrived, receive_all(*server));
  }
  EXPECT_EQ(arrived, there);
  const std::array parts{Bytes(back)};
  EXPECT_EQ(server->send(parts).count, back.size());
  EXPECT_EQ(receive_all(*client), back);
}

TEST_F(StreamTest, WhatTheKernelDoesNotTakeIsToldAsSentLaterAndComesOnce) {
  use_small_buffers();
  connect();
  const auto data = pattern(200'000);
  std::vector<std::byte> arrived;
  std::size_t sent = 0;
  std::size_t refusals = 0;
  std::size_t in_parts = 0;
  while (sent < data.size()) {
    // More and more of it is known from call to call, as with a queue that grows.
    const std::array parts{
        Bytes(data).subspan(sent, std::min<std::size_t>(30'000, data.size() - sent))};
    const Transfer transfer = client->send(parts);
    ASSERT_TRUE(transfer.error == 0 || transfer.error == EAGAIN) << transfer.error;
    sent += transfer.count;
    if (transfer.count > 0 && transfer.count < parts[0].size()) ++in_parts;
    if (transfer.count > 0) continue;
    ++refusals;
    EXPECT_TRUE(client->wants_to_send());
    append(arrived, receive_all(*server));
  }
  append(arrived, receive_all(*server));
  EXPECT_EQ(arrived, data);
  EXPECT_GT(refusals, 3u);
  EXPECT_GT(in_parts, 3u);
}

TEST_F(StreamTest, WriteTakesNoMoreBeforeItsRecordsHaveGone) {
  use_small_buffers();
  connect();
  const auto data = pattern(300'000);
  std::vector<std::byte> arrived;
  std::size_t taken = 0;
  while (taken < data.size()) {
    const std::array parts{Bytes(data).subspan(taken)};
    const Transfer transfer = server->write(parts);
    taken += transfer.count;
    if (!server->wants_to_send()) continue;
    EXPECT_EQ(server->write(std::array{Bytes(data).first(1)}).count, 0u);
    append(arrived, receive_all(*client));
  }
  while (server->flush() == EAGAIN) append(arrived, receive_all(*client));
  append(arrived, receive_all(*client));
  EXPECT_EQ(arrived, data);
}

TEST_F(StreamTest, ARecordCountsAsConfirmedWhenItIsThereWhole) {
  connect();
  const auto data = pattern(20'000);  // two records
  const std::array parts{Bytes(data)};
  ASSERT_EQ(client->send(parts).count, data.size());
  EXPECT_EQ(client->unacknowledged(1'000'000), data.size());
  EXPECT_EQ(client->unacknowledged(1), 20'000u - 16'384u);
  EXPECT_EQ(client->unacknowledged(0), 0u);
  ASSERT_EQ(client->send(parts).count, data.size());
  EXPECT_EQ(client->unacknowledged(20'000), data.size());
  EXPECT_EQ(client->unacknowledged(0), 0u);
}

TEST_F(StreamTest, MoreRecordsThanAreRememberedAreConfirmedTogether) {
  connect();
  const auto data = pattern(5'000);
  std::size_t read = 0;
  for (const std::byte& byte : data) {
    ASSERT_EQ(client->send(std::array{Bytes(&byte, 1)}).count, 1u);
    read += receive_all(*server).size();
  }
  EXPECT_EQ(read, data.size());
  EXPECT_EQ(client->unacknowledged(1'000'000), data.size());
  EXPECT_EQ(client->unacknowledged(0), 0u);
}

TEST_F(StreamTest, CloseNotifyEndsAndACutDoesNot) {
  connect();
  std::array<std::byte, 10> buffer;
  server->close();
  Transfer came = client->receive(buffer);
  EXPECT_TRUE(came.closed);
  EXPECT_EQ(came.error, 0);
  EXPECT_TRUE(client->receive(buffer).closed) << "and stays so";
  close_socket(0);
  came = server->receive(buffer);
  EXPECT_FALSE(came.closed);
  EXPECT_EQ(came.error, ECONNABORTED);
  EXPECT_THAT(server->fault(), HasSubstr("without the close_notify"));
}

TEST_F(StreamTest, WhatCameBeforeTheEndIsReadBeforeIt) {
  connect();
  const auto data = pattern(5000);
  ASSERT_EQ(client->send(std::array{Bytes(data)}).count, data.size());
  client->close();
  std::array<std::byte, 4000> buffer;
  EXPECT_EQ(server->receive(buffer).count, 4000u);
  EXPECT_TRUE(server->has_received()) << "though nothing is left in the socket";
  EXPECT_EQ(server->receive(buffer).count, 1000u);
  EXPECT_FALSE(server->has_received());
  EXPECT_TRUE(server->receive(buffer).closed);
}

TEST_F(StreamTest, ACertificateForAnAddressOrANameIsTaken) {
  for (const auto& [has, host] :
       std::vector<std::pair<std::string, std::string>>{{"127.0.0.1", "127.0.0.1"},
                                                        {"::1", "::1"},
                                                        {"::1", "::1%lo"},
                                                        {"server.example", "server.example"},
                                                        {"server.example", "server.example."},
                                                        {"*.example.org", "server.example.org"}}) {
    make(trusting(), {.hosts = {has}}, host);
    EXPECT_EQ(shake_hands(), 0) << has << " for " << host << ": " << client->fault();
    // Another pair for the next.
    for (const std::size_t which : {0u, 1u}) close_socket(which);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  }
}

TEST_F(StreamTest, AWrongNameIsToldWithTheRightOnes) {
  EXPECT_EQ(fault(trusting(), {.hosts = {"a.example", "192.0.2.1"}}, "b.example"),
            "the server's certificate is for a.example, 192.0.2.1 and not for b.example: push to a "
            "name that it has, or give the server a certificate for this one; tls_verify=0 pushes "
            "to whoever it is");
}

TEST_F(StreamTest, AWrongAddressIsToldWithTheRightNames) {
  EXPECT_THAT(fault(trusting(), {.hosts = {"a", "b", "c", "d", "e", "f"}}, "192.0.2.1"),
              HasSubstr("is for a, b, c, d and 2 more and not for 192.0.2.1"));
}

TEST_F(StreamTest, AnExpiredCertificateIsToldWithItsLastDay) {
  EXPECT_THAT(fault(trusting(), {.from_day = -20, .to_day = -1}),
              testing::MatchesRegex("the server's certificate expired on 20[0-9-]+: the server "
                                    "needs a new one.*tls_verify=0.*"));
}

TEST_F(StreamTest, ACertificateOfTheFutureIsToldWithItsFirstDay) {
  EXPECT_THAT(fault(trusting(), {.from_day = 2}), HasSubstr("is not valid before 20"));
}

TEST_F(StreamTest, ASelfSignedCertificateIsToldWithTheRemedy) {
  EXPECT_THAT(fault(trusting(), {.signer = Certificates::Signer::Itself}),
              HasSubstr("is signed by nobody but itself: give it as ca_file"));
}

TEST_F(StreamTest, AnUnknownAuthorityIsNamed) {
  EXPECT_THAT(fault(trusting(), {.signer = Certificates::Signer::Stranger}),
              HasSubstr("'Authority of the tests', which this machine does not trust"));
}

TEST_F(StreamTest, TheSystemsAuthoritiesDoNotKnowOurs) {
  EXPECT_THAT(fault({}, Certificates::Wish()), HasSubstr("which this machine does not trust"));
}

TEST_F(StreamTest, WhoDoesNotVerifyTakesAnyCertificate) {
  make({.verify = false},
       {.hosts = {"other"}, .to_day = 0, .signer = Certificates::Signer::Stranger});
  EXPECT_EQ(shake_hands(), 0) << client->fault();
}

TEST_F(StreamTest, APeerWithoutTlsIsToldFromOneWithTls) {
  make(trusting());
  EXPECT_EQ(client->handshake(), EAGAIN);
  constexpr std::string_view kAnswer = "HTTP/1.1 400 Bad Request\r\n\r\n";
  ASSERT_EQ(::send(sockets[1], kAnswer.data(), kAnswer.size(), 0),
            static_cast<ssize_t>(kAnswer.size()));
  EXPECT_EQ(client->handshake(), EPROTO);
  EXPECT_THAT(client->fault(), HasSubstr("speaks no TLS on this port"));
}

TEST_F(StreamTest, APeerThatClosesInTheHandshakeIsTold) {
  make(trusting());
  EXPECT_EQ(client->handshake(), EAGAIN);
  close_socket(1);
  const int error = client->handshake();
  EXPECT_TRUE(error == EPROTO || error == ECONNRESET) << error;
}

TEST_F(StreamTest, AServerKnowsARequestInClear) {
  make(trusting());
  constexpr std::string_view kRequest = "GET /live HTTP/1.1\r\n\r\n";
  ASSERT_EQ(::send(sockets[0], kRequest.data(), kRequest.size(), 0),
            static_cast<ssize_t>(kRequest.size()));
  EXPECT_EQ(server->handshake(), EPROTO);
  EXPECT_TRUE(server->plain_http());
}

TEST_F(StreamTest, AServerTellsWhatElseItGets) {
  make(trusting());
  constexpr std::string_view kNoise = "SSH-2.0-OpenSSH_9.2\r\nand more";
  ASSERT_GT(::send(sockets[0], kNoise.data(), kNoise.size(), 0), 0);
  EXPECT_EQ(server->handshake(), EPROTO);
  EXPECT_FALSE(server->plain_http());
  EXPECT_NE(server->fault(), "");
}

}  // namespace
}  // namespace wmpush::tls
