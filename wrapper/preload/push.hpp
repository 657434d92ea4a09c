// One push of the program: an AVIOContext of ours, and how it ended.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

extern "C" {
#include <libavformat/avio.h>
}

#include <string>
#include <vector>

namespace wmpush::preload {

/// What avio_open2() does for a URL of ours. `url` may have its password masked.
int open_push(AVIOContext** pb, const char* url, int flags, const AVIOInterruptCB* int_cb,
              AVDictionary** options);

/// What avio_closep() does for a context of ours: EndSession, with its result. In a child that the
/// program has forked nothing is said to the server and nothing freed: the push is the parent's.
int close_push(AVIOContext** pb) noexcept;

/// What av_write_trailer() does besides for a context of ours: EndSession, with its result, which
/// the close then has, too. Many programs look at the one and not at the other. In a child that the
/// program has forked it does nothing.
int end_push(AVIOContext* pb) noexcept;

/// From now on the exit status of the process tells whether every push ended in S_OK, even where
/// the program drops the result of a close. That of a child which it forks is left alone.
void answer_for_exit_status();

/// The command line of ffmpeg names these outputs, passwords masked: where fewer were tried, a
/// muxer in between (tee, fifo, segment) went on without one, and the exit status tells. One that
/// is named twice has two results.
void expect_pushes(const std::vector<std::string>& urls);

}  // namespace wmpush::preload
