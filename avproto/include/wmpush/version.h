/* wmpush: version of the library.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WMPUSH_VERSION_H
#define WMPUSH_VERSION_H

#define WMPUSH_VERSION_MAJOR 0
#define WMPUSH_VERSION_MINOR 1
#define WMPUSH_VERSION_PATCH 0
#define WMPUSH_VERSION "0.1.0"

/** Comparable number: WMPUSH_VERSION_NUMBER >= WMPUSH_MAKE_VERSION(1, 2, 0). */
#define WMPUSH_MAKE_VERSION(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))
#define WMPUSH_VERSION_NUMBER \
  WMPUSH_MAKE_VERSION(WMPUSH_VERSION_MAJOR, WMPUSH_VERSION_MINOR, WMPUSH_VERSION_PATCH)

#endif
