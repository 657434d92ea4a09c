// Recording and pushing at once: a disk that is full or stuck is the encoder's concern only where
// it is meant to be.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "pubpoint/push/push_session.hpp"
#include "support/asf_builder.hpp"
#include "support/temporary_directory.hpp"
#include "test_server.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;
using wmhttp::FrameId;
using namespace std::chrono_literals;

constexpr std::uint64_t kAbsurd = 1'000'000'000'000'000'000;

class RecordingThread : public ServerTest {
 protected:
  void SetUp() override {
    settings.record = directory.path() / "recordings";
    settings.record_name = "{point}";
    settings.log = [this](const std::string& line) { lines.push_back(line); };
  }
  void TearDown() override {
    release();
    server.reset();
  }

  /// From now on the thread that writes is stuck where it names a file, as on a disk that does not
  /// answer.
  void block() {
    settings.wall_clock = [stuck = blocked.get_future().share()] {
      stuck.wait();
      return std::chrono::system_clock::time_point();
    };
  }
  void release() {
    if (!std::exchange(released, true)) blocked.set_value();
  }

  TemporaryDirectory directory;
  std::vector<std::string> lines;  // of the server's thread: looked at once it has stopped
  std::promise<void> blocked;
  bool released = false;
};

TEST_F(RecordingThread, ADiskThatIsStuckStopsNobody) {
  block();
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 2));
  EXPECT_EQ(status_for(RequestText::setup("/none")), 404) << "others are answered";
  client->send(end_frame());
  client->read_to_end();
  EXPECT_TRUE(session(id).running) << "the recording is not finished";
  EXPECT_FALSE(session(id).ended_because.empty());
  // The point is free again.
  auto next = connect();
  const std::string second = push(*next, h_frame() + d_frame() + end_frame());
  next->read_to_end();
  release();
  ASSERT_TRUE(session_ends(id));
  ASSERT_TRUE(session_ends(second));
  EXPECT_EQ(session(id).recording, settings.record / "live.asf");
  EXPECT_EQ(session(second).recording, settings.record / "live-2.asf");
  EXPECT_EQ(std::filesystem::file_size(session(id).recording), tiny_header().size() + 200);
  EXPECT_EQ(session(id).recording_error, "");
}

TEST_F(RecordingThread, IsGivenUpWhenTooMuchWaits) {
  settings.record_queue = 200'000;
  block();
  serve();
  std::string frames = frame(FrameId::Header, tiny_header(50'000));
  for (int i = 0; i < 10; ++i) frames += d_frame(50'000);
  auto client = connect();
  const std::string id = push(*client, frames + end_frame());
  client->read_to_end();
  ASSERT_TRUE(server->wait_for([&] { return !session(id).recording_error.empty(); }));
  release();
  ASSERT_TRUE(session_ends(id));
  const auto report = session(id);
  EXPECT_TRUE(report.end_of_stream) << "the push has gone on";
  EXPECT_EQ(report.packets, 10u);
  EXPECT_THAT(report.recording_error, HasSubstr("too slow"));
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::RecordQueue], 1u);
  EXPECT_EQ(std::filesystem::file_size(report.recording), tiny_header().size() + 3 * 50'000);
  server->stop();
  EXPECT_EQ(lines, std::vector<std::string>{report.recording_error});
}

TEST_F(RecordingThread, OneThatHadToBeRecordedIsEndedWhenTooMuchWaits) {
  settings.record_queue = 200'000;
  settings.record_required = true;
  block();
  serve();
  std::string frames = frame(FrameId::Header, tiny_header(50'000));
  for (int i = 0; i < 10; ++i) frames += d_frame(50'000);
  auto client = connect();
  const std::string id = push(*client, frames);
  EXPECT_EQ(status_of(client->read_response()), 503);
  EXPECT_THAT(session(id).ended_because, HasSubstr("too slow"));
}

TEST_F(RecordingThread, AFileThatIsPushedFasterThanItPlaysWaitsForTheDisk) {
  settings.record_queue = 1'000'000;
  block();
  serve();
  HeaderSpec spec;
  spec.packet_size = 20'000;
  std::string frames = frame(FrameId::Header, make_header(spec));
  constexpr std::uint32_t kPackets = 200;
  for (std::uint32_t i = 0; i < kPackets; ++i)
    frames += frame(FrameId::Data, plain_packet(20'000, i * 20'000));
  auto client = connect();
  const std::string id = push(*client, "");
  std::thread sender([&] { client->send(frames + end_frame()); });
  EXPECT_TRUE(packets_reach(id, 20));
  EXPECT_FALSE(server->wait_for([&] { return session(id).packets > 45; }, 100ms));
  release();
  sender.join();
  client->read_to_end();
  ASSERT_TRUE(session_ends(id));
  EXPECT_EQ(session(id).packets, kPackets);
  EXPECT_EQ(session(id).recording_error, "");
}

TEST_F(RecordingThread, AServerThatStopsDoesNotWaitForAStuckDiskForLong) {
  block();
  std::promise<pubpoint::SessionReport> ended;
  settings.on_end = [&](const pubpoint::SessionReport& report) { ended.set_value(report); };
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  server->stop();
  const auto report = ended.get_future().get();
  EXPECT_FALSE(report.running);
  EXPECT_THAT(report.recording_error, HasSubstr("5000 ms"));
  EXPECT_FALSE(session(id).running);
}

TEST_F(RecordingThread, APushThatHasToBeRecordedIsRefusedWithoutSpace) {
  settings.record_free = kAbsurd;
  settings.record_required = true;
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  EXPECT_EQ(status_of(client->read_response()), 507);
  client->read_to_end();
  ASSERT_TRUE(session_ends(id));
  EXPECT_EQ(session(id).packets, 0u) << "before anything is taken";
  EXPECT_THAT(session(id).ended_because, HasSubstr(std::to_string(kAbsurd)));
  EXPECT_EQ(session(id).ended_because, session(id).recording_error);
  server->stop();
  EXPECT_EQ(lines, std::vector<std::string>{session(id).recording_error});
}

TEST_F(RecordingThread, APushThatHasToBeRecordedIsRefusedWithoutAFolder) {
  settings.record_required = true;
  serve();
  std::filesystem::remove(settings.record);
  auto client = connect();
  push(*client, h_frame() + d_frame());
  EXPECT_EQ(status_of(client->read_response()), 503);
}

TEST_F(RecordingThread, APushThatHasToBeRecordedIsEndedWhenThatFails) {
  settings.record_required = true;
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  // The next entry finds no folder for its file.
  std::filesystem::rename(settings.record, directory.path() / "moved");
  client->send(end_frame(1) + c_frame() + d_frame());
  EXPECT_EQ(status_of(client->read_response()), 503);
  ASSERT_TRUE(session_ends(id));
  EXPECT_THAT(session(id).ended_because, HasSubstr("No such file or directory"));
}

TEST_F(RecordingThread, APushThatHasToBeRecordedIs) {
  settings.record_required = true;
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame() + end_frame());
  client->read_to_end();
  ASSERT_TRUE(session_ends(id));
  EXPECT_EQ(session(id).packets, 1u);
  EXPECT_EQ(std::filesystem::file_size(session(id).recording), tiny_header().size() + 100);
}

TEST_F(RecordingThread, APushWithoutSpaceGoesOnAndSaysSoOnce) {
  settings.record_free = kAbsurd;
  serve();
  auto client = connect();
  const std::string id =
      push(*client, h_frame() + d_frame() + end_frame(1) + c_frame() + d_frame() + end_frame());
  client->read_to_end();
  ASSERT_TRUE(session_ends(id));
  EXPECT_EQ(session(id).packets, 2u);
  EXPECT_TRUE(session(id).recordings.empty());
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::RecordFree], 1u);
  server->stop();
  EXPECT_EQ(lines, std::vector<std::string>{session(id).recording_error});
}

TEST_F(RecordingThread, MorePushesThanMayBeRecordedAtOnceGoOnUnrecorded) {
  settings.points = {"/one", "/two", "/three"};
  settings.limits.record_files = 1;
  serve();
  auto first = connect();
  const std::string one = push(*first, h_frame() + d_frame(), "/one");
  ASSERT_TRUE(packets_reach(one, 1));
  auto second = connect();
  const std::string two = push(*second, h_frame() + d_frame(), "/two");
  ASSERT_TRUE(server->wait_for([&] { return !session(two).recording_error.empty(); }));
  EXPECT_EQ(session(two).recording_error,
            "cannot record /two: 1 recording is being written, and record_files allows no more");
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::RecordFiles], 1u);

  settings.limits.record_files = 2;
  EXPECT_EQ(server->reload(settings), "");
  auto third = connect();
  const std::string three = push(*third, h_frame() + d_frame() + end_frame(), "/three");
  third->read_to_end();
  ASSERT_TRUE(session_ends(three));
  EXPECT_EQ(session(three).recording_error, "");
  // The place of one that is finished is free for the next entry of another.
  first->send(d_frame() + end_frame());
  first->read_to_end();
  ASSERT_TRUE(session_ends(one));
  second->send(d_frame() + end_frame(1) + c_frame() + d_frame() + end_frame());
  second->read_to_end();
  ASSERT_TRUE(session_ends(two));
  EXPECT_EQ(std::filesystem::file_size(session(one).recording), tiny_header().size() + 200);
  EXPECT_EQ(session(two).packets, 3u);
  EXPECT_EQ(session(two).recordings.size(), 1u);
}

TEST_F(RecordingThread, APushThatHasToBeRecordedIsRefusedWhereTooManyAre) {
  settings.points = {"/one", "/two"};
  settings.limits.record_files = 1;
  settings.record_required = true;
  serve();
  auto first = connect();
  const std::string one = push(*first, h_frame() + d_frame(), "/one");
  ASSERT_TRUE(packets_reach(one, 1));
  auto second = connect();
  const std::string two = push(*second, h_frame() + d_frame(), "/two");
  EXPECT_EQ(status_of(second->read_response()), 503);
  ASSERT_TRUE(session_ends(two));
  EXPECT_THAT(session(two).ended_because, HasSubstr("record_files"));
  EXPECT_EQ(session(two).packets, 0u) << "before anything is taken";
  first->send(d_frame());
  EXPECT_TRUE(packets_reach(one, 2));
}

TEST_F(RecordingThread, ASessionCountsItsTimeAcrossTheWrapAround) {
  serve();
  HeaderSpec spec;
  std::string frames = frame(FrameId::Header, make_header(spec));
  for (const std::uint32_t time : {0xFFFFF000u, 0xFFFFFF00u, 0x00000100u, 0x00001000u})
    frames += frame(FrameId::Data, plain_packet(200, time));
  auto client = connect();
  const std::string id = push(*client, frames + end_frame());
  client->read_to_end();
  ASSERT_TRUE(session_ends(id));
  EXPECT_EQ(session(id).media, 0x2000ms);
}

}  // namespace
}  // namespace wmpush::test
