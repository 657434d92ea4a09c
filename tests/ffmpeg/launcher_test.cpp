// What ffmpeg-wmpush cannot work with is refused in one sentence that names the remedy.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavformat/version.h>
#include <libavutil/error.h>
}
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "publishing_point.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;

class Launcher : public PublishingPoint {
 protected:
  static Finished with_ffmpeg(const std::string& program) {
    return run({FFMPEG_WMPUSH, "-version"}, {"WMPUSH_FFMPEG=" + program});
  }

  static void expect_refusal(const Finished& launch, const std::string& why) {
    EXPECT_EQ(launch.status, 2);
    EXPECT_THAT(launch.error, testing::StartsWith("ffmpeg-wmpush: "));
    EXPECT_THAT(launch.error, HasSubstr(why));
    EXPECT_THAT(launch.error, HasSubstr("WMPUSH_FFMPEG"));
    EXPECT_EQ(std::count(launch.error.begin(), launch.error.end(), '\n'), 1) << launch.error;
  }
};

TEST_F(Launcher, HandsTheArgumentsOnUntouched) {
  const Finished version = run({FFMPEG_WMPUSH, "-version"});

  EXPECT_EQ(version.status, 0) << version.error;
  EXPECT_THAT(version.output, testing::StartsWith("ffmpeg version "));
}

TEST_F(Launcher, SaysWhatItIsWithoutArguments) {
  const Finished bare = run({FFMPEG_WMPUSH});
  EXPECT_EQ(bare.status, 2);
  EXPECT_EQ(bare.output, "");
  EXPECT_THAT(bare.error, testing::StartsWith("ffmpeg-wmpush is the installed ffmpeg"));
  EXPECT_THAT(bare.error, HasSubstr("wmpush://server/live"));
}

TEST_F(Launcher, PicksTheObjectOfItsMajorVersionAmongSeveral) {
  std::filesystem::create_directories(file("bin"));
  std::filesystem::create_directories(file("lib"));
  std::filesystem::copy_file(FFMPEG_WMPUSH, file("bin/ffmpeg-wmpush"));
  std::filesystem::copy(PRELOAD_OBJECT, file("lib"));
  for (const int other : {LIBAVFORMAT_VERSION_MAJOR - 1, LIBAVFORMAT_VERSION_MAJOR + 1,
                          LIBAVFORMAT_VERSION_MAJOR * 10})
    std::ofstream(file("lib/libwmpush-preload-" + std::to_string(other) + ".so")) << "no object";

  const Finished help = run({file("bin/ffmpeg-wmpush"), "-hide_banner", "-h", "protocol=wmpush"});
  EXPECT_EQ(help.status, 0) << help.error;
  EXPECT_THAT(help.output, HasSubstr("connect_timeout"));
  EXPECT_EQ(help.error, "");
}

TEST_F(Launcher, RunsTheFfmpegThatIsNamed) {
  std::filesystem::create_symlink(FFMPEG, file("another name"));
  EXPECT_EQ(with_ffmpeg(file("another name")).status, 0);
}

TEST_F(Launcher, AnswersForTheExitStatusOfAnFfmpegByAnyName) {
  std::filesystem::copy_file(FFMPEG, file("my-encoder"));
  server->add_fault({.at = At::End, .what = Do::Reset});

  const Finished push =
      run(ffmpeg_wmpush({"-i", media("input.asf"), "-map", "0:1", "-c", "copy", "-f", "asf",
                         "wmpush://me:opensesame@" + url().substr(url().find("//") + 2)}),
          {"WMPUSH_FFMPEG=" + file("my-encoder").string()});

  expect_failed(push, "NS_E_", AVERROR(ECONNRESET));
  EXPECT_THAT(push.error, testing::Not(HasSubstr("opensesame")));
}

struct Directory {
  const char* name;
  const char* path;
};
constexpr Directory kDirectories[] = {{"Plain", "plain"},
                                      {"WithASpace", "with space"},
                                      {"WithAColon", "with:colon"},
                                      {"WithOtherLetters", "ラジオ 'n\" $x"}};

class LauncherIn : public PublishingPoint, public testing::WithParamInterface<Directory> {
 protected:
  /// The launcher and the preload object, installed in a directory of this name.
  std::string launcher() const {
    const std::filesystem::path prefix = file(GetParam().path);
    std::filesystem::create_directories(prefix / "bin");
    std::filesystem::create_directories(prefix / "lib");
    std::filesystem::copy_file(FFMPEG_WMPUSH, prefix / "bin/ffmpeg-wmpush");
    std::filesystem::copy(PRELOAD_OBJECT, prefix / "lib");
    return prefix / "bin/ffmpeg-wmpush";
  }
};

TEST_P(LauncherIn, ADirectoryOfAnyNamePushes) {
  const Arguments push{launcher(), "-nostdin", "-v", "error", "-i", media("input.asf"),
                       "-map",     "0:1",      "-c", "copy",  "-f", "asf",
                       url()};
  const Finished pushed = run(push);
  EXPECT_EQ(pushed.status, 0) << pushed.error;
  EXPECT_TRUE(ended_session().end_of_stream);
}

TEST_P(LauncherIn, ADirectoryOfAnyNameLeavesNoDescriptorOpenInFfmpeg) {
  ChildProcess push({launcher(), "-nostdin", "-v", "error", "-re", "-i", media("input.asf"), "-map",
                     "0:1", "-c", "copy", "-f", "asf", url()});
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().empty(); }));

  std::size_t open = 0;
  const std::filesystem::path descriptors = "/proc/" + std::to_string(push.id()) + "/fd";
  for (const auto& descriptor : std::filesystem::directory_iterator(descriptors)) {
    std::error_code closed_meanwhile;
    const std::string target = std::filesystem::read_symlink(descriptor, closed_meanwhile);
    EXPECT_THAT(target, testing::Not(HasSubstr("libwmpush-preload")));
    ++open;
  }
  EXPECT_GE(open, 3u);
  EXPECT_EQ(push.wait(), 0) << push.error_text();
}

INSTANTIATE_TEST_SUITE_P(Named, LauncherIn, testing::ValuesIn(kDirectories),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(Launcher, RefusesAProgramThatIsNotThere) {
  expect_refusal(with_ffmpeg(file("nothing")), "not installed");
}

TEST_F(Launcher, RefusesAStaticProgram) {
  // glibc's own tool for the cache of shared libraries must work without any.
  if (!std::filesystem::exists("/sbin/ldconfig")) GTEST_SKIP() << "no static program at hand";
  expect_refusal(with_ffmpeg("/sbin/ldconfig"), "static");
}

TEST_F(Launcher, RefusesAScript) {
  std::ofstream(file("script")) << "#!/bin/sh\nexec ffmpeg \"$@\"\n";
  std::filesystem::permissions(file("script"), std::filesystem::perms::owner_all);
  expect_refusal(with_ffmpeg(file("script")), "script");
}

TEST_F(Launcher, RefusesASetuidProgram) {
  std::filesystem::copy_file(FFMPEG, file("setuid"));
  ASSERT_EQ(chmod(file("setuid").c_str(), 04755), 0);
  expect_refusal(with_ffmpeg(file("setuid")), "setuid");
}

TEST_F(Launcher, RefusesAProgramWithFileCapabilities) {
  const std::string program = file("capable");
  std::filesystem::copy_file(FFMPEG, program);
  std::filesystem::permissions(directory, std::filesystem::perms(0755));
  if (geteuid() != 0 ||
      run({"/bin/sh", "-c", "PATH=$PATH:/sbin:/usr/sbin; setcap cap_sys_nice+ep " + program})
              .status != 0)
    GTEST_SKIP() << "capabilities are given by root, with setcap of libcap2-bin";
  // Root has every capability anyway: to it the program is as any other.
  const Arguments as_nobody{"setpriv", "--reuid=65534", "--clear-groups"};
  if (run(as_nobody + Arguments{"test", "-r", PRELOAD_OBJECT}).status != 0)
    GTEST_SKIP() << "the build is in a folder that others may not enter";
  const Finished launch =
      run(as_nobody + Arguments{FFMPEG_WMPUSH, "-version"}, {"WMPUSH_FFMPEG=" + program});
  EXPECT_EQ(launch.status, 2);
  EXPECT_THAT(launch.error, HasSubstr("file capabilities"));
}

TEST_F(Launcher, RefusesASnap) {
  std::filesystem::create_directory(file("bin"));
  std::filesystem::copy_file("/bin/true", file("bin/snap"));
  std::filesystem::create_symlink(file("bin/snap"), file("bin/ffmpeg"));
  expect_refusal(with_ffmpeg(file("bin/ffmpeg")), "snap");
}

TEST_F(Launcher, RefusesAnotherMajorVersionAndNamesTheOnesItHas) {
  const Finished launch = with_ffmpeg(OTHER_PROGRAM);
  EXPECT_EQ(launch.status, 2);
  EXPECT_THAT(launch.error, HasSubstr("uses libavformat 12"));
  EXPECT_THAT(launch.error, HasSubstr(std::to_string(LIBAVFORMAT_VERSION_MAJOR)));
}

}  // namespace
}  // namespace wmpush::test
