/* A program on libavformat that pushes a file, and does what ffmpeg does not:
 *
 *     forking_program forget URL FILE     never closes its output
 *     forking_program exit URL FILE       forks a child in mid stream, which only ends
 *     forking_program close URL FILE      forks a child, which closes its copy of the output first
 *     forking_program environment         becomes env(1), with the environment that main() was
 * given
 */
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int copy(AVIOContext* to, FILE* from, long bytes) {
  unsigned char buffer[3200];
  while (bytes != 0) {
    const size_t count = fread(buffer, 1, sizeof buffer, from);
    if (count == 0) break;
    avio_write(to, buffer, (int)count);
    if (bytes > 0) --bytes;
  }
  avio_flush(to);
  return to->error;
}

int main(int argc, char** argv, char** environment) {
  if (argc == 2) {
    char* arguments[] = {"env", NULL};
    execve("/usr/bin/env", arguments, environment);
    return 4;
  }
  if (argc != 4) return 2;
  av_log_set_level(AV_LOG_ERROR);

  AVIOContext* output = NULL;
  FILE* input = fopen(argv[3], "rb");
  if (input == NULL || avio_open2(&output, argv[2], AVIO_FLAG_WRITE, NULL, NULL) < 0) return 3;
  /* exit() in the child would put the place in the file, which is shared, back. */
  setvbuf(input, NULL, _IONBF, 0);
  if (copy(output, input, 10) < 0) return 3;
  printf("half"); /* stays in the buffer until the end */
  if (strcmp(argv[1], "forget") == 0) return 0;

  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (strcmp(argv[1], "close") == 0 && avio_closep(&output) < 0) exit(5);
    exit(0);
  }
  int status = -1;
  if (waitpid(child, &status, 0) != child) return 3;
  printf(", child %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  if (copy(output, input, -1) < 0) return 3;
  if (avio_closep(&output) < 0) return 3;
  printf(", closed\n");
  fclose(input);
  return 0;
}
