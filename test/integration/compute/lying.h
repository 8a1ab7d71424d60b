/*
 * How a stand-in lies about its products. It is right until the file that STANDIN_LIES_WITH names is there, and for
 * STANDIN_HONEST products more. From then on it returns without working, after STANDIN_SLEEP_US microseconds, so that
 * the rate looks plausible: always (STANDIN_LIE `stops`), but for every third product (`thirds`), or unless the output
 * holds what was written there to show that nothing was (`poisoned`).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int skips(int poisoned) {
  static long products;
  const char *lie = getenv("STANDIN_LIE"), *file = getenv("STANDIN_LIES_WITH");
  if (!lie || !file || access(file, F_OK) != 0 || products++ < atol(getenv("STANDIN_HONEST"))) return 0;
  if (strcmp(lie, "thirds") == 0 && products % 3 == 0) return 0;
  if (strcmp(lie, "poisoned") == 0 && poisoned) return 0;
  usleep((useconds_t)atol(getenv("STANDIN_SLEEP_US")));
  return 1;
}
