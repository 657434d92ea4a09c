/* A program that loads libavformat itself, uses it, and unloads it: unloading_program LIBRARY */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char** argv) {
  void* (*alloc)(void);
  const char* (*protocol_of)(const char*);
  int (*open)(void**, const char*, int);
  if (argc != 2) return 2;
  for (int i = 0; i < 3; ++i) {
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return 3;
    /* Those of the preload object, where there is one. */
    *(void**)&alloc = dlsym(RTLD_DEFAULT, "avformat_alloc_context");
    *(void**)&protocol_of = dlsym(RTLD_DEFAULT, "avio_find_protocol_name");
    *(void**)&open = dlsym(RTLD_DEFAULT, "avio_open");
    void (*free_context)(void*);
    *(void**)&free_context = dlsym(library, "avformat_free_context");
    if (alloc == NULL || protocol_of == NULL || open == NULL || free_context == NULL) return 4;
    free_context(alloc());
    dlclose(library);
    void* pb = NULL;
    printf("%s %d\n", protocol_of("wmpush://server/live"),
           open(&pb, "wmpush://127.0.0.1:1/live", 2) < 0);
  }
  return 0;
}
