/* Prints the library's options as README.md and FFmpeg's documentation have them.
 *
 *     option_table markdown|texi
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wmpush/wmpush.h>

static const char* duration(int64_t us, char text[32]) {
  if (us >= 3600 * INT64_C(1000000) && us % (3600 * INT64_C(1000000)) == 0)
    snprintf(text, 32, "%" PRId64 " h", us / (3600 * INT64_C(1000000)));
  else if (us % 1000000 == 0)
    snprintf(text, 32, "%" PRId64 " s", us / 1000000);
  else if (us % 1000 == 0)
    snprintf(text, 32, "%" PRId64 " ms", us / 1000);
  else
    snprintf(text, 32, "%" PRId64 " us", us);
  return text;
}

/* "a|b|c" as "a, b or c" */
static void print_words(const char* values) {
  for (const char* word = values; *word != '\0';) {
    const size_t length = strcspn(word, "|");
    const char* const next = word[length] == '|' ? word + length + 1 : word + length;
    printf("%.*s", (int)length, word);
    if (*next != '\0') printf(strchr(next, '|') != NULL ? ", " : " or ");
    word = next;
  }
}

static void print_value(const wmpush_option_info* option) {
  char low[32], high[32];
  switch (option->type) {
    case WMPUSH_OPTION_FLAG:
      printf("0 or 1");
      break;
    case WMPUSH_OPTION_INTEGER:
      printf("%" PRId64 " to %" PRId64 " %s", option->minimum, option->maximum, option->unit);
      break;
    case WMPUSH_OPTION_DURATION:
      printf("duration, %s to %s", duration(option->minimum, low), duration(option->maximum, high));
      break;
    case WMPUSH_OPTION_TEXT:
      if (*option->values != '\0')
        print_words(option->values);
      else
        printf(option->not_in_url ? "text, not in the URL" : "text");
      break;
  }
}

static void print_default(const wmpush_option_info* option) {
  char text[32];
  if (*option->values != '\0')
    printf("%.*s", (int)strcspn(option->values, "|"), option->values);
  else if (option->type == WMPUSH_OPTION_TEXT)
    printf("none");
  else if (option->type == WMPUSH_OPTION_DURATION)
    printf("%s", duration(option->default_value, text));
  else
    printf("%" PRId64, option->default_value);
}

/* An @item of a @table in FFmpeg's protocols.texi. */
static void print_texi(const wmpush_option_info* option) {
  static const char* const kinds[] = {"0|1", "@var{number}", "@var{duration}", "@var{text}"};
  char low[32], high[32], value[32];

  printf("@item %s=%s\n%c", option->name, kinds[option->type],
         toupper((unsigned char)option->help[0]));
  for (const char* c = option->help + 1; *c != '\0'; ++c) printf(*c == '@' ? "@@" : "%c", *c);
  printf(".\n");
  switch (option->type) {
    case WMPUSH_OPTION_FLAG:
      printf("Default value is %" PRId64 ".\n", option->default_value);
      break;
    case WMPUSH_OPTION_INTEGER:
      printf("From %" PRId64 " to %" PRId64 " %s, default value is %" PRId64 ".\n", option->minimum,
             option->maximum, option->unit, option->default_value);
      break;
    case WMPUSH_OPTION_DURATION:
      printf("From %s to %s, default value is %s.\n", duration(option->minimum, low),
             duration(option->maximum, high), duration(option->default_value, value));
      break;
    case WMPUSH_OPTION_TEXT:
      if (option->not_in_url) printf("Not in the URL.\n");
      break;
  }
  printf("\n");
}

int main(int argc, char** argv) {
  const char* form = argc == 2 ? argv[1] : "";
  const int texi = strcmp(form, "texi") == 0;
  if (!texi && strcmp(form, "markdown") != 0) {
    fprintf(stderr, "usage: option_table markdown|texi\n");
    return 2;
  }
  if (!texi) printf("| option | value | default | meaning |\n|---|---|---|---|\n");
  const wmpush_option_info* option;
  for (size_t i = 0; (option = wmpush_option_at(i)) != NULL; ++i) {
    if (texi) {
      print_texi(option);
      continue;
    }
    printf("| `%s` | ", option->name);
    print_value(option);
    printf(" | ");
    print_default(option);
    printf(" | %s |\n", option->help);
  }
  return 0;
}
