// Pushes over TLS: to a publishing point of our own and to peers that are told what to do.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <future>

#include "pubpoint/limit_counts.hpp"
#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/server.hpp"
#include "support/certificates.hpp"
#include "support/clip.hpp"
#include "support/faulty_server.hpp"
#include "support/forward_proxy.hpp"
#include "support/push_fixture.hpp"
#include "support/raw_client.hpp"
#include "support/raw_server.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::Settings;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kAccepted =
    "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6\r\nSet-Cookie: push-id=7\r\n\r\n";

class TlsTest : public PushFixture {
 protected:
  TlsTest() {
    forget_proxies();
    options.ca_file = authority.c_str();
  }
  ~TlsTest() override { forget_proxies(); }

  Settings with_tls() const {
    Settings settings;
    settings.tls = certificates.server();
    return settings;
  }

  Certificates certificates;
  const std::string authority = certificates.authority().string();
};

TEST_F(TlsTest, APushArrivesAndItsEndIsConfirmed) {
  FaultyServer server(with_tls());
  EXPECT_THAT(server.tls_url(), StartsWith("wmpushs://127.0.0.1:"));
  EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
  expect_delivered(server);
  EXPECT_THAT(lines, HasSubstr(server.tls_url() + ": session ended"));
}

TEST_F(TlsTest, HttpsMeansTheSame) {
  FaultyServer server(with_tls());
  EXPECT_EQ(push("https" + server.tls_url().substr(7)), Result::S_OK) << message;
  expect_delivered(server);
}

TEST_F(TlsTest, BothPortsOfAServerTakePushes) {
  FaultyServer server(with_tls());
  EXPECT_EQ(push(server.url()), Result::S_OK) << message;
  expect_delivered(server);
  EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
  expect_delivered(server);
}

TEST_F(TlsTest, APasswordIsAskedForAndGiven) {
  for (const char* scheme : {"Digest", "Basic"}) {
    Settings settings = with_tls();
    settings.authentication.user = "ali";
    settings.authentication.password = "sesame";
    settings.authentication.schemes = {scheme};
    FaultyServer server(settings);
    options.user = "ali";
    options.password = "sesame";
    EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
    expect_delivered(server);
  }
}

// ---------------------------------------------------------------------------------------------
// Whom to trust

TEST_F(TlsTest, ACertificateThatIsNotTrustedKeepsThePushFromBeginning) {
  FaultyServer server(with_tls());
  options.ca_file = nullptr;
  EXPECT_EQ(push(server.tls_url()), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, AllOf(StartsWith(server.tls_url() + ": 127.0.0.1:"),
                             HasSubstr("which this machine does not trust"), HasSubstr("ca_file"),
                             HasSubstr("tls_verify=0")));
  EXPECT_EQ(server.requests(), 0u) << "nothing is said to it";
  options.tls_verify = 0;
  EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
}

TEST_F(TlsTest, EachFaultOfACertificateHasItsLine) {
  struct Case {
    Certificates::Wish wish;
    const char* words;
  };
  for (const Case& each :
       {Case{{.hosts = {"other.example"}}, "is for other.example and not for 127.0.0.1"},
        Case{{.from_day = -9, .to_day = -2}, "expired on "},
        Case{{.signer = Certificates::Signer::Itself}, "signed by nobody but itself"},
        Case{{.signer = Certificates::Signer::Stranger}, "does not trust"}}) {
    Settings settings;
    settings.tls = certificates.server(each.wish);
    FaultyServer server(settings);
    EXPECT_EQ(push(server.tls_url()), Result::NS_E_PUSH_CANNOTCONNECT);
    EXPECT_THAT(message, HasSubstr(each.words));
    EXPECT_EQ(message.find('\n'), message.npos);
    EXPECT_EQ(server.requests(), 0u);
    EXPECT_TRUE(server.wait_for([&] {
      return server.limits_met()[pubpoint::Limit::Handshakes] == 1;
    })) << "the server's side";
  }
}

TEST_F(TlsTest, AFileThatCannotBeReadIsToldBeforeAnybodyIsAsked) {
  options.ca_file = "/nowhere/ca.pem";
  EXPECT_EQ(push("wmpushs://127.0.0.1:1/live"), Result::E_INVALIDARG);
  EXPECT_THAT(message, HasSubstr("ca_file '/nowhere/ca.pem': No such file"));
}

TEST_F(TlsTest, WithoutTlsItsOptionsAreNotLookedAt) {
  FaultyServer server(with_tls());
  options.ca_file = "/nowhere/ca.pem";
  EXPECT_EQ(push(server.url()), Result::S_OK) << message;
}

TEST_F(TlsTest, AUrlSaysNothingOfWhomToTrust) {
  FaultyServer server(with_tls());
  for (const char* query : {"tls_verify=0", "ca_file=/etc/passwd", "cert_file=a", "key_file=b"}) {
    EXPECT_EQ(push(server.tls_url() + "?" + query), Result::E_INVALIDARG);
    EXPECT_THAT(message,
                AllOf(HasSubstr(std::string(query).substr(0, 6)), Not(HasSubstr("passwd"))));
  }
}

// ---------------------------------------------------------------------------------------------
// Peers that do something else

TEST_F(TlsTest, APortWithoutTlsIsToldSo) {
  FaultyServer server(with_tls());
  EXPECT_EQ(push("wmpushs" + server.url().substr(6)), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("speaks no TLS on this port"));
}

TEST_F(TlsTest, APushWithoutTlsToAPortWithItIsToldSo) {
  FaultyServer server(with_tls());
  EXPECT_EQ(push("wmpush" + server.tls_url().substr(7)), Result::E_FAIL);
  EXPECT_THAT(message, HasSubstr("400"));
}

TEST_F(TlsTest, AServerThatSaysNothingToTheHandshakeIsGivenUp) {
  RawServer server([](RawServer::Connection& connection) {
    while (!connection.read_some().empty()) {
    }
  });
  options.connect_timeout = 100'000;
  EXPECT_EQ(push("wmpushs" + server.url().substr(6)), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message,
              AllOf(HasSubstr("no answer to the TLS handshake"), HasSubstr("connect_timeout")));
}

TEST_F(TlsTest, AServerThatClosesInTheHandshakeIsToldSo) {
  RawServer server([](RawServer::Connection& connection) { connection.read_some(1); });
  EXPECT_EQ(push("wmpushs" + server.url().substr(6)), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("speak TLS on this port?"));
}

/// Takes a stream, and then ends the connection as `end` does.
RawServer::Script taking(std::function<void(RawServer::Connection&)> end) {
  return [end = std::move(end)](RawServer::Connection& connection) {
    connection.read_head();
    connection.send(kAccepted);
    connection.read_head();
    connection.read_stream();
    end(connection);
  };
}

TEST_F(TlsTest, AnEndWithCloseNotifyIsConfirmed) {
  RawServer server(taking([](RawServer::Connection& connection) { connection.close_notify(); }), 0,
                   certificates.server());
  EXPECT_EQ(push(server.url()), Result::S_OK) << message;
}

TEST_F(TlsTest, AnEndThatIsCutIsALoss) {
  RawServer server(taking([](RawServer::Connection&) {}), 0, certificates.server());
  EXPECT_EQ(push(server.url()), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(message, HasSubstr("without the close_notify of TLS"));
}

TEST_F(TlsTest, AnAnswerToTheEndCountsWhateverFollows) {
  RawServer server(taking([](RawServer::Connection& connection) { connection.send(kAccepted); }), 0,
                   certificates.server());
  EXPECT_EQ(push(server.url()), Result::S_OK) << message;
}

// ---------------------------------------------------------------------------------------------
// A certificate of our own

class ClientCertificates : public TlsTest {};

TEST_F(ClientCertificates, IsShownWhereItIsWanted) {
  // Interop's nginx asks for one; here only that files and key are found to fit.
  FaultyServer server(with_tls());
  const std::string file = certificates.make("pusher", {.hosts = {"pusher"}}).string();
  options.cert_file = file.c_str();
  EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
  const std::string key = (certificates.folder() / "server.key").string();
  options.key_file = key.c_str();
  EXPECT_EQ(push(server.tls_url()), Result::E_INVALIDARG);
  EXPECT_THAT(message,
              HasSubstr("key_file '" + key + "': the key in it is not that of the certificate"));
}

// ---------------------------------------------------------------------------------------------
// Redirects (C23)

class TlsRedirects : public TlsTest {
 protected:
  static void redirect(FaultyServer& server, const std::string& location) {
    Fault fault;
    fault.at = At::PushSetup;
    fault.response = "HTTP/1.1 302 Found\r\nServer: Cougar/9.6\r\nLocation: " + location +
                     "\r\nContent-Length: 0\r\n\r\n";
    server.add_fault(fault);
  }
};

TEST_F(TlsRedirects, C23_LeadToTls) {
  FaultyServer server(with_tls());
  redirect(server, "https" + server.tls_url().substr(7));
  EXPECT_EQ(push(server.url()), Result::S_OK) << message;
  expect_delivered(server);
  EXPECT_THAT(lines, HasSubstr(") to " + server.tls_url()));
}

TEST_F(TlsRedirects, C23_DoNotLeadOutOfTls) {
  FaultyServer server(with_tls());
  redirect(server, "http" + server.url().substr(6));
  EXPECT_EQ(push(server.tls_url()), Result::E_FAIL);
  EXPECT_THAT(message, HasSubstr("a redirect to " + server.url() + ", which is without TLS"));
}

TEST_F(TlsRedirects, C24_AUrlWithoutAPointIsCompletedWithItsScheme) {
  FaultyServer server(with_tls());
  EXPECT_TRUE(failed(push(server.tls_url("/"))));
  EXPECT_THAT(message, HasSubstr("write wmpushs://127.0.0.1:"));
}

TEST_F(TlsRedirects, C23_APathStaysWithTls) {
  Settings settings = with_tls();
  settings.points = {"/live", "/other"};
  FaultyServer server(settings);
  redirect(server, "/other");
  EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
  EXPECT_EQ(server.sessions().back().point, "/other");
}

// ---------------------------------------------------------------------------------------------
// Through a proxy

class TlsProxies : public TlsTest {
 protected:
  static ForwardProxy::Settings guarded(std::vector<std::string> schemes, bool closes = false) {
    ForwardProxy::Settings settings;
    settings.authentication.user = "pat";
    settings.authentication.password = "hush-hush";
    settings.authentication.schemes = std::move(schemes);
    settings.close_after_challenge = closes;
    return settings;
  }
  Result push_through(const std::string& proxy) {
    through = proxy;
    options.http_proxy = through.c_str();
    return push(server.tls_url());
  }

  FaultyServer server{with_tls()};
  std::string through;
};

TEST_F(TlsProxies, C09_ATunnelIsAskedForAndTheProxySeesNothingElse) {
  const ForwardProxy proxy;
  EXPECT_EQ(push_through(proxy.url()), Result::S_OK) << message;
  expect_delivered(server);
  EXPECT_THAT(proxy.heads(),
              ElementsAre(StartsWith("CONNECT 127.0.0.1:" + std::to_string(server.tls_port()) +
                                     " HTTP/1.1\r\n")));
  EXPECT_THAT(proxy.heads()[0], Not(HasSubstr("push-id")));
  EXPECT_THAT(proxy.breaches(), testing::IsEmpty());
}

TEST_F(TlsProxies, C10_ThePasswordOfTheProxyIsForTheTunnelAlone) {
  for (const char* scheme : {"Basic", "Digest"})
    for (const bool closes : {false, true}) {
      const ForwardProxy proxy(guarded({scheme}, closes));
      EXPECT_EQ(push_through(proxy.url("pat:hush-hush")), Result::S_OK) << message;
      expect_delivered(server);
      EXPECT_EQ(proxy.heads().size(), 2u);
      EXPECT_TRUE(server.attempts().empty()) << "the server sees none of it";
      EXPECT_THAT(lines, Not(HasSubstr("hush-hush")));
    }
}

TEST_F(TlsProxies, C10_AWrongPasswordIsTheProxysRefusal) {
  const ForwardProxy proxy(guarded({"Digest"}));
  EXPECT_EQ(push_through(proxy.url("pat:wrong")), Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(message, AllOf(HasSubstr("to CONNECT 127.0.0.1:"), Not(HasSubstr("wrong\""))));
  EXPECT_EQ(push_through(proxy.url()), Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(message, HasSubstr("http_proxy=http://USER:"));
}

TEST_F(TlsProxies, AProxyThatDoesNotReachTheServerIsToldSo) {
  const ForwardProxy proxy;
  through = proxy.url();
  options.http_proxy = through.c_str();
  EXPECT_EQ(push("wmpushs://127.0.0.1:1/live"), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, AllOf(HasSubstr("answered 503"), HasSubstr("could not reach the server")));
}

TEST_F(TlsProxies, AProxyThatIsNotThereIsTheProxysFault) {
  EXPECT_EQ(push_through("http://127.0.0.1:1"), Result::NS_E_PROXY_NOT_FOUND);
}

TEST_F(TlsProxies, AProxyThatSaysNothingIsGivenUp) {
  RawServer silent([](RawServer::Connection& connection) {
    while (!connection.read_some().empty()) {
    }
  });
  options.connect_timeout = 100'000;
  EXPECT_EQ(push_through("http://127.0.0.1:" + std::to_string(silent.port())),
            Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("no answer to CONNECT in time"));
}

TEST_F(TlsProxies, ACertificateIsLookedAtBehindTheTunnel) {
  const ForwardProxy proxy;
  options.ca_file = nullptr;
  EXPECT_EQ(push_through(proxy.url()), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("does not trust"));
  EXPECT_EQ(server.requests(), 0u);
}

TEST_F(TlsProxies, TheEnvironmentHasOneOfItsOwnForTls) {
  const ForwardProxy proxy;
  for (const char* name : {"https_proxy", "HTTPS_PROXY"}) {
    forget_proxies();
    ::setenv(name, proxy.url().c_str(), 1);
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
  }
  EXPECT_EQ(proxy.heads().size(), 2u);
  ::setenv("no_proxy", "127.0.0.1", 1);
  EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
  EXPECT_EQ(proxy.heads().size(), 2u) << "no_proxy excepts the server";
}

TEST_F(TlsProxies, WhatTheServerRefusesIsNotTheProxysFault) {
  const ForwardProxy proxy;
  server.add_fault({.at = At::PushSetup,
                    .response = "HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n"
                                "Content-Length: 0\r\n\r\n"});
  EXPECT_TRUE(failed(push_through(proxy.url())));
  EXPECT_THAT(message, AllOf(HasSubstr("the server answered 502"), Not(HasSubstr("the proxy"))));
}

TEST_F(TlsProxies, C27_AProxyThatIsToBeReachedByTlsIsNot) {
  Fault fault;
  fault.at = At::PushSetup;
  fault.response =
      "HTTP/1.1 305 Use Proxy\r\nServer: Cougar/9.6\r\nLocation: https://127.0.0.1:1\r\n"
      "Content-Length: 0\r\n\r\n";
  server.add_fault(fault);
  options.allow_305 = 1;
  EXPECT_EQ(push(server.tls_url()), Result::E_FAIL);
  EXPECT_THAT(message, HasSubstr("which is to be reached by TLS"));
}

TEST_F(TlsProxies, C27_AProxyThatTheServerNamesIsGoneThroughByATunnel) {
  const ForwardProxy proxy;
  Fault fault;
  fault.at = At::PushSetup;
  fault.response = "HTTP/1.1 305 Use Proxy\r\nServer: Cougar/9.6\r\nLocation: " + proxy.url() +
                   "\r\nContent-Length: 0\r\n\r\n";
  server.add_fault(fault);
  options.allow_305 = 1;
  EXPECT_EQ(push(server.tls_url()), Result::S_OK) << message;
  EXPECT_THAT(proxy.heads(), ElementsAre(StartsWith("CONNECT ")));
  expect_delivered(server);
}

// ---------------------------------------------------------------------------------------------
// Who is there

TEST_F(TlsTest, TheServersNameIsAskedForOverTls) {
  FaultyServer server(with_tls());
  ServerName name;
  EXPECT_FALSE(ask_server_name(server.tls_url(), options, name));
  EXPECT_THAT(name.server, StartsWith("Cougar/"));
  options.ca_file = nullptr;
  const Error error = ask_server_name(server.tls_url(), options, name);
  EXPECT_THAT(error.message, HasSubstr("does not trust"));
}

// ---------------------------------------------------------------------------------------------
// The server's side

TEST_F(TlsTest, AClientThatDoesNotComeToShakeHandsIsSentAway) {
  pubpoint::Clock::time_point now = pubpoint::Clock::now();
  Settings settings = with_tls();
  settings.now = [&now] { return now; };
  FaultyServer server(settings);
  RawClient silent(server.tls_port());
  ASSERT_TRUE(server.wait_for([&] { return server.connections() == 1; }));
  now += settings.limits.head_time + 1s;
  server.check_timers();
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(server.limits_met()[pubpoint::Limit::Handshakes], 1u);
  EXPECT_EQ(server.limits_met()[pubpoint::Limit::HeadTime], 0u);
}

TEST_F(TlsTest, WhoOnlyLooksWhetherThePortIsOpenIsNotTalkedAbout) {
  Settings settings = with_tls();
  std::string said;
  settings.log = [&said](const std::string& line) { said += line; };
  {
    FaultyServer server(settings);
    RawClient(server.tls_port()).close();
    RawClient behind(server.tls_port());  // when this one is answered, the first one was seen
    behind.send("GET / HTTP/1.0\r\n\r\n");
    behind.read_to_end();
    EXPECT_EQ(server.limits_met()[pubpoint::Limit::Handshakes], 1u);
  }
  EXPECT_EQ(said.find("handshake"), said.rfind("handshake")) << said;
}

TEST_F(TlsTest, AConnectionThatIsTooManyHearsAnAlert) {
  Settings settings = with_tls();
  settings.limits.connections = 0;
  FaultyServer server(settings);
  EXPECT_EQ(push(server.tls_url()), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("it may be full"));
}

/// A player that speaks TLS, and has room for little.
class SlowPlayer {
 public:
  SlowPlayer(std::uint16_t port, const std::string& authority)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int little = 4096;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    std::shared_ptr<const tls::Context> context;
    EXPECT_FALSE(tls::Context::client({.ca_file = authority}, context));
    tls_ = tls::Stream::client(*context, socket_, "127.0.0.1");
    while (tls_->handshake() == EAGAIN) await();
  }
  ~SlowPlayer() { ::close(socket_); }
  SlowPlayer(const SlowPlayer&) = delete;
  SlowPlayer& operator=(const SlowPlayer&) = delete;

  void ask(std::string_view request) {
    const std::array parts{as_bytes(request)};
    EXPECT_EQ(tls_->send(parts).count, request.size());
  }
  /// What comes next; nothing at the end, or when nothing comes for ten seconds.
  std::size_t read_some() {
    std::array<std::byte, 3000> buffer;
    for (;;) {
      const tls::Transfer came = tls_->receive(buffer);
      ended_ = came.closed;
      if (came.error != EAGAIN) return came.count;
      if (!await()) return 0;
    }
  }
  /// By close_notify.
  bool ended() const { return ended_; }

 private:
  bool await() const {
    pollfd entry{socket_, POLLIN, 0};
    return ::poll(&entry, 1, 10'000) > 0;
  }

  int socket_;
  std::unique_ptr<tls::Stream> tls_;
  bool ended_ = false;
};

TEST_F(TlsTest, ASlowViewerGetsAllOfItBeforeTheNextPacketComesAndTheEndAsSuch) {
  FaultyServer server(with_tls());
  SlowPlayer player(server.tls_port(), authority);
  player.ask("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(server.tls_url()), Result::S_OK);
  const std::string& asf = clip("-b:v 3M -f asf");
  ASSERT_EQ(sink.write(as_bytes(asf)), Result::S_OK);
  ASSERT_TRUE(server.wait_for([&] {
    return server.sessions().back().packets == sink.stats().packets_sent &&
           server.viewers().size() == 1;
  }));
  const auto viewer = server.viewers().front();
  std::size_t received = 0;
  const auto all = sink.stats().packets_sent;
  while (viewer->packets < all || received < viewer->bytes) {
    const std::size_t some = player.read_some();
    ASSERT_GT(some, 0u) << received << " of " << viewer->bytes;
    received += some;
  }
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  while (const std::size_t some = player.read_some()) received += some;
  EXPECT_TRUE(player.ended());
  EXPECT_EQ(received, viewer->bytes);
}

TEST_F(TlsTest, ARequestInClearIsAnsweredInClear) {
  FaultyServer server(with_tls());
  RawClient client(server.tls_port());
  client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), AllOf(StartsWith("HTTP/1.1 400 Bad Request\r\n"),
                                          HasSubstr("sent to the port for HTTPS")));
  EXPECT_EQ(server.limits_met()[pubpoint::Limit::Handshakes], 1u);
}

TEST_F(TlsTest, ANewCertificateIsForThoseWhoComeLater) {
  Settings settings = with_tls();
  FaultyServer server(settings);
  PushSink running(options);
  ASSERT_EQ(running.Connect(server.tls_url()), Result::S_OK);
  ASSERT_EQ(running.write(as_bytes(clip())), Result::S_OK);

  settings.tls = certificates.server({.hosts = {"renewed.example"}});
  EXPECT_EQ(server.reload(settings), "");
  EXPECT_EQ(push(server.tls_url() + "2"), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("is for renewed.example"));
  EXPECT_EQ(running.EndSession(), Result::S_OK) << "who was there stays";

  settings.tls.reset();
  EXPECT_THAT(server.reload(settings), HasSubstr("where to listen for TLS"));
}

}  // namespace
}  // namespace wmpush::test
