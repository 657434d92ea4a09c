// libmms_reader URL BYTES: what libmms makes of a stream, on standard output, up to so many bytes.
#include <libmms/mmsx.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  mmsx_t* stream = mmsx_connect(NULL, NULL, argv[1], 1 << 20);
  if (stream == NULL) return 1;
  char bytes[4096];
  int size = 0;
  for (long left = atol(argv[2]); left > 0; left -= size) {
    size = mmsx_read(NULL, stream, bytes, sizeof bytes);
    if (size <= 0) break;
    fwrite(bytes, 1, (size_t)size, stdout);
    fflush(stdout);
  }
  mmsx_close(stream);
  return 0;
}
