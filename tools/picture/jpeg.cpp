#include "jpeg.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace wmpush::picture {
namespace {

constexpr int kReadBuffer = 32768;  // bytes
constexpr int kMostPackets = 1000;  // that are read before there is a picture
constexpr int kMostHeight = 4096;   // pixels
constexpr int kQuality = 4;         // of 1, the best, to 31

struct Fault {
  std::string why;
};

int check(int result, const char* what) {
  if (result >= 0) return result;
  // Of which there is more for a program that begins anew.
  if (result == AVERROR(ENOMEM)) throw std::bad_alloc();
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(result, text, sizeof text);
  throw Fault{std::string(what) + ": " + text};
}

template <auto release>
struct Releases {
  template <typename Object>
  void operator()(Object* object) const {
    release(&object);
  }
};
using Codec = std::unique_ptr<AVCodecContext, Releases<avcodec_free_context>>;
using Frame = std::unique_ptr<AVFrame, Releases<av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, Releases<av_packet_free>>;
struct FreesScaler {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

/// The bytes, as libavformat reads them.
class Input {
 public:
  explicit Input(std::span<const std::byte> asf) : left_(asf) {
    format_ = avformat_alloc_context();
    auto* buffer = static_cast<unsigned char*>(av_malloc(kReadBuffer));
    io_ = avio_alloc_context(buffer, kReadBuffer, 0, this, &Input::read, nullptr, nullptr);
    if (format_ == nullptr || io_ == nullptr) throw std::bad_alloc();
    format_->pb = io_;
    const int opened = avformat_open_input(&format_, nullptr, av_find_input_format("asf"), nullptr);
    if (opened >= 0) return;
    free_io();  // the rest is freed already
    check(opened, "the header");
  }
  ~Input() {
    avformat_close_input(&format_);
    free_io();
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  AVFormatContext* operator->() const { return format_; }
  AVFormatContext* get() const { return format_; }

 private:
  void free_io() {
    av_freep(&io_->buffer);
    avio_context_free(&io_);
  }
  static int read(void* opaque, std::uint8_t* buffer, int size) {
    auto& left = static_cast<Input*>(opaque)->left_;
    const std::size_t count = std::min<std::size_t>(left.size(), static_cast<std::size_t>(size));
    if (count == 0) return AVERROR_EOF;
    std::memcpy(buffer, left.data(), count);
    left = left.subspan(count);
    return static_cast<int>(count);
  }

  std::span<const std::byte> left_;
  AVFormatContext* format_ = nullptr;
  AVIOContext* io_ = nullptr;
};

Codec open_decoder(const AVStream& stream) {
  const AVCodec* decoder = avcodec_find_decoder(stream.codecpar->codec_id);
  if (decoder == nullptr)
    throw Fault{std::string("this FFmpeg has no decoder for ") +
                avcodec_get_name(stream.codecpar->codec_id)};
  Codec codec(avcodec_alloc_context3(decoder));
  if (!codec) throw std::bad_alloc();
  check(avcodec_parameters_to_context(codec.get(), stream.codecpar), "the stream");
  codec->max_pixels = kMostPixels;
  codec->thread_count = 1;
  check(avcodec_open2(codec.get(), decoder, nullptr), decoder->name);
  return codec;
}

/// The first picture that the decoder makes of what it was given; null: none so far.
Frame decoded(AVCodecContext& codec) {
  Frame frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  const int result = avcodec_receive_frame(&codec, frame.get());
  if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return nullptr;
  check(result, "the picture");
  return frame;
}

/// Of the key frame: what comes before it in its packet is of pictures that are not here.
Frame first_picture(Input& input, int stream, AVCodecContext& codec) {
  Packet packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  bool begun = false;
  for (int read = 0; read < kMostPackets && av_read_frame(input.get(), packet.get()) >= 0; ++read) {
    const bool is_its = packet->stream_index == stream;
    begun = begun || (is_its && (packet->flags & AV_PKT_FLAG_KEY) != 0);
    if (is_its && begun) {
      check(avcodec_send_packet(&codec, packet.get()), "the picture");
      if (Frame frame = decoded(codec)) return frame;
    }
    av_packet_unref(packet.get());
  }
  // A decoder that puts pictures in order keeps one back until it knows that there is no more.
  check(avcodec_send_packet(&codec, nullptr), "the picture");
  if (Frame frame = decoded(codec)) return frame;
  throw Fault{"there is no whole picture in it"};
}

/// In the colours of a JPEG, and with square pixels.
Frame scaled(const AVFrame& frame, int width) {
  if (frame.width <= 0 || frame.height <= 0) throw Fault{"a picture without a size"};
  const AVRational shape = frame.sample_aspect_ratio;
  const double tall = shape.num > 0 && shape.den > 0 ? av_q2d(shape) : 1.0;
  const double height = static_cast<double>(width) * frame.height / (frame.width * tall);
  Frame small(av_frame_alloc());
  if (!small) throw std::bad_alloc();
  small->format = AV_PIX_FMT_YUVJ420P;
  small->width = width;
  small->height =
      std::clamp(static_cast<int>(std::min<double>(height, kMostHeight)), 2, kMostHeight) & ~1;
  small->quality = kQuality * FF_QP2LAMBDA;
  check(av_frame_get_buffer(small.get(), 0), "a picture of this size");
  const std::unique_ptr<SwsContext, FreesScaler> scaler(sws_getContext(
      frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), small->width,
      small->height, AV_PIX_FMT_YUVJ420P, SWS_AREA, nullptr, nullptr, nullptr));
  if (!scaler) throw Fault{"its colours cannot be turned into those of a JPEG"};
  check(sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, small->data,
                  small->linesize),
        "scaling");
  return small;
}

std::vector<std::byte> encoded(const AVFrame& frame) {
  const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (encoder == nullptr) throw Fault{"this FFmpeg writes no JPEG"};
  Codec codec(avcodec_alloc_context3(encoder));
  const Packet packet(av_packet_alloc());
  if (!codec || !packet) throw std::bad_alloc();
  codec->width = frame.width;
  codec->height = frame.height;
  codec->pix_fmt = static_cast<AVPixelFormat>(frame.format);
  codec->color_range = AVCOL_RANGE_JPEG;
  codec->time_base = {1, 1};
  codec->thread_count = 1;
  codec->flags |= AV_CODEC_FLAG_QSCALE;
  codec->global_quality = frame.quality;
  check(avcodec_open2(codec.get(), encoder, nullptr), encoder->name);
  check(avcodec_send_frame(codec.get(), &frame), encoder->name);
  check(avcodec_receive_packet(codec.get(), packet.get()), encoder->name);
  const auto* bytes = reinterpret_cast<const std::byte*>(packet->data);
  return {bytes, bytes + packet->size};
}

}  // namespace

Jpeg make_jpeg(std::span<const std::byte> asf, int width) try {
  Input input(asf);
  const int stream =
      check(av_find_best_stream(input.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0), "its video");
  for (unsigned i = 0; i < input->nb_streams; ++i)
    if (static_cast<int>(i) != stream) input->streams[i]->discard = AVDISCARD_ALL;
  const Codec decoder = open_decoder(*input->streams[stream]);
  const Frame picture = first_picture(input, stream, *decoder);
  return {encoded(*scaled(*picture, width)), {}};
} catch (const Fault& fault) {
  return {{}, fault.why};
}

}  // namespace wmpush::picture
