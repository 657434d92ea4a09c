// The AVIO adapter, as a program that muxes with libavformat uses it.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavformat/avformat.h>
}

#include <algorithm>

#include "publishing_point.hpp"
#include "wmpush/avio.h"

namespace wmpush::test {
namespace {

class Avio : public PublishingPoint {
 protected:
  void SetUp() override { av_log_set_level(AV_LOG_QUIET); }
  void TearDown() override { av_log_set_level(AV_LOG_INFO); }

  void write(AVIOContext* pb, std::string_view bytes) {
    avio_write(pb, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
    avio_flush(pb);
  }
};

/// Writes the first `streams` streams of whole.asf to `pb` by a muxer of its own: header, packets,
/// trailer.
void mux_into(AVIOContext* pb, const char* format, unsigned streams, const char* packet_size) {
  AVFormatContext* source = nullptr;
  ASSERT_EQ(avformat_open_input(&source, media("whole.asf").c_str(), nullptr, nullptr), 0);
  AVFormatContext* mux = nullptr;
  ASSERT_EQ(avformat_alloc_output_context2(&mux, nullptr, format, nullptr), 0);
  streams = std::min(streams, source->nb_streams);
  for (unsigned i = 0; i < streams; ++i) {
    AVStream* stream = avformat_new_stream(mux, nullptr);
    avcodec_parameters_copy(stream->codecpar, source->streams[i]->codecpar);
    stream->time_base = source->streams[i]->time_base;
  }
  mux->pb = pb;
  mux->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "packet_size", packet_size, 0);
  ASSERT_GE(avformat_write_header(mux, &options), 0);
  av_dict_free(&options);
  AVPacket* packet = av_packet_alloc();
  while (av_read_frame(source, packet) >= 0) {
    const auto i = static_cast<unsigned>(packet->stream_index);
    if (i < streams) {
      av_packet_rescale_ts(packet, source->streams[i]->time_base, mux->streams[i]->time_base);
      ASSERT_EQ(av_interleaved_write_frame(mux, packet), 0);
    }
    av_packet_unref(packet);
  }
  ASSERT_EQ(av_write_trailer(mux), 0);
  av_packet_free(&packet);
  avformat_free_context(mux);
  avformat_close_input(&source);
}

TEST_F(Avio, F05_TwoMuxersInARowAreTwoEntriesOfOnePush) {
  AVIOContext* pb = nullptr;
  ASSERT_EQ(wmpush_avio_open(&pb, url().c_str(), nullptr, nullptr), 0);
  mux_into(pb, "asf", 2, "3200");
  mux_into(pb, "asf", 1, "1400");
  mux_into(pb, "asf_stream", 3, "20000");
  EXPECT_EQ(wmpush_avio_closep(&pb), 0);

  const auto session = ended_session();
  EXPECT_EQ(session.end_reason, 0u);
  ASSERT_EQ(session.recordings.size(), 3u);
  const std::vector<std::pair<unsigned, const char*>> entries{
      {2, "3200"}, {1, "1400"}, {3, "20000"}};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string reference = file("reference" + std::to_string(i) + ".asf");
    AVIOContext* to = nullptr;
    ASSERT_EQ(avio_open(&to, reference.c_str(), AVIO_FLAG_WRITE), 0);
    mux_into(to, "asf", entries[i].first, entries[i].second);
    ASSERT_EQ(avio_close(to), 0);
    EXPECT_EQ(decoded_frames(session.recordings[i]), decoded_frames(reference)) << i;
  }
}

TEST_F(Avio, FailsToCloseWhenTheSecondOfTwoMuxersNeverFinished) {
  AVIOContext* pb = nullptr;
  ASSERT_EQ(wmpush_avio_open(&pb, url().c_str(), nullptr, nullptr), 0);
  mux_into(pb, "asf", 2, "3200");
  write(pb, read_file(media("whole.asf")).substr(0, 12'000));

  EXPECT_LT(wmpush_avio_closep(&pb), 0);
  const auto session = ended_session();
  EXPECT_EQ(session.entries, 2u);
  EXPECT_NE(session.end_reason, 0u);
}

TEST_F(Avio, PushesWhatAMuxerWrites) {
  AVIOContext* pb = nullptr;
  ASSERT_EQ(wmpush_avio_open(&pb, url().c_str(), nullptr, nullptr), 0);
  EXPECT_EQ(pb->seekable, 0);
  EXPECT_EQ(pb->buffer_size, 4 << 20);
  mux_into(pb, "asf", 3, "3200");
  EXPECT_EQ(wmpush_avio_closep(&pb), 0);
  EXPECT_EQ(pb, nullptr);

  const auto session = ended_session();
  EXPECT_TRUE(session.end_of_stream);
  EXPECT_EQ(session.end_reason, 0u);
  EXPECT_GT(session.packets, 10u);
}

TEST_F(Avio, TellsTheServerThatTheStreamBrokeOffWhenThereWasNoTrailer) {
  const std::string whole = read_file(media("whole.asf"));
  AVIOContext* pb = nullptr;
  ASSERT_EQ(wmpush_avio_open(&pb, url().c_str(), nullptr, nullptr), 0);
  wmpush_stats stats{};
  stats.size = sizeof stats;
  // Up to the end of a packet.
  std::size_t length = 0;
  for (; stats.packets_accepted < 3; ++length) {
    write(pb, std::string_view(whole).substr(length, 1));
    wmpush_get_stats(wmpush_avio_session(pb), &stats);
  }

  EXPECT_EQ(wmpush_avio_closep(&pb), AVERROR_EXTERNAL);

  const auto session = ended_session();
  EXPECT_EQ(session.packets, 3u);
  EXPECT_TRUE(session.end_of_stream);
  EXPECT_EQ(session.end_reason, std::uint32_t(WMPUSH_E_FAIL));
}

TEST_F(Avio, FailsToCloseWhenNothingWasWritten) {
  AVIOContext* pb = nullptr;
  ASSERT_EQ(wmpush_avio_open(&pb, url().c_str(), nullptr, nullptr), 0);

  EXPECT_LT(wmpush_avio_closep(&pb), 0);
  EXPECT_EQ(pb, nullptr);
}

TEST_F(Avio, ClosesNothingWithSuccess) {
  AVIOContext* pb = nullptr;
  EXPECT_EQ(wmpush_avio_closep(&pb), 0);
  EXPECT_FALSE(wmpush_avio_is_open(pb));
}

TEST_F(Avio, KnowsItsOwnContexts) {
  AVIOContext* pb = nullptr;
  ASSERT_EQ(wmpush_avio_open(&pb, url().c_str(), nullptr, nullptr), 0);
  AVIOContext* other = nullptr;
  ASSERT_GE(avio_open_dyn_buf(&other), 0);

  EXPECT_TRUE(wmpush_avio_is_open(pb));
  EXPECT_FALSE(wmpush_avio_is_open(other));

  wmpush_avio_closep(&pb);
  unsigned char* bytes = nullptr;
  avio_close_dyn_buf(other, &bytes);
  av_free(bytes);
}

TEST_F(Avio, AsksBothInterruptCallbacks) {
  server->add_fault({.at = At::PushSetup, .what = Do::Silence, .times = 0});
  const auto yes = [](void* asked) {
    *static_cast<bool*>(asked) = true;
    return 1;
  };
  AVIOContext* pb = nullptr;
  bool asked = false;
  wmpush_options options;
  wmpush_options_init(&options);
  const AVIOInterruptCB int_cb{yes, &asked};
  EXPECT_EQ(wmpush_avio_open(&pb, url().c_str(), &options, &int_cb), AVERROR_EXIT);
  EXPECT_TRUE(asked);

  asked = false;
  options.interrupt = yes;
  options.interrupt_opaque = &asked;
  EXPECT_EQ(wmpush_avio_open(&pb, url().c_str(), &options, nullptr), AVERROR_EXIT);
  EXPECT_TRUE(asked);
}

TEST_F(Avio, KeepsFailingAfterAFailure) {
  AVIOContext* pb = nullptr;
  ASSERT_EQ(wmpush_avio_open(&pb, url().c_str(), nullptr, nullptr), 0);
  write(pb, std::string(100, 'x'));
  EXPECT_EQ(pb->error, AVERROR_INVALIDDATA);
  write(pb, read_file(media("whole.asf")));

  EXPECT_EQ(wmpush_avio_closep(&pb), AVERROR_INVALIDDATA);
}

TEST(Averror, IsZeroForASuccess) {
  wmpush_error error{};
  EXPECT_EQ(wmpush_averror(&error), 0);
  error.result = WMPUSH_S_FALSE;
  EXPECT_EQ(wmpush_averror(&error), 0);
}

TEST(Averror, PrefersTheErrnoOfAFailedConnect) {
  wmpush_error error{};
  error.result = WMPUSH_NS_E_PUSH_CANNOTCONNECT;
  EXPECT_EQ(wmpush_averror(&error), AVERROR(ETIMEDOUT));
  error.system_error = EHOSTUNREACH;
  EXPECT_EQ(wmpush_averror(&error), AVERROR(EHOSTUNREACH));
}

TEST(Averror, TellsHttpStatusesApart) {
  wmpush_error error{};
  error.result = WMPUSH_E_FAIL;
  EXPECT_EQ(wmpush_averror(&error), AVERROR_EXTERNAL);
  error.http_status = 400;
  EXPECT_EQ(wmpush_averror(&error), AVERROR_HTTP_BAD_REQUEST);
  for (const int gone : {404, 410}) {
    error.http_status = gone;
    EXPECT_EQ(wmpush_averror(&error), AVERROR_HTTP_NOT_FOUND);
  }
  error.http_status = 413;
  EXPECT_EQ(wmpush_averror(&error), AVERROR_HTTP_OTHER_4XX);
  error.http_status = 500;
  EXPECT_EQ(wmpush_averror(&error), AVERROR_HTTP_SERVER_ERROR);
}

}  // namespace
}  // namespace wmpush::test
