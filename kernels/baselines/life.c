#ifndef DATA_TYPE
#define DATA_TYPE int32_t
#endif
#include "baseline.h"

#define GENERATION(from, to)                                                                           \
    for (int64_t i = 1; i < H - 1; i++)                                                                \
        for (int64_t j = 1; j < W - 1; j++) {                                                          \
            const DATA_TYPE alive = from[i - 1][j - 1] + from[i - 1][j] + from[i - 1][j + 1] +         \
                                    from[i][j - 1] + from[i][j + 1] + from[i + 1][j - 1] +             \
                                    from[i + 1][j] + from[i + 1][j + 1];                               \
            to[i][j] = alive == 3 || (alive == 2 && from[i][j] == 1);                                  \
        }

void kernel_life(SIZE(TSTEPS), SIZE(H), SIZE(W), DATA_TYPE old[restrict H][W], DATA_TYPE new[restrict H][W])
{
    for (int64_t t = 0; t < TSTEPS; t++) {
        GENERATION(old, new)
        GENERATION(new, old)
    }
}
