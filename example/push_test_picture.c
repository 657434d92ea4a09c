/* Encodes a moving test picture and a tone, and pushes them to a publishing point.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *     push_test_picture wmpush://server/live [SECONDS]
 *
 * With an FFmpeg that has the protocol (see patches/):
 *     cc push_test_picture.c $(pkg-config --cflags --libs libavformat libavcodec libavutil) -lm
 * With any other, through our AVIO adapter:
 *     cc -DUSE_WMPUSH_AVIO push_test_picture.c \
 *        $(pkg-config --cflags --libs libwmpush-avio libavformat libavcodec libavutil) -lm
 */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef USE_WMPUSH_AVIO
#include <wmpush/avio.h>
static int open_output(AVIOContext** pb, const char* url) {
  return wmpush_avio_open(pb, url, NULL, NULL);
}
static int close_output(AVIOContext** pb) { return wmpush_avio_closep(pb); }
#else
static int open_output(AVIOContext** pb, const char* url) {
  return avio_open2(pb, url, AVIO_FLAG_WRITE, NULL, NULL);
}
static int close_output(AVIOContext** pb) { return avio_closep(pb); }
#endif

enum { WIDTH = 320, HEIGHT = 240, FPS = 25, RATE = 44100 };

typedef struct Track {
  AVStream* stream;
  AVCodecContext* encoder;
  AVFrame* frame; /* filled anew each time */
  int64_t next;   /* its time, in the encoder's time base */
} Track;

static void draw_picture(AVFrame* frame, int64_t t) {
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) frame->data[0][y * frame->linesize[0] + x] = x + y + t * 3;
  for (int y = 0; y < HEIGHT / 2; y++)
    for (int x = 0; x < WIDTH / 2; x++) {
      frame->data[1][y * frame->linesize[1] + x] = 128 + y + t * 2;
      frame->data[2][y * frame->linesize[2] + x] = 64 + x + t * 5;
    }
}

static void play_tone(AVFrame* frame, int64_t t) {
  for (int i = 0; i < frame->nb_samples; i++)
    ((float*)frame->data[0])[i] = 0.3f * sinf(2 * (float)M_PI * 440 * (t + i) / RATE);
}

static int add_track(AVFormatContext* mux, Track* track, enum AVCodecID id) {
  const AVCodec* codec = avcodec_find_encoder(id);
  AVCodecContext* c = track->encoder = avcodec_alloc_context3(codec);
  AVFrame* frame = track->frame = av_frame_alloc();
  int ret;

  if (!codec || !c || !frame || !(track->stream = avformat_new_stream(mux, NULL)))
    return AVERROR_ENCODER_NOT_FOUND;
  if (codec->type == AVMEDIA_TYPE_VIDEO) {
    frame->width = c->width = WIDTH;
    frame->height = c->height = HEIGHT;
    frame->format = c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, FPS};
    c->bit_rate = 800000;
    c->gop_size = 2 * FPS; /* a player has to wait for a key frame */
  } else {
    frame->sample_rate = c->sample_rate = RATE;
    frame->format = c->sample_fmt = AV_SAMPLE_FMT_FLTP;
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 28, 100) /* FFmpeg 5.1 */
    c->ch_layout = frame->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
#else
    c->channel_layout = frame->channel_layout = AV_CH_LAYOUT_MONO;
    c->channels = 1;
#endif
    c->time_base = (AVRational){1, RATE};
    c->bit_rate = 64000;
  }
  if (mux->oformat->flags & AVFMT_GLOBALHEADER) c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  track->stream->time_base = c->time_base;
  if ((ret = avcodec_open2(c, codec, NULL)) < 0) return ret;
  frame->nb_samples = c->frame_size;
  if ((ret = av_frame_get_buffer(frame, 0)) < 0) return ret;
  return avcodec_parameters_from_context(track->stream->codecpar, c);
}

/* Encodes the next frame of the track (or, with `last`, what the encoder still has), and muxes it.
 */
static int advance(AVFormatContext* mux, Track* track, AVPacket* packet, int last) {
  const int video = track->encoder->codec_type == AVMEDIA_TYPE_VIDEO;
  int ret;

  if (!last) {
    if ((ret = av_frame_make_writable(track->frame)) < 0) return ret;
    (video ? draw_picture : play_tone)(track->frame, track->next);
    track->frame->pts = track->next;
    track->next += video ? 1 : track->frame->nb_samples;
  }
  ret = avcodec_send_frame(track->encoder, last ? NULL : track->frame);
  while (ret >= 0 && (ret = avcodec_receive_packet(track->encoder, packet)) >= 0) {
    packet->stream_index = track->stream->index;
    av_packet_rescale_ts(packet, track->encoder->time_base, track->stream->time_base);
    ret = av_interleaved_write_frame(mux, packet);
  }
  return ret == AVERROR(EAGAIN) || ret == AVERROR_EOF ? 0 : ret;
}

int main(int argc, char** argv) {
  const double seconds = argc > 2 ? atof(argv[2]) : 10;
  Track tracks[2] = {{0}};
  AVFormatContext* mux = NULL;
  AVPacket* packet = av_packet_alloc();
  int closed, ret;

  if (argc < 2 || !packet) {
    fprintf(stderr, "usage: %s wmpush://server/publishing-point [SECONDS]\n", argv[0]);
    return 2;
  }
  if ((ret = avformat_alloc_output_context2(&mux, NULL, "asf", argv[1])) < 0 ||
      (ret = add_track(mux, &tracks[0], AV_CODEC_ID_WMV2)) < 0 ||
      (ret = add_track(mux, &tracks[1], AV_CODEC_ID_WMAV2)) < 0 ||
      (ret = open_output(&mux->pb, argv[1])) < 0)
    goto end;

  if ((ret = avformat_write_header(mux, NULL)) >= 0) {
    while (ret >= 0) {
      Track* behind = av_compare_ts(tracks[0].next, tracks[0].encoder->time_base, tracks[1].next,
                                    tracks[1].encoder->time_base) <= 0
                          ? &tracks[0]
                          : &tracks[1];
      if (behind->next * av_q2d(behind->encoder->time_base) >= seconds) break;
      ret = advance(mux, behind, packet, 0);
    }
    for (int i = 0; i < 2 && ret >= 0; i++) ret = advance(mux, &tracks[i], packet, 1);
    if (ret >= 0) ret = av_write_trailer(mux);
  }
  /* Closing is the end of the session: only now it is known whether all of it arrived. */
  closed = close_output(&mux->pb);
  if (ret >= 0) ret = closed;

end:
  if (ret < 0) fprintf(stderr, "%s: %s\n", argv[1], av_err2str(ret));
  av_packet_free(&packet);
  for (int i = 0; i < 2; i++) {
    av_frame_free(&tracks[i].frame);
    avcodec_free_context(&tracks[i].encoder);
  }
  avformat_free_context(mux);
  return ret < 0;
}
