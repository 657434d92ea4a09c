/* The public header. In FFmpeg's tree it lies next to url.h. SPDX-License-Identifier:
 * LGPL-2.1-or-later */
#include <libavformat/avformat.h>
