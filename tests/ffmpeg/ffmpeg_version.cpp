#include "ffmpeg/ffmpeg_version.hpp"

#include <cstdlib>
#include <map>
#include <stdexcept>

#include "support/child_process.hpp"

namespace wmpush::test {

const FfmpegVersion& FfmpegVersion::of(const std::string& program) {
  static std::map<std::string, FfmpegVersion> known;
  FfmpegVersion& version = known[program];
  if (version.libavformat_ == 0) {
    ChildProcess child({program, "-version"});
    child.wait();
    const std::string output = child.output();
    constexpr std::string_view kName = "libavformat ";
    const std::size_t at = output.find(kName);
    if (at == std::string::npos) throw std::runtime_error(program + " does not say its version");
    version.libavformat_ = std::atoi(output.c_str() + at + kName.size());
  }
  return version;
}

}  // namespace wmpush::test
