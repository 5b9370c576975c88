#ifndef DATA_TYPE
#define DATA_TYPE float
#endif
#include "baseline.h"

#define AROUND(X)                                                                              \
    (X[i - 1][j - 1] + X[i - 1][j] + X[i - 1][j + 1] + X[i][j - 1] + X[i][j] + X[i][j + 1] +   \
     X[i + 1][j - 1] + X[i + 1][j] + X[i + 1][j + 1])

void kernel_harris(SIZE(H), SIZE(W), const DATA_TYPE image[restrict H][W], DATA_TYPE dx[restrict H][W],
                   DATA_TYPE dy[restrict H][W], DATA_TYPE xx[restrict H][W], DATA_TYPE xy[restrict H][W],
                   DATA_TYPE yy[restrict H][W], DATA_TYPE out[restrict H][W])
{
    for (int64_t i = 1; i < H - 1; i++)
        for (int64_t j = 1; j < W - 1; j++) {
            dx[i][j] = ((image[i - 1][j + 1] - image[i - 1][j - 1]) + 2 * (image[i][j + 1] - image[i][j - 1]) +
                        (image[i + 1][j + 1] - image[i + 1][j - 1])) / 12;
            dy[i][j] = ((image[i + 1][j - 1] - image[i - 1][j - 1]) + 2 * (image[i + 1][j] - image[i - 1][j]) +
                        (image[i + 1][j + 1] - image[i - 1][j + 1])) / 12;
        }
    for (int64_t i = 1; i < H - 1; i++)
        for (int64_t j = 1; j < W - 1; j++) {
            xx[i][j] = dx[i][j] * dx[i][j];
            xy[i][j] = dx[i][j] * dy[i][j];
            yy[i][j] = dy[i][j] * dy[i][j];
        }
    for (int64_t i = 2; i < H - 2; i++)
        for (int64_t j = 2; j < W - 2; j++) {
            const DATA_TYPE a = AROUND(xx), b = AROUND(xy), c = AROUND(yy);
            out[i][j] = a * c - b * b - REAL(0.04) * ((a + c) * (a + c));
        }
}
