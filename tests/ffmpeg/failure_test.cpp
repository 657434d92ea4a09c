// The table of failures: the result, the exit status and the one line that a person reads, through
// ffmpeg, through the AVIO adapter and through the C interface.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "publishing_point.hpp"
#include "wmpush/avio.h"
#include "wmpush/result.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;

enum class Input { Whole, Large, NotAsf, Truncated };

struct Failure {
  std::string name;
  Result result;
  int averror;                     ///< of the AVIO adapter
  std::vector<std::string> words;  ///< in the one line
  std::vector<Fault> faults{};
  Input input = Input::Whole;
  std::vector<std::string> options{};  ///< name, value, name, value
  std::string url{};                   ///< instead of the publishing point's
  std::string server_header{};         ///< instead of the publishing point's
};

void PrintTo(const Failure& failure, std::ostream* out) { *out << failure.name; }

/// A port that refuses connections as long as this lives: bound, and not listened at.
class RefusingPort {
 public:
  RefusingPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_, generic, size) != 0 || getsockname(socket_, generic, &size) != 0)
      ADD_FAILURE() << std::strerror(errno);
    number_ = ntohs(address.sin_port);
  }
  ~RefusingPort() { close(socket_); }
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;
  std::uint16_t number() const { return number_; }

 private:
  int socket_;
  std::uint16_t number_ = 0;
};

const std::string kRefusingUrl = "wmpush://127.0.0.1:REFUSING/live";

Fault respond(At at, int status) {
  return {.at = at, .what = Do::Respond, .status = status, .packet = 3};
}

std::vector<Failure> failures() {
  using enum Result;
  const std::vector<std::string> impatient{"response_timeout", "0.3"};
  return {
      {"RefusedConnection",
       NS_E_PUSH_CANNOTCONNECT,
       AVERROR(ECONNREFUSED),
       {"127.0.0.1", "refused"},
       {},
       Input::Whole,
       {},
       kRefusingUrl},
      {"NoSuchHost",
       NS_E_SERVER_NOT_FOUND,
       AVERROR(EIO),
       {"no-such-host.invalid"},
       {},
       Input::Whole,
       {},
       "wmpush://no-such-host.invalid/live"},
      {"PlainWebServer",
       NS_E_INCOMPATIBLE_PUSH_SERVER,
       AVERROR_INVALIDDATA,
       {"Apache/2.4"},
       {},
       Input::Whole,
       {},
       {},
       "Apache/2.4"},
      {"Status401",
       NS_E_SERVER_ACCESSDENIED,
       AVERROR_HTTP_UNAUTHORIZED,
       {"401"},
       {respond(At::PushSetup, 401)}},
      {"Status403",
       NS_E_SERVER_ACCESSDENIED,
       AVERROR_HTTP_FORBIDDEN,
       {"403"},
       {respond(At::PushSetup, 403)}},
      {"Status404",
       NS_E_INVALID_PUSH_PUBLISHING_POINT,
       AVERROR_HTTP_NOT_FOUND,
       {"404"},
       {respond(At::PushSetup, 404)}},
      {"Status409",
       NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME,
       AVERROR_HTTP_OTHER_4XX,
       {"409"},
       {respond(At::PushSetup, 409)}},
      {"Status503",
       NS_E_SERVER_UNAVAILABLE,
       AVERROR_HTTP_SERVER_ERROR,
       {"503"},
       {respond(At::PushSetup, 503)}},
      {"SilenceAfterConnect",
       NS_E_TIMEOUT,
       AVERROR(ETIMEDOUT),
       {"0.3"},
       {{.at = At::Connect, .what = Do::Stall}},
       Input::Whole,
       impatient},
      {"SilenceAfterPushSetup",
       NS_E_TIMEOUT,
       AVERROR(ETIMEDOUT),
       {"0.3"},
       {{.at = At::PushSetup, .what = Do::Silence}},
       Input::Whole,
       impatient},
      {"Status408InMidBody",
       NS_E_TIMEOUT,
       AVERROR_HTTP_OTHER_4XX,
       {"408"},
       {respond(At::Packet, 408)},
       Input::Large},
      {"CloseInMidBody",
       NS_E_CONNECTION_FAILURE,
       AVERROR(ECONNRESET),
       {"closed"},
       {{.at = At::Packet, .what = Do::Close, .packet = 3}},
       Input::Large},
      {"ResetInMidBody",
       NS_E_CONNECTION_FAILURE,
       AVERROR(ECONNRESET),
       {"reset"},
       {{.at = At::Packet, .what = Do::Reset, .packet = 3}},
       Input::Large},
      {"ResetAfterTheEnd",
       NS_E_CONNECTION_FAILURE,
       AVERROR(ECONNRESET),
       {"reset"},
       {{.at = At::End, .what = Do::Reset}}},
      {"PeerThatStopsReading",
       NS_E_TIMEOUT,
       AVERROR(ETIMEDOUT),
       {"0.3"},
       {{.at = At::Packet, .what = Do::Stall, .packet = 3}},
       Input::Large,
       {"send_timeout", "0.3"}},
      {"NotAsf", NS_E_INVALID_DATA, AVERROR_INVALIDDATA, {"ASF"}, {}, Input::NotAsf},
      {"TruncatedAsf", NS_E_INVALID_DATA, AVERROR_INVALIDDATA, {"truncated"}, {}, Input::Truncated},
  };
}

class FailureTable : public PublishingPoint, public testing::WithParamInterface<Failure> {
 protected:
  void SetUp() override {
    pubpoint::Settings settings;
    settings.receive_buffer = 16384;
    if (!failure.server_header.empty()) settings.server = failure.server_header;
    start(settings);
    for (const Fault& fault : failure.faults) server->add_fault(fault);
    if (failure.input == Input::Truncated) {
      std::filesystem::copy_file(media("whole.asf"), file("truncated.asf"));
      std::filesystem::resize_file(file("truncated.asf"), 50000);
    }
  }

  std::string target() const {
    std::string target = failure.url.empty() ? url() : failure.url;
    if (const std::size_t at = target.find("REFUSING"); at != std::string::npos)
      target.replace(at, 8, std::to_string(refusing.number()));
    return target;
  }

  std::string input_path() const {
    switch (failure.input) {
      case Input::Whole:
        return media("whole.asf");
      case Input::Large:
        return media("large.asf");
      case Input::NotAsf:
        return media("not_asf.mkv");
      case Input::Truncated:
        return file("truncated.asf");
    }
    return {};
  }

  void set(wmpush_options& options) const {
    wmpush_options_init(&options);
    for (std::size_t i = 0; i < failure.options.size(); i += 2)
      ASSERT_EQ(wmpush_options_set(&options, failure.options[i].c_str(),
                                   failure.options[i + 1].c_str(), nullptr),
                WMPUSH_S_OK);
  }

  void expect_words(const std::string& line) const {
    for (const std::string& word : failure.words) EXPECT_THAT(line, HasSubstr(word));
    EXPECT_THAT(line, HasSubstr("wmpush://"));
    EXPECT_THAT(line, HasSubstr("/live"));
  }

  const Failure& failure = GetParam();
  RefusingPort refusing;
};

TEST_P(FailureTable, ThroughFfmpeg) {
  Arguments command{"-f", "data", "-i", input_path(), "-map", "0", "-c", "copy", "-f", "data"};
  if (failure.input == Input::Whole || failure.input == Input::Large)
    command = {"-i", input_path(), "-c", "copy", "-f", "asf"};
  for (std::size_t i = 0; i < failure.options.size(); i += 2)
    command = command + Arguments{"-" + failure.options[i], failure.options[i + 1]};

  const Finished push = run(ffmpeg_wmpush(command + Arguments{target()}));

  expect_failed(push, describe(failure.result), failure.averror);
  // "[wmpush @ 0x5581...] line", and only one that says all of it.
  std::istringstream lines(push.error);
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    bool all = line.starts_with("[wmpush @ ") && line.find(": session accepted") == line.npos;
    for (const std::string& word : failure.words) all = all && line.find(word) != line.npos;
    if (all) found.push_back(line.substr(line.find("] ") + 2));
  }
  ASSERT_EQ(found.size(), 1u) << push.error;
  expect_words(found.front());
}

/// What the adapter reports to av_log at the level of an error.
std::string& reported() {
  static std::string lines;
  return lines;
}

void keep_error(void*, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char line[2048];
  std::vsnprintf(line, sizeof line, format, arguments);
  reported() += line;
}

TEST_P(FailureTable, ThroughTheAvioAdapter) {
  wmpush_options options;
  set(options);
  reported().clear();
  av_log_set_callback(keep_error);

  AVIOContext* pb = nullptr;
  int ret = wmpush_avio_open(&pb, target().c_str(), &options, nullptr);
  if (ret >= 0) {
    const std::string bytes = read_file(input_path());
    constexpr std::size_t kPiece = 3200;
    for (std::size_t at = 0; at < bytes.size() && pb->error >= 0; at += kPiece) {
      avio_write(pb, reinterpret_cast<const unsigned char*>(bytes.data() + at),
                 static_cast<int>(std::min(kPiece, bytes.size() - at)));
      avio_flush(pb);
    }
    ret = wmpush_avio_closep(&pb);
  }
  av_log_set_callback(av_log_default_callback);

  EXPECT_EQ(pb, nullptr);
  EXPECT_EQ(ret, failure.averror) << reported();
  EXPECT_EQ(std::count(reported().begin(), reported().end(), '\n'), 1) << reported();
  expect_words(reported());
}

TEST_P(FailureTable, ThroughTheCInterface) {
  wmpush_options options;
  set(options);
  wmpush_error error{};
  error.size = sizeof error;

  wmpush_session* session = nullptr;
  wmpush_result result = wmpush_open(&session, target().c_str(), &options, &error);
  if (!WMPUSH_FAILED(result)) {
    const std::string bytes = read_file(input_path());
    result = wmpush_write(session, bytes.data(), bytes.size());
    if (!WMPUSH_FAILED(result)) result = wmpush_on_end_writing(session);
    if (!WMPUSH_FAILED(result)) result = wmpush_end_session(session);
    wmpush_last_error(session, &error);
    wmpush_close(&session);
  }

  EXPECT_EQ(describe(static_cast<Result>(result)), describe(failure.result)) << error.message;
  EXPECT_EQ(error.result, result);
  expect_words(error.message);
}

INSTANTIATE_TEST_SUITE_P(Of, FailureTable, testing::ValuesIn(failures()),
                         [](const auto& parameter) { return parameter.param.name; });

/// A codec that ASF, or this ffmpeg's muxer for it, cannot carry.
struct Codec {
  std::string name;
  Arguments arguments;
  std::string stream;
};

class UnfitCodec : public PublishingPoint, public testing::WithParamInterface<Codec> {};

TEST_P(UnfitCodec, IsNamedWithItsStream) {
  if (is_built_in()) GTEST_SKIP() << "an ffmpeg built for these tests has few encoders";
  const Finished push = run(ffmpeg_wmpush(
      Arguments{"-i", media("input.asf"), "-map", "0:0", "-map", "0:1", "-c", "copy"} +
      GetParam().arguments + Arguments{"-f", "asf", url()}));
  EXPECT_NE(push.status, 0);
  EXPECT_THAT(push.error, HasSubstr(GetParam().stream));
}

INSTANTIATE_TEST_SUITE_P(Of, UnfitCodec,
                         testing::Values(Codec{"Gif", {"-c:v", "gif"}, "stream #0 (video"},
                                         Codec{"Bmp", {"-c:v", "bmp"}, "stream #0 (video"},
                                         Codec{"Alac", {"-c:a", "alac"}, "stream #1 (audio"}),
                         [](const auto& codec) { return codec.param.name; });

using EncoderFailure = PublishingPoint;

TEST_F(EncoderFailure, IsNotBuriedUnderOurs) {
  const Finished push = run(ffmpeg_wmpush({"-v", "error", "-i", media("input.asf"), "-map", "0:1",
                                           "-ac", "6", "-c:a", "wmav2", "-f", "asf", url()}));
  EXPECT_NE(push.status, 0);
  EXPECT_THAT(push.error, testing::StartsWith("[wmav2"));
  EXPECT_THAT(push.error, testing::Not(HasSubstr("E_FAIL"))) << push.error;
}

/// What ffmpeg itself sends to http:// is nothing that a publishing point takes.
class HttpOutput : public PublishingPoint {
 protected:
  Finished push_to(const std::string& output, const Arguments& format = {"-f", "asf"}) {
    return run(ffmpeg_wmpush(Arguments{"-i", media("input.asf"), "-map", "0:1", "-c", "copy"} +
                             format + Arguments{output}));
  }
  std::string http_url(const std::string& user = {}) const {
    return "http://" + user + url().substr(url().find("//") + 2);
  }
};

TEST_F(HttpOutput, ToAPublishingPointIsExplained) {
  if (is_built_in()) GTEST_SKIP() << "only the preload object sees it";
  for (const std::string user : {"", "me:opensesame@"}) {
    const Finished push = push_to(http_url(user));
    EXPECT_THAT(push.error, HasSubstr("write " + url())) << push.error;
  }
  EXPECT_THAT(push_to(http_url(), {"-f", "mpegts", "-c:a", "mp2"}).error,
              testing::Not(HasSubstr("wmpush: ")));
}

TEST_F(HttpOutput, ToAnotherServerIsNobodysBusiness) {
  pubpoint::Settings settings;
  settings.server = "Apache/2.4";
  start(settings);
  EXPECT_THAT(push_to(http_url()).error, testing::Not(HasSubstr("wmpush: ")));
}

}  // namespace
}  // namespace wmpush::test
