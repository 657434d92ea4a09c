#include "pubpoint/hls/program_words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <utility>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kLongestLine = 400;

struct Remedy {
  std::string_view pattern;
  std::string_view copy;       ///< what to do where the streams are copied; empty: not known
  std::string_view transcode;  ///< the same where they are transcoded
  bool is_fatal;               ///< it goes on, with what nobody can play
};
constexpr std::string_view kUseTranscode =
    "\"copy\" is for H.264 and AAC: use hls = \"transcode\" for this stream";
constexpr std::string_view kBFrames =
    "in ASF frames that are not shown in their order have no times of their own: push without "
    "B-frames (-bf 0), or use hls = \"transcode\"";
constexpr std::array<Remedy, 7> kRemedies{{
    {"Could not find tag for codec", kUseTranscode, {}, false},
    {"codec not currently supported in container", kUseTranscode, {}, false},
    {"pts has no value", kBFrames, {}, true},
    {"Unknown encoder", {}, "it needs an ffmpeg with libx264 and its own AAC encoder", false},
    {"Error selecting an encoder",
     {},
     "it needs an ffmpeg with libx264 and its own AAC encoder",
     false},
    {"Unknown decoder",
     {},
     "this ffmpeg cannot decode the stream: name another one by program "
     "under [hls]",
     false},
    {"Decoder (codec",
     {},
     "this ffmpeg cannot decode the stream: name another one by program "
     "under [hls]",
     false},
}};

std::string seconds_text(std::chrono::milliseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", std::chrono::duration<double>(time).count());
  return text;
}

}  // namespace

std::optional<HlsMode> hls_mode(std::string_view text) {
  if (text == "off") return HlsMode::Off;
  if (text == "copy") return HlsMode::Copy;
  if (text == "transcode") return HlsMode::Transcode;
  return std::nullopt;
}

std::vector<std::string> packager_command(const HlsSettings& settings, HlsMode mode,
                                          bool has_video) {
  std::vector<std::string> all{settings.program};
  const auto words = [&](std::initializer_list<std::string> more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  // A second of the stream tells what is in it: there is more than that in the backlog.
  words({"-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-analyzeduration",
         "1000000", "-f", "asf", "-i", "pipe:0", "-sn", "-dn"});
  if (mode == HlsMode::Copy) {
    words({"-c", "copy"});
  } else {
    // Each frame once. Browsers take 4:2:0 only, which needs even sizes. Without B-frames and
    // look-ahead a picture comes out as soon as it has gone in.
    words({"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-vf",
           "scale=trunc(iw/2)*2:trunc(ih/2)*2", "-fps_mode", "vfr", "-pix_fmt", "yuv420p",
           "-sc_threshold", "0", "-force_key_frames",
           "expr:gte(t,n_forced*" + seconds_text(settings.segment_time) + ")"});
    words({"-c:a", "aac", "-b:a", "128k", "-ac", "2"});
  }
  words({"-f", "mp4", "-movflags"});
  if (has_video) {
    words({"+frag_keyframe+empty_moov+default_base_moof+skip_trailer"});
  } else {
    words({"+empty_moov+default_base_moof+skip_trailer", "-frag_duration",
           std::to_string(std::chrono::microseconds(settings.segment_time).count())});
  }
  words({"-flush_packets", "1", "pipe:1"});
  return all;
}

bool Complaints::take(std::string_view text) {
  bool is_fatal = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      is_fatal = take_line() || is_fatal;
    } else if (line_.size() < kLongestLine) {
      line_ += c;
    }
  }
  return is_fatal;
}

bool Complaints::take_line() {
  const std::string line = std::exchange(line_, {});
  if (line.empty()) return false;
  last_ = line;
  const auto* const known = std::ranges::find_if(kRemedies, [&](const Remedy& remedy) {
    return line.find(remedy.pattern) != line.npos &&
           !(mode_ == HlsMode::Copy ? remedy.copy : remedy.transcode).empty();
  });
  if (known == kRemedies.end()) return false;
  if (telling_.empty())
    telling_ = line + "; " + std::string(mode_ == HlsMode::Copy ? known->copy : known->transcode);
  return known->is_fatal;
}

std::string Complaints::told() const {
  if (!telling_.empty()) return telling_;
  return last_.empty() ? line_ : last_;
}

}  // namespace wmpush::pubpoint
