#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_mandelbrot(SIZE(LIMIT), SIZE(H), SIZE(W), const DATA_TYPE re[restrict W],
                       const DATA_TYPE im[restrict H], DATA_TYPE count[restrict H][W])
{
    for (int64_t i = 0; i < H; i++)
        for (int64_t j = 0; j < W; j++) {
            DATA_TYPE x = 0, y = 0;
            int64_t steps = 0;
            while (steps < LIMIT && x * x + y * y <= 4) {
                const DATA_TYPE next = x * x - y * y + re[j];
                y = 2 * x * y + im[i];
                x = next;
                steps++;
            }
            count[i][j] = steps;
        }
}
