// The command over TLS: serve, send and probe.
#include <unistd.h>

#include "serve_run.hpp"
#include "support/certificates.hpp"

namespace wmpush::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class ToolTls : public ServeTest {
 protected:
  Words serving(const Words& more = {}) const {
    Words words = {"serve",       "--listen",   "127.0.0.1:0", "--tls_listen",
                   "127.0.0.1:0", "--tls_cert", certificate};
    words.insert(words.end(), more.begin(), more.end());
    return wmpush(words);
  }
  static std::string tls_url_of(ChildProcess& serve) {
    EXPECT_TRUE(serve.wait_for_output("wmpushs://")) << serve.error_text();
    EXPECT_TRUE(serve.wait_for_output("live\nwmpushs") && serve.wait_for_output("/live\n"));
    const std::string output = serve.output();
    const std::size_t at = output.find("wmpushs://");
    return output.substr(at, output.find('\n', at) - at);
  }
  Finished send(const std::string& url, const Words& options = {}) const {
    Words words = {"send", film(), url, "--fast"};
    words.insert(words.end(), options.begin(), options.end());
    return run(wmpush(words));
  }

  Certificates certificates;
  const std::string certificate = certificates.make("one").string();
  const std::string authority = certificates.authority().string();
};

TEST_F(ToolTls, ServePrintsAUrlOfEachKindAndTakesPushesAtBoth) {
  ChildProcess serve(serving({"--record", folder.path().string()}));
  const std::string url = tls_url_of(serve);
  EXPECT_THAT(serve.output(), MatchesRegex("wmpush://127.0.0.1:[0-9]+/live\n"
                                           "wmpushs://127.0.0.1:[0-9]+/live\n"));
  EXPECT_EQ(send(url, {"--ca_file", authority}).status, 0);
  EXPECT_EQ(send(url_of(serve)).status, 0);
  stop(serve);
  EXPECT_THAT(serve.error_text(), Not(HasSubstr("handshake")));
}

TEST_F(ToolTls, SendAndProbeNameTheFaultOfACertificate) {
  ChildProcess serve(serving());
  const std::string url = tls_url_of(serve);
  const Finished refused = send(url);
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(last_line(refused.error),
              AllOf(HasSubstr("wmpush send: " + url), HasSubstr("does not trust"),
                    HasSubstr("NS_E_PUSH_CANNOTCONNECT")));
  for (const char* connect : {"--connect", "--json"}) {
    EXPECT_EQ(run(wmpush({"probe", url, connect})).status, 1);
    EXPECT_EQ(run(wmpush({"probe", url, connect, "--ca_file", authority})).status, 0);
    EXPECT_EQ(run(wmpush({"probe", url, connect, "--tls_verify", "0"})).status, 0);
  }
  stop(serve);
}

TEST_F(ToolTls, ServeSaysWhatIsWrongWithItsFiles) {
  const auto refused = [&](const Words& words) {
    Words all = {"serve", "--listen", "127.0.0.1:0"};
    all.insert(all.end(), words.begin(), words.end());
    const Finished serve = run(wmpush(all));
    EXPECT_EQ(serve.status, 2);
    return serve.error;
  };
  EXPECT_THAT(refused({"--tls_cert", "/nowhere"}), HasSubstr("tls_cert '/nowhere': No such file"));
  EXPECT_THAT(refused({"--tls_cert", certificate, "--tls_key", authority}),
              HasSubstr("tls_key '" + authority + "': it has no key in PEM"));
  EXPECT_THAT(refused({"--tls_listen", "127.0.0.1:0"}), HasSubstr("TLS needs a certificate"));
  EXPECT_THAT(refused({"--tls_cert", certificate, "--tls_listen", "nowhere"}),
              HasSubstr("nowhere"));
}

TEST_F(ToolTls, ServeSaysThatThePortForTlsIsTaken) {
  ChildProcess serve(serving());
  const std::string url = tls_url_of(serve);
  const std::string place = "127.0.0.1:" + std::to_string(port_of(url.substr(0, url.rfind('/'))));
  const Finished second = run(wmpush(
      {"serve", "--listen", "127.0.0.1:0", "--tls_listen", place, "--tls_cert", certificate}));
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.error,
              AllOf(HasSubstr("cannot listen on " + place), HasSubstr("--tls_listen 127.0.0.1:0")));

  // The other port may have been handed over.
  std::uint16_t port = 0;
  const int plain = listening_socket(port);
  Words command{"bash", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&" + std::to_string(plain),
                "bash"};
  for (const std::string& word :
       wmpush({"serve", "--tls_listen", place, "--tls_cert", certificate}))
    command.push_back(word);
  ChildProcess third(command);
  ::close(plain);
  EXPECT_EQ(third.wait(), 1);
  EXPECT_THAT(third.error_text(), HasSubstr("--tls_listen 127.0.0.1:0"));
  stop(serve);
}

TEST_F(ToolTls, ASignalReadsANewCertificateAndDropsNobody) {
  const std::string config = file("live.toml").string();
  std::filesystem::copy_file(certificate, file("live.pem"));
  std::ofstream(config) << "listen = \"127.0.0.1:0\"\n[tls]\nlisten = \"127.0.0.1:0\"\n"
                           "cert = \"live.pem\"\n";
  ChildProcess serve(wmpush({"serve", "--config", config}));
  const std::string url = tls_url_of(serve);
  Fifo fifo(file("fifo"));
  ChildProcess running(
      wmpush_reading(fifo.path(), {"send", "-", url, "--fast", "--ca_file", authority}));
  ASSERT_TRUE(fifo.write(clip().substr(0, clip().size() / 2)));
  ASSERT_TRUE(serve.wait_for_output(" started "));

  std::filesystem::copy_file(certificates.make("two", {.hosts = {"renewed.example"}}),
                             file("live.pem"), std::filesystem::copy_options::overwrite_existing);
  serve.signal(SIGHUP);
  ASSERT_TRUE(serve.wait_for_error_text("read again what may change\n")) << serve.error_text();
  EXPECT_THAT(send(url, {"--ca_file", authority}).error, HasSubstr("is for renewed.example"));

  std::ofstream(file("live.pem")) << "broken";
  serve.signal(SIGHUP);
  ASSERT_TRUE(serve.wait_for_error_text("not reloaded, all stays as it was"));
  EXPECT_THAT(send(url, {"--ca_file", authority}).error, HasSubstr("is for renewed.example"));

  ASSERT_TRUE(fifo.write(clip().substr(clip().size() / 2)));
  fifo.close();
  EXPECT_EQ(running.wait(), 0) << running.error_text();
  stop(serve);
}

TEST_F(ToolTls, OfTwoSocketsThatAreHandedOverTheSecondIsForTls) {
  std::uint16_t plain_port = 0;
  std::uint16_t tls_port = 0;
  const int plain = listening_socket(plain_port);
  const int tls = listening_socket(tls_port);
  Words command{"bash", "-c",
                "LISTEN_PID=$$ LISTEN_FDS=2 exec \"$@\" 3<&" + std::to_string(plain) + " 4<&" +
                    std::to_string(tls),
                "bash"};
  for (const std::string& word : wmpush({"serve", "--tls_cert", certificate}))
    command.push_back(word);
  ChildProcess serve(command);
  ::close(plain);
  ::close(tls);
  const std::string url = tls_url_of(serve);
  EXPECT_EQ(url, "wmpushs://127.0.0.1:" + std::to_string(tls_port) + "/live");
  EXPECT_EQ(send(url, {"--ca_file", authority}).status, 0);
  EXPECT_EQ(send(url_of(serve)).status, 0);
  stop(serve);
}

}  // namespace
}  // namespace wmpush::test
