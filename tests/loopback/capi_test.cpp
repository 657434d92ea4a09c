// The C interface: arguments, structures of other sizes, and the canonical use of wmpush.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

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

/// What a program has behind its structures, and what must be found there afterwards.
constexpr unsigned char kCanary = 0xA5;

/// The options of a program that was built when they had `size` bytes.
struct OlderOptions {
  explicit OlderOptions(std::size_t size) : room(sizeof(wmpush_options) + 64, kCanary) {
    wmpush_options_init_sized(get(), size);
  }
  wmpush_options* get() { return reinterpret_cast<wmpush_options*>(room.data()); }
  bool untouched_from(std::size_t offset) const {
    return std::all_of(room.begin() + static_cast<std::ptrdiff_t>(offset), room.end(),
                       [](unsigned char byte) { return byte == kCanary; });
  }
  std::vector<unsigned char> room;
};

TEST(CInterface, NothingBehindTheOptionsOfAnOlderProgramIsTouched) {
  for (const std::size_t size : {sizeof(std::size_t), offsetof(wmpush_options, auto_destroy),
                                 offsetof(wmpush_options, reconnect),
                                 offsetof(wmpush_options, user_agent), sizeof(wmpush_options)}) {
    OlderOptions options(size);
    EXPECT_EQ(options.get()->size, size);
    for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i)
      static_cast<void>(wmpush_options_set(options.get(), info->name, "1", nullptr));
    EXPECT_TRUE(options.untouched_from(size)) << size;
  }
  OlderOptions nothing(sizeof(std::size_t) - 1);
  EXPECT_TRUE(nothing.untouched_from(0));
  wmpush_options_init(nullptr);
}

TEST(CInterface, AnOptionThatAnOlderProgramHasNoRoomForIsRefused) {
  OlderOptions options(offsetof(wmpush_options, reconnect));
  wmpush_error error{};
  error.size = sizeof error;
  EXPECT_EQ(wmpush_options_set(options.get(), "max_bitrate", "1", &error), WMPUSH_S_OK);
  EXPECT_EQ(options.get()->max_bitrate, 1);
  EXPECT_EQ(wmpush_options_set(options.get(), "reconnect", "1", &error), WMPUSH_E_INVALIDARG);
  EXPECT_THAT(error.message, HasSubstr("'reconnect'"));
}

TEST(CInterface, AnOlderProgramPushesWithDefaultsForWhatItDoesNotKnow) {
  pubpoint::Server server{pubpoint::Settings{}};
  OlderOptions options(offsetof(wmpush_options, strict_server));
  wmpush_session* session = nullptr;
  ASSERT_EQ(wmpush_open(&session, server.url().c_str(), options.get(), nullptr), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_write(session, clip().data(), clip().size()), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_end_session(session), WMPUSH_S_OK);
  wmpush_close(&session);
}

TEST(CInterface, ANewerProgramsMembersAreZeroAndIgnored) {
  OlderOptions options(sizeof(wmpush_options) + 16);
  EXPECT_EQ(options.get()->size, sizeof(wmpush_options) + 16);
  EXPECT_EQ(options.get()->end_timeout, 5'000'000);
  for (std::size_t i = sizeof(wmpush_options); i < sizeof(wmpush_options) + 16; ++i)
    EXPECT_EQ(options.room[i], 0) << i;
  EXPECT_TRUE(options.untouched_from(sizeof(wmpush_options) + 16));
  pubpoint::Server server{pubpoint::Settings{}};
  wmpush_session* session = nullptr;
  EXPECT_EQ(wmpush_open(&session, server.url().c_str(), options.get(), nullptr), WMPUSH_S_OK);
  wmpush_close(&session);
}

TEST(CInterface, OptionsWhoseSizeWasNotSetAreRefused) {
  wmpush_options options{};
  wmpush_error error{};
  error.size = sizeof error;
  wmpush_session* session = nullptr;
  EXPECT_EQ(wmpush_open(&session, "wmpush://127.0.0.1/live", &options, &error),
            WMPUSH_E_INVALIDARG);
  EXPECT_THAT(error.message, HasSubstr("wmpush_options_init"));
}

TEST(CInterface, ATextThatAnOlderProgramHasLessRoomForIsStillAText) {
  constexpr std::size_t kRoom = 10;
  wmpush_error error;
  std::memset(&error, kCanary, sizeof error);
  error.size = offsetof(wmpush_error, message) + kRoom;
  wmpush_session* session = nullptr;
  EXPECT_EQ(wmpush_open(&session, "nothing at all", nullptr, &error), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(std::strlen(error.message), kRoom - 1);
  EXPECT_EQ(static_cast<unsigned char>(error.message[kRoom]), kCanary);
}

TEST(CInterface, NoSessionIsAnInvalidArgumentEverywhere) {
  const char byte = 0;
  EXPECT_EQ(wmpush_write(nullptr, &byte, 1), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_on_header(nullptr, &byte, 1), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_on_data_unit(nullptr, &byte, 1), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_on_end_writing(nullptr), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_end_session(nullptr), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_abort_session(nullptr, WMPUSH_E_FAIL), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_disconnect(nullptr), WMPUSH_E_INVALIDARG);
  wmpush_error error{};
  error.size = sizeof error;
  wmpush_last_error(nullptr, &error);
  EXPECT_EQ(error.result, WMPUSH_E_INVALIDARG);
  wmpush_last_error(nullptr, nullptr);
  wmpush_stats stats{};
  stats.size = sizeof stats;
  wmpush_get_stats(nullptr, &stats);
  EXPECT_EQ(stats.last_result, WMPUSH_E_INVALIDARG);
  wmpush_get_stats(nullptr, nullptr);
  wmpush_close(nullptr);
  EXPECT_EQ(wmpush_options_set(nullptr, "user", "me", nullptr), WMPUSH_E_INVALIDARG);
  wmpush_options options;
  wmpush_options_init(&options);
  EXPECT_EQ(wmpush_options_set(&options, nullptr, "me", nullptr), WMPUSH_E_INVALIDARG);
}

TEST(CInterface, BytesThatAreNotThereAreAnInvalidArgument) {
  pubpoint::Server server{pubpoint::Settings{}};
  wmpush_session* session = nullptr;
  ASSERT_EQ(wmpush_open(&session, server.url().c_str(), nullptr, nullptr), WMPUSH_S_OK);
  EXPECT_EQ(wmpush_write(session, nullptr, 1), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_on_header(session, nullptr, 1), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_on_data_unit(session, nullptr, 1), WMPUSH_E_INVALIDARG);
  EXPECT_EQ(wmpush_write(session, nullptr, 0), WMPUSH_S_OK);
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
