// Pushes of ffmpeg through a proxy, and to where a redirect leads.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavutil/error.h>
}

#include <cerrno>
#include <csignal>

#include "publishing_point.hpp"
#include "support/faulty_server.hpp"
#include "support/forward_proxy.hpp"

namespace wmpush::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kCredentials = "pat:hush%2Dhush";

ForwardProxy::Settings guarded() {
  ForwardProxy::Settings settings;
  settings.authentication.user = "pat";
  settings.authentication.password = "hush-hush";
  return settings;
}

class FfmpegProxy : public PublishingPoint {
 protected:
  FfmpegProxy() : proxy(guarded()) { forget_proxies(); }

  void expect_pushed(const Finished& push) {
    EXPECT_EQ(push.status, 0) << push.error;
    EXPECT_TRUE(ended_session().end_of_stream);
    EXPECT_EQ(proxy.client_connections(), 1u);
    EXPECT_THAT(proxy.breaches(), IsEmpty());
    for (const auto& attempt : proxy.attempts()) EXPECT_TRUE(attempt.granted);
  }
  static void expect_no_secret(const std::string& text) {
    EXPECT_THAT(text, AllOf(Not(HasSubstr("hush")), Not(HasSubstr("cGF0Omh1c2g"))));
  }

  const Arguments input{"-i", media("input.asf"), "-map", "0:1", "-c", "copy"};
  ForwardProxy proxy;
};

TEST_F(FfmpegProxy, IsAFlagWhosePasswordIsNotEvenTraced) {
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-v", "trace", "-http_proxy", proxy.url(kCredentials),
                                          "-f", "asf", url()}));
  expect_pushed(push);
  if (!is_built_in()) expect_no_secret(push.error);
}

TEST_F(FfmpegProxy, IsAnOptionOfATeeOutput) {
  if (is_built_in()) GTEST_SKIP() << "lists are escaped for the preload object here";
  std::string address = proxy.url(kCredentials);
  for (std::size_t at = 0; (at = address.find(':', at)) != address.npos; at += 3)
    address.insert(at, "\\\\");
  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-v", "trace", "-f", "tee",
                        "[f=asf:http_proxy=" + address + ":auto_destroy=0]" + url()}));
  expect_pushed(push);
  expect_no_secret(push.error);
}

TEST_F(FfmpegProxy, IsRefusedAsAParameterOfTheUrl) {
  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-f", "asf", url() + "?http_proxy=" + proxy.url("pat:hush-hush")}));
  expect_failed(push, "E_INVALIDARG", AVERROR(EINVAL));
  EXPECT_THAT(push.error, AllOf(HasSubstr("http_proxy is not taken from a URL"),
                                HasSubstr("-http_proxy of ffmpeg")));
  if (!is_built_in()) expect_no_secret(push.error);
  EXPECT_EQ(proxy.client_connections(), 0u);
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(FfmpegProxy, OfTheEnvironmentIsForTheOutputsOfEveryMuxer) {
  for (const std::string muxer : {"tee", "fifo", "segment"}) {
    pubpoint::Settings settings;
    settings.points = {"/live", "/live0"};
    start(settings);
    const Arguments output =
        muxer == "tee" ? Arguments{"-f", "tee", "[f=asf]" + url()}
        : muxer == "fifo"
            ? Arguments{"-f", "fifo", "-fifo_format", "asf", url()}
            : Arguments{"-f", "segment",          "-segment_format", "asf", "-segment_time",
                        "60", url("/live") + "%d"};
    const std::size_t before = proxy.client_connections();
    const Finished push =
        run(ffmpeg_wmpush(input + output), {"http_proxy=" + proxy.url(kCredentials)});
    EXPECT_EQ(push.status, 0) << push.error;
    EXPECT_TRUE(ended_session().end_of_stream);
    EXPECT_EQ(proxy.client_connections(), before + 1);
    EXPECT_THAT(proxy.breaches(), IsEmpty());
    expect_no_secret(push.error);
  }
}

TEST_F(FfmpegProxy, IsAnOptionForTheOutputOfAFifo) {
  if (is_built_in()) GTEST_SKIP() << "lists are escaped for the preload object here";
  std::string address = proxy.url(kCredentials);
  for (std::size_t at = 0; (at = address.find(':', at)) != address.npos; at += 2)
    address.insert(at, "\\");
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-v", "trace", "-f", "fifo", "-fifo_format", "asf",
                                          "-format_opts", "http_proxy=" + address, url()}));
  expect_pushed(push);
  expect_no_secret(push.error);
}

TEST_F(FfmpegProxy, IsTakenFromTheEnvironment) {
  const Arguments command = ffmpeg_wmpush(input + Arguments{"-v", "trace", "-f", "asf", url()});
  const Finished push = run(command, {"http_proxy=" + proxy.url(kCredentials)});
  expect_pushed(push);
  expect_no_secret(push.error);
}

TEST_F(FfmpegProxy, IsNotGoneThroughWhenTheOptionIsEmpty) {
  const Arguments command = ffmpeg_wmpush(input + Arguments{"-http_proxy", "", "-f", "asf", url()});
  const Finished push = run(command, {"http_proxy=" + proxy.url()});
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(proxy.client_connections(), 0u);
}

TEST_F(FfmpegProxy, ThatIsNotThereIsNamed) {
  if (is_built_in()) GTEST_SKIP() << "ffmpeg itself prints the options it was given";
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-http_proxy", "http://pat:hush-hush@proxy.invalid:3128",
                                          "-f", "asf", url()}));
  expect_failed(push, "NS_E_PROXY_NOT_FOUND", AVERROR(ETIMEDOUT));
  EXPECT_THAT(push.error, HasSubstr("proxy proxy.invalid:3128, which the option http_proxy names"));
  expect_no_secret(push.error);
}

TEST_F(FfmpegProxy, AndItsPasswordAreNotInTheProcessList) {
  if (is_built_in()) GTEST_SKIP() << "nothing clears the arguments of that ffmpeg";
  ChildProcess push(
      ffmpeg_wmpush({"-re", "-stream_loop", "-1", "-i", media("input.asf"), "-map", "0:1", "-c",
                     "copy", "-http_proxy", proxy.url(kCredentials), "-f", "asf", url()}));
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == 2; })) << push.error_text();
  const std::string arguments = read_file("/proc/" + std::to_string(push.id()) + "/cmdline");
  push.signal(SIGINT);
  EXPECT_EQ(push.wait(), 255) << push.error_text();
  EXPECT_THAT(arguments, HasSubstr("-http_proxy"));
  expect_no_secret(arguments + push.error_text());
}

using FfmpegRedirect = PublishingPoint;

TEST_F(FfmpegRedirect, C23_IsFollowed) {
  FaultyServer second{pubpoint::Settings{}};
  Fault fault;
  fault.at = At::PushSetup;
  fault.response = "HTTP/1.1 302 Found\r\nLocation: " + second.url() +
                   "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  server->add_fault(fault);
  const Finished push = run(
      ffmpeg_wmpush({"-i", media("input.asf"), "-map", "0:1", "-c", "copy", "-f", "asf", url()}));
  EXPECT_EQ(push.status, 0) << push.error;
  ASSERT_EQ(second.sessions().size(), 1u);
  EXPECT_TRUE(second.sessions()[0].end_of_stream);
}

}  // namespace
}  // namespace wmpush::test
