// The C interface: arguments, structures of other sizes, and the canonical use of wmpush.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "pubpoint/server.hpp"
#include "support/clip.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::test {
namespace {

using ::testing::HasSubstr;

TEST(CInterface, PushesAndEndsASession) {
  pubpoint::Server server{pubpoint::Settings{}};
  wmpush_options options;
  wmpush_options_init(&options);
  wmpush_error error{};
  error.size = sizeof error;
  wmpush_session* session = nullptr;
  ASSERT_EQ(wmpush_open(&session, server.url().c_str(), &options, &error), WMPUSH_S_OK)
      << error.message;
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(wmpush_write(session, clip().data(), clip().size()), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_on_end_writing(session), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_end_session(session), WMPUSH_S_OK);
  wmpush_last_error(session, &error);
  EXPECT_EQ(error.result, WMPUSH_S_OK);
  EXPECT_STREQ(error.message, "");
  EXPECT_EQ(wmpush_end_session(session), WMPUSH_NS_E_NOCONNECTION);
  EXPECT_EQ(wmpush_disconnect(session), WMPUSH_S_FALSE);
  wmpush_close(&session);
  EXPECT_EQ(session, nullptr);
  wmpush_close(&session);
}

TEST(CInterface, SaysWhyItCannotOpen) {
  wmpush_error error{};
  error.size = sizeof error;
  wmpush_session* session = nullptr;
  EXPECT_EQ(wmpush_open(&session, "ftp://host/live", nullptr, &error), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(session, nullptr);
  EXPECT_EQ(error.result, WMPUSH_E_INVALIDARG);
  EXPECT_THAT(error.message, HasSubstr("'ftp'"));
  EXPECT_EQ(wmpush_open(&session, nullptr, nullptr, &error), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_open(nullptr, "wmpush://h/live", nullptr, nullptr), WMPUSH_E_INVALIDARG);
}

TEST(CInterface, OptionsOfTheUrlWinAndBadOnesAreNamed) {
  wmpush_error error{};
  error.size = sizeof error;
  wmpush_session* session = nullptr;
  EXPECT_EQ(wmpush_open(&session, "wmpush://127.0.0.1/live?end_timeout=never", nullptr, &error),
            WMPUSH_E_INVALIDARG);
  EXPECT_THAT(error.message, HasSubstr("end_timeout"));
  wmpush_options options;
  wmpush_options_init(&options);
  EXPECT_EQ(wmpush_options_set(&options, "fix_header", "0", &error), WMPUSH_S_OK);
  EXPECT_EQ(options.fix_header, 0);
  EXPECT_EQ(wmpush_options_set(&options, "fix_header", "yes", &error), WMPUSH_E_INVALIDARG);
  EXPECT_THAT(error.message, HasSubstr("fix_header"));
}

TEST(CInterface, FillsOnlyWhatTheProgramsStructuresHave) {
  struct {
    wmpush_error error;
    char after;
  } guarded{};
  guarded.error.size = offsetof(wmpush_error, message);
  guarded.error.message[0] = 'x';
  wmpush_session* session = nullptr;
  EXPECT_EQ(wmpush_open(&session, "nothing", nullptr, &guarded.error), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(guarded.error.result, WMPUSH_E_INVALIDARG);
  EXPECT_EQ(guarded.error.message[0], 'x');

  pubpoint::Server server{pubpoint::Settings{}};
  ASSERT_EQ(wmpush_open(&session, server.url().c_str(), nullptr, nullptr), WMPUSH_S_OK);
  wmpush_stats stats;
  std::memset(&stats, 0x55, sizeof stats);
  stats.size = offsetof(wmpush_stats, bytes_accepted);
  wmpush_get_stats(session, &stats);
  EXPECT_EQ(stats.state, WMPUSH_STATE_READY);
  EXPECT_EQ(stats.connected, 1);
  EXPECT_EQ(stats.bytes_accepted, 0x5555555555555555u);
  wmpush_close(&session);
}

TEST(CInterface, ListsItsOptionsAndResults) {
  EXPECT_STREQ(wmpush_option_at(0)->name, "template_url");
  std::size_t count = 0;
  while (wmpush_option_at(count) != nullptr) ++count;
  EXPECT_GT(count, 10u);
  EXPECT_STREQ(wmpush_result_name(WMPUSH_NS_E_CONNECTION_FAILURE), "NS_E_CONNECTION_FAILURE");
  EXPECT_STREQ(wmpush_version(), WMPUSH_VERSION);
}

TEST(CInterface, AnAbortedSessionTellsTheServerWhy) {
  pubpoint::Server server{pubpoint::Settings{}};
  wmpush_session* session = nullptr;
  ASSERT_EQ(wmpush_open(&session, server.url().c_str(), nullptr, nullptr), WMPUSH_S_OK);
  ASSERT_EQ(wmpush_write(session, clip().data(), clip().size() / 2), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_abort_session(session, WMPUSH_S_FALSE), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_abort_session(session, WMPUSH_E_FAIL), WMPUSH_S_OK);
  wmpush_close(&session);
  ASSERT_TRUE(server.wait_for([&] { return !server.sessions().back().running; }));
  EXPECT_TRUE(server.sessions().back().end_of_stream);
  EXPECT_EQ(server.sessions().back().end_reason, 0x80004005u);
}

}  // namespace
}  // namespace wmpush::test
