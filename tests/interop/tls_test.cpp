// TLS with programs of others: proxies that end it in front of a publishing point, and players.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "interop/haproxy.hpp"
#include "interop/nginx.hpp"
#include "interop/program.hpp"
#include "interop/push_test.hpp"
#include "support/child_process.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;

class TlsTest : public PushTest {
 protected:
  static std::string url(const Proxy& proxy, const std::string& host = "127.0.0.1") {
    return "wmpushs://" + host + ":" + std::to_string(proxy.port()) + "/live";
  }
  /// The certificate of the next proxy.
  void show(const Certificates::Wish& wish) {
    std::filesystem::copy_file(certificates.make("shown", wish), folder.path() / "tls.pem",
                               std::filesystem::copy_options::overwrite_existing);
  }

  const NumberedStream stream{100};
};

TEST_F(TlsTest, FaultsOfTheCertificateOfHaproxyAndOfNginxAreTold) {
  if (!Haproxy::missing().empty()) GTEST_SKIP() << "no " << Haproxy::missing();
  if (!Nginx::missing().empty()) GTEST_SKIP() << "no " << Nginx::missing();
  listen();
  struct Case {
    Certificates::Wish wish;
    const char* words;
  };
  for (const Case& each :
       {Case{{.hosts = {"other.example"}}, "is for other.example and not for"},
        Case{{.from_day = -9, .to_day = -2}, "expired on "},
        Case{{.signer = Certificates::Signer::Itself}, "by nobody but itself"}}) {
    show(each.wish);
    const Haproxy haproxy(folder.path(), point->port(), true);
    EXPECT_EQ(push(url(haproxy), stream.asf()), Result::NS_E_PUSH_CANNOTCONNECT);
    EXPECT_THAT(message, HasSubstr(each.words));
    const Nginx nginx(folder.path(), point->port(), Nginx::Habits{.tls = true});
    EXPECT_EQ(push(url(nginx), stream.asf()), Result::NS_E_PUSH_CANNOTCONNECT);
    EXPECT_THAT(message, HasSubstr(each.words));
  }
  EXPECT_EQ(point->requests(), 0u);
}

TEST_F(TlsTest, APortOfHaproxyOrNginxWithoutTlsIsTold) {
  if (!Haproxy::missing().empty()) GTEST_SKIP() << "no " << Haproxy::missing();
  if (!Nginx::missing().empty()) GTEST_SKIP() << "no " << Nginx::missing();
  listen();
  const Haproxy haproxy(folder.path(), point->port());
  EXPECT_EQ(push(url(haproxy), stream.asf()), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("speaks no TLS on this port"));
  const Nginx nginx(folder.path(), point->port());
  EXPECT_EQ(push(url(nginx), stream.asf()), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(message, HasSubstr("speaks no TLS on this port"));
}

TEST_F(TlsTest, NginxGetsACertificateOfOursWhereItAsksForOne) {
  if (!Nginx::missing().empty()) GTEST_SKIP() << "no " << Nginx::missing();
  listen();
  const Nginx nginx(folder.path(), point->port(),
                    Nginx::Habits{.tls = true, .wants_certificate = true});
  EXPECT_TRUE(failed(push(url(nginx), stream.asf()))) << "nginx answers 400 without one";
  EXPECT_EQ(point->requests(), 0u);
  const std::string ours = certificates.make("pusher", {.hosts = {"pusher"}}).string();
  options.cert_file = ours.c_str();
  EXPECT_EQ(push(url(nginx), stream.asf()), Result::S_OK) << said();
  expect_delivered(stream);
}

/// The hash of each frame, which does not depend on when it is shown.
std::vector<std::string> hashes(const std::string& framemd5) {
  std::vector<std::string> found;
  std::istringstream lines(framemd5);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('#')) found.push_back(line.substr(line.rfind(' ') + 1));
  std::ranges::sort(found);
  return found;
}

std::string decoded(const std::filesystem::path& ffmpeg, const std::filesystem::path& file) {
  ChildProcess reader({ffmpeg.string(), "-v", "error", "-nostdin", "-i", file.string(), "-map", "0",
                       "-f", "framemd5", "-"});
  EXPECT_EQ(reader.wait(), 0) << reader.error_text();
  return reader.output();
}

TEST_F(TlsTest, FfmpegPlaysOverHttps) {
  const std::filesystem::path ffmpeg = find_program("ffmpeg");
  if (ffmpeg.empty()) GTEST_SKIP() << "no ffmpeg";
  pubpoint::Settings settings;
  settings.tls = certificates.server();
  listen(settings);
  const std::string from = "https" + point->tls_url().substr(7);
  ChildProcess player({ffmpeg.string(), "-v", "error", "-nostdin", "-ca_file", authority,
                       "-tls_verify", "1", "-i", from, "-map", "0", "-f", "framemd5", "-"});
  // It waits for the push, which must not be over before it has begun to play.
  ASSERT_TRUE(point->wait_for([&] { return point->requests() > 0; }));
  const Bytes asf = as_bytes(clip());
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(point->tls_url()), Result::S_OK) << said();
  ASSERT_EQ(sink.write(asf.first(asf.size() / 4)), Result::S_OK);
  ASSERT_TRUE(point->wait_for([&] { return !point->viewers().empty(); }));
  ASSERT_EQ(sink.write(asf.subspan(asf.size() / 4)), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  EXPECT_EQ(player.wait(), 0) << player.error_text();
  // With GnuTLS it says that any stream without a length ends prematurely, though it has heard the
  // close_notify: the frames are what counts.
  ASSERT_TRUE(point->wait_for([&] { return !session().recordings.empty(); }));
  const std::vector<std::string> frames = hashes(player.output());
  EXPECT_GT(frames.size(), 10u);
  EXPECT_EQ(frames, hashes(decoded(ffmpeg, session().recordings.front())));
}

}  // namespace
}  // namespace wmpush::test
