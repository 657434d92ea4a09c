/* A libavformat of another major version, as far as the preload object asks for one. */
#include <stdio.h>

unsigned avformat_version(void) { return 12u << 16; }

int avio_open2(void** pb, const char* url, int flags, const void* int_cb, void** options) {
  (void)flags;
  (void)int_cb;
  (void)options;
  *pb = NULL;
  printf("the other avio_open2 got %s\n", url);
  return -1;
}
