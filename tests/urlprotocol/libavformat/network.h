/* What libwmpush.c uses of libavformat/network.h. SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
