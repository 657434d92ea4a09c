// Outputs that were meant as a push, and are ffmpeg's own HTTP.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace wmpush::preload {

/// Remembers the http:// and https:// outputs of ffmpeg's arguments that get ASF.
void note_http_outputs(int argc, char** argv);

/// To be called when the program has opened `url`, or failed to: where that is such an output, and
/// the server says that it is a publishing point, which ignores what ffmpeg sends there, a line
/// says what to write. The server is asked on a connection of its own, for at most kPatience.
void warn_of_http_output(const char* url);

}  // namespace wmpush::preload
