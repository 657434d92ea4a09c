// FFmpeg's protocol wmpush: its options, and what a URLContext makes of a session.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavutil/opt.h>

#include "url.h"
}
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "pubpoint/server.hpp"
#include "support/clip.hpp"
#include "support/faulty_server.hpp"
#include "wmpush/wmpush.h"

extern "C" int ff_check_interrupt(AVIOInterruptCB* cb) {
  return cb->callback != nullptr && cb->callback(cb->opaque) != 0 ? 1 : 0;
}

namespace wmpush::test {
namespace {

AVOptionType av_type(wmpush_option_type type) {
  switch (type) {
    case WMPUSH_OPTION_FLAG:
      return AV_OPT_TYPE_BOOL;
    case WMPUSH_OPTION_INTEGER:
      return AV_OPT_TYPE_INT64;
    case WMPUSH_OPTION_DURATION:
      return AV_OPT_TYPE_DURATION;
    case WMPUSH_OPTION_TEXT:
      return AV_OPT_TYPE_STRING;
  }
  return AV_OPT_TYPE_CONST;
}

TEST(UrlProtocol, HasTheLibrarysOptions) {
  const AVOption* option = ff_libwmpush_protocol.priv_data_class->option;
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i, ++option) {
    ASSERT_NE(option->name, nullptr) << info->name << " is missing";
    SCOPED_TRACE(info->name);
    EXPECT_STREQ(option->name, info->name);
    EXPECT_STREQ(option->help, info->help);
    EXPECT_EQ(option->type, av_type(info->type));
    EXPECT_EQ(option->flags, AV_OPT_FLAG_ENCODING_PARAM);
    EXPECT_EQ(option->min, static_cast<double>(info->minimum));
    EXPECT_EQ(option->max, static_cast<double>(info->maximum));
    if (info->type == WMPUSH_OPTION_TEXT)
      EXPECT_EQ(option->default_val.str, nullptr);
    else
      EXPECT_EQ(option->default_val.i64, info->default_value);
  }
  EXPECT_EQ(option->name, nullptr) << "the library does not have it";
}

/// What libavformat does around a protocol.
class Url {
 public:
  explicit Url(std::string url) : url_(std::move(url)), private_(priv_size(), 0) {
    context.prot = &ff_libwmpush_protocol;
    context.filename = url_.data();
    context.priv_data = private_.data();
    const AVClass* const of = ff_libwmpush_protocol.priv_data_class;
    std::memcpy(private_.data(), &of, sizeof of);
    av_opt_set_defaults(private_.data());
  }
  ~Url() {
    if (context.is_connected != 0) close();
    av_opt_free(private_.data());
  }
  Url(const Url&) = delete;
  Url& operator=(const Url&) = delete;

  int set(const char* name, const char* value) {
    return av_opt_set(private_.data(), name, value, 0);
  }
  int open(int flags = AVIO_FLAG_WRITE) {
    context.flags = flags;
    const int ret = ff_libwmpush_protocol.url_open(&context, context.filename, flags);
    context.is_connected = ret == 0 ? 1 : 0;
    return ret;
  }
  int write(const std::string& bytes) {
    return ff_libwmpush_protocol.url_write(&context,
                                           reinterpret_cast<const unsigned char*>(bytes.data()),
                                           static_cast<int>(bytes.size()));
  }
  int close() {
    context.is_connected = 0;
    return ff_libwmpush_protocol.url_close(&context);
  }

  URLContext context{};

 private:
  static std::size_t priv_size() {
    return static_cast<std::size_t>(ff_libwmpush_protocol.priv_data_size);
  }
  std::string url_;
  std::vector<unsigned char> private_;
};

class UrlProtocolPush : public testing::Test {
 protected:
  pubpoint::SessionReport session() {
    EXPECT_TRUE(server.wait_for(
        [&] { return !server.sessions().empty() && !server.sessions().front().running; }));
    return server.sessions().front();
  }
  FaultyServer server{pubpoint::Settings{}};
};

TEST_F(UrlProtocolPush, EndsTheSessionWhenItIsClosed) {
  Url url(server.url());
  ASSERT_EQ(url.open(), 0);
  EXPECT_EQ(url.context.max_packet_size, 4 << 20);
  EXPECT_EQ(url.context.is_streamed, 1);
  const std::string& bytes = clip();
  EXPECT_EQ(url.write(bytes), static_cast<int>(bytes.size()));
  EXPECT_EQ(url.close(), 0);
  EXPECT_TRUE(session().end_of_stream);
  EXPECT_EQ(session().end_reason, 0u);
  EXPECT_TRUE(server.breaches().empty());
}

TEST_F(UrlProtocolPush, ReturnsWhatBecameOfTheEndOfTheStream) {
  server.add_fault({.at = At::End, .what = Do::Reset});
  Url url(server.url());
  ASSERT_EQ(url.open(), 0);
  ASSERT_GT(url.write(clip()), 0);
  EXPECT_EQ(url.close(), AVERROR(ECONNRESET));
}

TEST_F(UrlProtocolPush, TellsTheServerThatTheStreamBrokeOff) {
  Url url(server.url());
  ASSERT_EQ(url.open(), 0);
  const std::string& bytes = clip();
  ASSERT_GT(url.write(bytes.substr(0, bytes.size() / 2)), 0);
  EXPECT_LT(url.close(), 0);
  EXPECT_TRUE(session().end_of_stream);
  EXPECT_NE(session().end_reason, 0u);
}

TEST_F(UrlProtocolPush, FailsToCloseWhenNothingWasWritten) {
  Url url(server.url());
  ASSERT_EQ(url.open(), 0);
  EXPECT_EQ(url.close(), AVERROR_EXTERNAL);
}

TEST_F(UrlProtocolPush, KeepsTheFirstFailure) {
  server.add_fault({.at = At::Header, .what = Do::Respond, .status = 503});
  Url url(server.url());
  ASSERT_EQ(url.open(), 0);
  const std::string& bytes = clip();
  int ret = url.write(bytes);
  if (ret >= 0) ret = url.close();
  EXPECT_EQ(ret, AVERROR_HTTP_SERVER_ERROR);
}

TEST_F(UrlProtocolPush, FailsToOpenByTheStatusOfTheServer) {
  const std::vector<std::pair<int, int>> statuses{
      {400, AVERROR_HTTP_BAD_REQUEST}, {403, AVERROR_HTTP_FORBIDDEN},
      {404, AVERROR_HTTP_NOT_FOUND},   {409, AVERROR_HTTP_OTHER_4XX},
      {410, AVERROR_HTTP_NOT_FOUND},   {503, AVERROR_HTTP_SERVER_ERROR}};
  for (const auto& [status, averror] : statuses) {
    SCOPED_TRACE(status);
    server.add_fault({.at = At::PushSetup, .status = status});
    Url url(server.url());
    EXPECT_EQ(url.open(), averror);
  }
}

TEST_F(UrlProtocolPush, IsNotForReading) {
  Url url(server.url());
  EXPECT_EQ(url.open(AVIO_FLAG_READ), AVERROR(ENOSYS));
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(UrlProtocolPush, HandsItsOptionsToTheLibrary) {
  Url url(server.url("/new"));
  ASSERT_EQ(url.set("template_url", "/live"), 0);
  ASSERT_EQ(url.set("auto_destroy", "1"), 0);
  ASSERT_EQ(url.open(), 0);
  EXPECT_THAT(server.points(), testing::Contains("/new"));
  ASSERT_GT(url.write(clip()), 0);
  EXPECT_EQ(url.close(), 0);
  EXPECT_EQ(session().point, "/new");
  EXPECT_THAT(server.points(), testing::Not(testing::Contains("/new")));
}

TEST_F(UrlProtocolPush, WaitsNoLongerThanRwTimeout) {
  server.add_fault({.at = At::PushSetup, .what = Do::Silence});
  Url url(server.url());
  url.context.rw_timeout = 200'000;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(url.open(), AVERROR(ETIMEDOUT));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(UrlProtocolPush, AsksTheInterruptCallback) {
  server.add_fault({.at = At::PushSetup, .what = Do::Silence});
  Url url(server.url());
  url.context.interrupt_callback = {[](void*) { return 1; }, nullptr};
  EXPECT_EQ(url.open(), AVERROR_EXIT);
}

TEST_F(UrlProtocolPush, IsInterruptedWhenItIsClosedUnfinished) {
  int stop = 0;
  Url url(server.url());
  url.context.interrupt_callback = {[](void* opaque) { return *static_cast<int*>(opaque); }, &stop};
  ASSERT_EQ(url.open(), 0);
  ASSERT_GT(url.write(clip().substr(0, 9000)), 0);
  stop = 1;
  EXPECT_EQ(url.close(), AVERROR_EXIT);
}

}  // namespace
}  // namespace wmpush::test
