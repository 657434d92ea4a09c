// ffmpeg's pushes over TLS. SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavutil/error.h>
}

#include <cerrno>

#include "publishing_point.hpp"
#include "support/certificates.hpp"

namespace wmpush::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class FfmpegTls : public PublishingPoint {
 protected:
  FfmpegTls() {
    pubpoint::Settings settings;
    settings.tls = certificates.server();
    start(settings);
  }

  Finished push(const Arguments& options, const std::string& target) const {
    return run(ffmpeg_wmpush(Arguments{"-i", media("input.asf"), "-map", "0", "-c", "copy"} +
                             options + Arguments{"-f", "asf", target}));
  }

  Certificates certificates;
  const std::string authority = certificates.authority().string();
};

TEST_F(FfmpegTls, ArriveWhole) {
  const Finished finished = push({"-ca_file", authority}, server->tls_url());
  EXPECT_EQ(finished.status, 0) << finished.error;
  expect_recording_of(media("input.asf"));
}

TEST_F(FfmpegTls, NameTheFaultOfACertificate) {
  const Finished finished = push({}, server->tls_url());
  expect_failed(finished, "NS_E_PUSH_CANNOTCONNECT", AVERROR(EPROTO));
  EXPECT_THAT(finished.error, AllOf(HasSubstr(server->tls_url()), HasSubstr("does not trust"),
                                    HasSubstr("give that authority's certificate as ca_file")));
  EXPECT_EQ(server->requests(), 0u);
}

TEST_F(FfmpegTls, GoToAnybodyWithoutVerification) {
  const Finished finished = push({"-tls_verify", "0"}, server->tls_url());
  EXPECT_EQ(finished.status, 0) << finished.error;
  EXPECT_TRUE(ended_session().end_of_stream);
}

TEST_F(FfmpegTls, GoThroughATeeAsWell) {
  const Finished finished =
      run(ffmpeg_wmpush({"-i", media("input.asf"), "-map", "0", "-c", "copy", "-f", "tee",
                         "[f=asf:ca_file=" + authority + "]" + server->tls_url()}));
  EXPECT_EQ(finished.status, 0) << finished.error;
  EXPECT_TRUE(ended_session().end_of_stream);
}

TEST_F(FfmpegTls, HideThePasswordInTheUrl) {
  if (is_built_in()) GTEST_SKIP() << "FFmpeg prints its arguments";
  std::string url = server->tls_url();
  url.insert(url.find("//") + 2, "me:hush-hush@");
  const Finished finished = push({"-loglevel", "debug"}, url);
  EXPECT_NE(finished.status, 0);
  EXPECT_THAT(finished.error, AllOf(HasSubstr("me@"), Not(HasSubstr("hush"))));
}

TEST_F(FfmpegTls, AreAProtocolOfTheirOwn) {
  const Finished protocols = run(ffmpeg_wmpush({"-protocols"}));
  EXPECT_THAT(protocols.output, AllOf(HasSubstr("  wmpush\n"), HasSubstr("  wmpushs\n")));
  EXPECT_THAT(run(ffmpeg_wmpush({"-h", "protocol=wmpushs"})).output, HasSubstr("tls_verify"));
}

}  // namespace
}  // namespace wmpush::test
