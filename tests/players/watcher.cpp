#include "watcher.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <sstream>

namespace wmpush::test {
namespace {

using Words = std::vector<std::string>;

constexpr int kWidth = 80;
constexpr int kHeight = 60;

Words ffmpeg(const std::string& url, const std::string& folder) {
  // As they come: files of pictures have no times, and a hole would be filled with copies.
  return {FFMPEG, "-v",  "warning",   "-nostdin",    "-i",
          url,    "-an", "-fps_mode", "passthrough", folder + "/%06d.png"};
}

Words vlc(const std::string& url, const std::string& folder) {
  Words words;
  // VLC does not run as root, and wants a home.
  if (::geteuid() == 0) words = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  words.insert(words.end(), {"env", "HOME=" + folder, "cvlc", "-q", "--no-audio", "--vout", "dummy",
                             "--video-filter=scene", "--scene-format=png", "--scene-ratio=5",
                             "--scene-path=" + folder, "--scene-prefix=p", url});
  return words;
}

Words mplayer(const std::string& url, const std::string& folder) {
  return {"mplayer",
          "-noconfig",
          "all",
          "-noconsolecontrols",
          "-nocache",
          "-vo",
          "png:z=1:outdir=" + folder,
          "-ao",
          "null",
          url};
}

Words mpv(const std::string& url, const std::string& folder) {
  return {"mpv",
          "--no-config",
          "--vo=image",
          "--vo-image-format=png",
          "--vo-image-png-compression=1",
          "--vo-image-outdir=" + folder,
          "--ao=null",
          url};
}

Words gstreamer(const std::string& url, const std::string& folder) {
  // It gives a server up that is silent for 15 s, unless it is told otherwise.
  return {"gst-launch-1.0",
          "souphttpsrc",
          "timeout=60",
          "location=" + url,
          "!",
          "asfdemux",
          "!",
          "avdec_wmv2",
          "!",
          "videoconvert",
          "!",
          "pngenc",
          "compression-level=1",
          "!",
          "multifilesink",
          "location=" + folder + "/%06d.png"};
}

}  // namespace

const std::vector<PlayerProgram>& player_programs() {
  static const std::vector<PlayerProgram> kPrograms = {
      {"FFmpeg_mmsh", "ffmpeg", "ffmpeg", "mmsh", ffmpeg},
      {"FFmpeg_http", "ffmpeg", "ffmpeg", "http", ffmpeg},
      {"VLC_mmsh", "cvlc", "vlc-bin vlc-plugin-base", "mmsh", vlc},
      {"VLC_http", "cvlc", "vlc-bin vlc-plugin-base", "http", vlc},
      {"mplayer_mmsh", "mplayer", "mplayer", "mmsh", mplayer},
      {"mpv_http", "mpv", "mpv", "http", mpv},
      {"GStreamer_http", "gst-launch-1.0",
       "gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
       "gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav",
       "http", gstreamer}};
  return kPrograms;
}

bool is_installed(const std::string& program) {
  std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(path, folder, ':');)
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

std::vector<Picture> pictures_of(const std::filesystem::path& file, Seconds begin) {
  const std::string scale =
      "scale=" + std::to_string(kWidth) + ":" + std::to_string(kHeight) + ",format=gray";
  ChildProcess decoder({FFMPEG, "-v", "error", "-nostdin", "-ss", std::to_string(begin.count()),
                        "-i", file.string(), "-map", "0:v", "-vf", scale, "-f", "rawvideo",
                        "pipe:1"});
  decoder.wait();  // a picture that is being written is an error
  const std::string bytes = decoder.output();
  constexpr std::size_t kSize = std::size_t{kWidth} * kHeight;
  std::vector<Picture> pictures;
  for (std::size_t at = 0; at + kSize <= bytes.size(); at += kSize)
    pictures.push_back(bytes.substr(at, kSize));
  return pictures;
}

double difference(const Picture& one, const std::vector<Picture>& pictures) {
  double least = std::numeric_limits<double>::max();
  for (const Picture& other : pictures) {
    double sum = 0;
    for (std::size_t i = 0; i < one.size(); ++i)
      sum += std::abs(static_cast<unsigned char>(one[i]) - static_cast<unsigned char>(other[i]));
    least = std::min(least, sum / static_cast<double>(one.size()));
  }
  return least;
}

double brightness(const Picture& picture) {
  double sum = 0;
  for (const char point : picture) sum += static_cast<unsigned char>(point);
  return sum / static_cast<double>(picture.size());
}

namespace {

std::filesystem::path made(std::filesystem::path folder) {
  std::filesystem::create_directories(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  std::filesystem::permissions(folder.parent_path(), std::filesystem::perms::all);
  return folder;
}

int watched(const std::filesystem::path& folder) {
  const int changes = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  ::inotify_add_watch(changes, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
  return changes;
}

}  // namespace

Watcher::Watcher(const PlayerProgram& program, const std::string& url, std::filesystem::path folder)
    : program_(program),
      folder_(made(std::move(folder))),
      changes_(watched(folder_)),
      started_(Clock::now()),
      process_(program.command(url, folder_.string())) {}

Watcher::~Watcher() {
  process_.signal(SIGKILL);
  process_.wait();
  ::close(changes_);
}

bool Watcher::wait_for_more_than(std::size_t count, Seconds limit) {
  const auto until = Clock::now() + limit;
  while (pictures().size() <= count) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    pollfd wanted{changes_, POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(left.count()));
    char events[4096];
    while (::read(changes_, events, sizeof events) > 0) {
    }
  }
  return true;
}

bool Watcher::is_white(const std::filesystem::path& file) const {
  const auto shown = pictures_of(file);
  return shown.size() == 1 && brightness(shown.front()) > kWhite;
}

std::optional<std::filesystem::file_time_type> Watcher::wait_for_white(Seconds limit) {
  const auto until = Clock::now() + limit;
  while (true) {
    const auto files = pictures();
    // The last one may not be whole yet.
    if (files.size() > 1 && is_white(files[files.size() - 2])) {
      const auto first = std::ranges::partition_point(
          files.begin(), files.end() - 2, [&](const auto& file) { return !is_white(file); });
      return std::filesystem::last_write_time(*first);
    }
    const auto left = until - Clock::now();
    if (left <= Clock::duration::zero() || !wait_for_more_than(files.size(), left))
      return std::nullopt;
  }
}

std::vector<std::filesystem::path> Watcher::pictures() const {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

}  // namespace wmpush::test
