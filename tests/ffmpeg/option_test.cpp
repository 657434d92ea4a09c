// The library's options as flags of ffmpeg and in the URL.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavutil/error.h>
}

#include <cerrno>
#include <csignal>

#include "publishing_point.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class FfmpegOption : public PublishingPoint {
 protected:
  const Arguments input{"-i", media("input.asf"), "-map", "0:1", "-c", "copy"};

  /// A point that was made from "/live" and has gone with its session.
  void expect_copy_of_the_template(const std::string& point) {
    const auto session = ended_session();
    EXPECT_EQ(session.point, point);
    EXPECT_TRUE(session.end_of_stream);
    EXPECT_THAT(server->points(), Not(testing::Contains(point)));
  }
};

TEST_F(FfmpegOption, IsAFlag) {
  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-template_url", "/live", "-auto_destroy", "1", "-f", "asf", url("/new")}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_copy_of_the_template("/new");
}

TEST_F(FfmpegOption, IsAParameterOfTheUrl) {
  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-f", "asf", url("/new") + "?template_url=/live&auto_destroy=1"}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_copy_of_the_template("/new");
}

TEST_F(FfmpegOption, IsAnOptionOfATeeOutput) {
  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-f", "tee", "[f=asf:template_url=/live:auto_destroy=1]" + url("/new")}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_copy_of_the_template("/new");
}

TEST_F(FfmpegOption, IsAnOptionOfAFifoOutput) {
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-f", "fifo", "-fifo_format", "asf", "-format_opts",
                                          "template_url=/live:auto_destroy=1", url("/new")}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_copy_of_the_template("/new");
}

TEST_F(FfmpegOption, OutOfRangeIsRefusedWithItsName) {
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-auto_destroy", "7", "-f", "asf", url()}));

  EXPECT_NE(push.status, 0);
  EXPECT_THAT(push.error, HasSubstr("auto_destroy"));
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(FfmpegOption, TakesDurationsAsFfmpegDoes) {
  server->add_fault({.at = At::PushSetup, .what = Do::Silence});

  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-response_timeout", "300ms", "-f", "asf", url()}));

  expect_failed(push, "NS_E_TIMEOUT", AVERROR(ETIMEDOUT));
}

TEST_F(FfmpegOption, RwTimeoutStandsForTheTimeouts) {
  server->add_fault({.at = At::PushSetup, .what = Do::Silence});

  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-rw_timeout", "300000", "-f", "asf", url()}));

  expect_failed(push, "NS_E_TIMEOUT", AVERROR(ETIMEDOUT));
}

TEST_F(FfmpegOption, RwTimeoutIsALimitOverTheOthers) {
  server->add_fault({.at = At::PushSetup, .what = Do::Silence});
  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-response_timeout", "30", "-rw_timeout", "300000", "-f", "asf", url()}));
  expect_failed(push, "NS_E_TIMEOUT", AVERROR(ETIMEDOUT));
  EXPECT_THAT(push.error, HasSubstr("0.3 s"));
}

/// A live source for a server that reads nothing for a while.
TEST_F(FfmpegOption, CongestionDropHoldsNoEncoderUp) {
  pubpoint::Settings settings;
  settings.receive_buffer = 16 * 1024;
  start(settings);
  server->add_fault({.at = At::Packet,
                     .what = Do::Delay,
                     .packet = 20,
                     .delay = std::chrono::milliseconds(3000)});
  const auto begin = std::chrono::steady_clock::now();
  // Some megabytes more than systems keep.
  const Finished push = run(ffmpeg_wmpush(
      {"-re",         "-f",     "lavfi", "-i",          "testsrc2=size=1280x720:rate=25",
       "-t",          "6",      "-c:v",  "wmv2",        "-g",
       "25",          "-q:v",   "1",     "-congestion", "drop",
       "-queue_size", "300000", "-f",    "asf",         url()}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(12));
  EXPECT_THAT(push.error, HasSubstr("the network is too slow"));
  EXPECT_THAT(push.error, HasSubstr("the network has caught up"));
  ASSERT_FALSE(server->sessions().empty());
  EXPECT_TRUE(server->sessions().front().end_of_stream);
}

TEST(FfmpegHelp, ListsEveryOption) {
  const Finished help = run(ffmpeg_wmpush({"-h", "protocol=wmpush"}));

  EXPECT_EQ(help.status, 0);
  for (std::size_t i = 0; const wmpush_option_info* option = wmpush_option_at(i); ++i)
    EXPECT_THAT(help.output, HasSubstr(std::string("-") + option->name + " "));
}

TEST(FfmpegHelp, ListsTheProtocolAmongTheOutputs) {
  const std::string protocols = run(ffmpeg_wmpush({"-protocols"})).output;

  const std::size_t outputs = protocols.find("Output:");
  ASSERT_NE(outputs, std::string::npos);
  EXPECT_NE(protocols.find("wmpush\n", outputs), std::string::npos);
  EXPECT_EQ(protocols.substr(0, outputs).find("wmpush\n"), std::string::npos);
}

class Password : public FfmpegOption {
 protected:
  /// A push that goes on until the test has looked at it.
  Arguments endless(const std::string& output) const {
    return ffmpeg_wmpush({"-re", "-stream_loop", "-1", "-i", media("input.asf"), "-map", "0:1",
                          "-c", "copy", "-f", "asf", output});
  }
  /// From now on the publishing point wants the user "me" to have this password.
  void demand(const std::string& password) {
    pubpoint::Settings settings;
    settings.authentication.user = "me";
    settings.authentication.password = password;
    start(settings);
  }
  std::string with_password(const std::string& point) const {
    std::string text = url(point);
    return text.insert(text.find("//") + 2, "someone:opensesame@");
  }
};

TEST_F(Password, InTheUrlIsNeitherPrintedNorInTheProcessList) {
  ChildProcess push(endless(with_password("/live")));
  ASSERT_TRUE(push.wait_for_error_text("Output #0, asf, to 'wmpush://someone:***@"))
      << push.error_text();
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == 2; }));

  const std::string arguments = read_file("/proc/" + std::to_string(push.id()) + "/cmdline");
  push.signal(SIGINT);
  push.wait();

  EXPECT_THAT(arguments, HasSubstr("someone:"));
  EXPECT_THAT(arguments, Not(HasSubstr("opensesame")));
  EXPECT_THAT(push.error_text(), Not(HasSubstr("opensesame")));
}

TEST_F(Password, AsAnOptionIsNotInTheProcessListEither) {
  Arguments command = endless(url());
  command.insert(command.end() - 1, {"-user", "someone", "-password", "opensesame"});
  ChildProcess push(command);
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == 2; })) << push.error_text();

  const std::string arguments = read_file("/proc/" + std::to_string(push.id()) + "/cmdline");
  push.signal(SIGINT);

  EXPECT_EQ(push.wait(), 255) << push.error_text();
  EXPECT_THAT(arguments, HasSubstr("someone"));
  EXPECT_THAT(arguments, Not(HasSubstr("opensesame")));
  EXPECT_THAT(push.error_text(), Not(HasSubstr("opensesame")));
}

TEST_F(Password, AsAnOptionIsNotPrintedEvenForDebugging) {
  demand("open:sesame");

  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-v", "debug", "-user", "me", "-password", "open:sesame", url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_THAT(push.error, HasSubstr("-password"));
  EXPECT_THAT(push.error, Not(HasSubstr("sesame")));
}

TEST_F(Password, InTheOptionsOfATeeIsUsedAndNeitherPrintedNorInTheProcessList) {
  demand("open:sesame");
  ChildProcess push(ffmpeg_wmpush(
      {"-v", "debug", "-re", "-stream_loop", "-1", "-i", media("input.asf"), "-map", "0:1", "-c",
       "copy", "-f", "tee", R"([f=asf:user=me:password=open\\:sesame:auto_destroy=0])" + url()}));
  EXPECT_TRUE(server->wait_for([&] {
    const auto sessions = server->sessions();
    return !sessions.empty() && sessions.front().packets > 0;
  })) << push.error_text();

  const std::string arguments = read_file("/proc/" + std::to_string(push.id()) + "/cmdline");
  push.signal(SIGINT);

  EXPECT_EQ(push.wait(), 255) << push.error_text();
  EXPECT_THAT(arguments, HasSubstr("user=me:password="));
  EXPECT_THAT(arguments, Not(HasSubstr("open")));
  EXPECT_THAT(arguments, Not(HasSubstr("sesame")));
  EXPECT_THAT(push.error_text(), Not(HasSubstr("sesame")));
}

TEST_F(Password, InTheOptionsOfAFifoIsUsedAndNotPrinted) {
  demand("open:sesame");

  const Finished push = run(
      ffmpeg_wmpush(input + Arguments{"-v", "debug", "-f", "fifo", "-fifo_format", "asf",
                                      "-format_opts", R"(user=me:password=open\:sesame)", url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_THAT(push.error, Not(HasSubstr("sesame")));
}

TEST_F(Password, WithAnUnescapedSlashIsNotPrinted) {
  std::string output = url();
  output.insert(output.find("//") + 2, "me:open/sesame@");

  const Finished push = run(ffmpeg_wmpush(input + Arguments{"-v", "debug", "-f", "asf", output}));

  expect_failed(push, "E_INVALIDARG", AVERROR(EINVAL));
  EXPECT_THAT(push.error, HasSubstr("%2F"));
  EXPECT_THAT(push.error, Not(HasSubstr("sesame")));
  EXPECT_THAT(push.error, Not(HasSubstr("'open'")));
}

TEST_F(Password, IsNotEvenTracedWhereTheUrlIsMisspeltOrForgotten) {
  const std::string address = "http://joe:sEcr3t@127.0.0.1:1";
  const std::string behind = "joe:sEcr3t@127.0.0.1:1/live";
  for (const Arguments& output :
       {Arguments{"-http_proxy", address}, Arguments{"-http_proxy", address, "-f", "asf"},
        Arguments{"wmpsh://" + behind}, Arguments{"WMPUSH://" + behind},
        Arguments{"-http_proxy", address, "wmpsh://127.0.0.1:1/live"},
        Arguments{url() + "?user=joe&pasword=sEcr3t"}}) {
    const Finished push = run(ffmpeg_wmpush(Arguments{"-v", "trace"} + input + output));
    EXPECT_THAT(push.error, Not(HasSubstr("sEcr3t")));
    EXPECT_THAT(push.error, HasSubstr("Reading option")) << "it was traced";
  }
}

TEST_F(Password, InTheUrlOfAFailedPushIsNotPrinted) {
  server->add_fault({.at = At::PushSetup, .status = 403});

  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-v", "debug", "-f", "asf",
                                          with_password("/live") + "?password=opensesame"}));

  expect_failed(push, "NS_E_SERVER_ACCESSDENIED", AVERROR_HTTP_UNAUTHORIZED);
  EXPECT_THAT(push.error, HasSubstr("403"));
  EXPECT_THAT(push.error, Not(HasSubstr("opensesame")));
}

TEST_F(Password, OfEachTeeOutputIsMaskedAndUsed) {
  const Finished push = run(ffmpeg_wmpush(
      input + Arguments{"-f", "tee", "[f=asf]" + with_password("/live") + "|[f=null]-"}));

  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_THAT(push.error, Not(HasSubstr("opensesame")));
  EXPECT_TRUE(ended_session().end_of_stream);
}

}  // namespace
}  // namespace wmpush::test
