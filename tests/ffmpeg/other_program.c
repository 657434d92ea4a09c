/* A program on another libavformat: what it opens must reach that one. */
#include <stdio.h>
#include <stdlib.h>

int avio_open2(void** pb, const char* url, int flags, const void* int_cb, void** options);

int main(void) {
  void* pb;
  const char* preload = getenv("LD_PRELOAD");
  const char* marker = getenv("WMPUSH_PRELOAD_IS_FFMPEG");

  printf("LD_PRELOAD=%s\n", preload ? preload : "");
  printf("marker: %s\n", marker ? marker : "none");
  return avio_open2(&pb, "wmpush://127.0.0.1:1/live", 2, NULL, NULL) < 0 ? 3 : 0;
}
