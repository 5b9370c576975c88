#ifndef DATA_TYPE
#define DATA_TYPE float
#endif
#include "baseline.h"

/* The coefficients are formed in double precision and rounded once. */
void kernel_deriche(SIZE(W), SIZE(H), DATA_TYPE alpha, const DATA_TYPE image[restrict W][H],
                    DATA_TYPE out[restrict W][H], DATA_TYPE y1[restrict W][H],
                    DATA_TYPE y2[restrict W][H])
{
    const double a = alpha, decay = exp(-a);
    const double k = (1 - decay) * (1 - decay) / (1 + 2 * a * decay - exp(2 * a));
    const DATA_TYPE a1 = k, a2 = k * decay * (a - 1);
    const DATA_TYPE a3 = k * decay * (a + 1), a4 = -k * exp(-2 * a);
    const DATA_TYPE b1 = pow(2.0, -a), b2 = -exp(-2 * a);

    for (int64_t i = 0; i < W; i++) {
        DATA_TYPE x_1 = 0, y_1 = 0, y_2 = 0;
        for (int64_t j = 0; j < H; j++) {
            y1[i][j] = a1 * image[i][j] + a2 * x_1 + b1 * y_1 + b2 * y_2;
            x_1 = image[i][j];
            y_2 = y_1;
            y_1 = y1[i][j];
        }
    }
    for (int64_t i = 0; i < W; i++) {
        DATA_TYPE x_1 = 0, x_2 = 0, y_1 = 0, y_2 = 0;
        for (int64_t j = H - 1; j >= 0; j--) {
            y2[i][j] = a3 * x_1 + a4 * x_2 + b1 * y_1 + b2 * y_2;
            x_2 = x_1;
            x_1 = image[i][j];
            y_2 = y_1;
            y_1 = y2[i][j];
        }
    }
    for (int64_t i = 0; i < W; i++)
        for (int64_t j = 0; j < H; j++)
            out[i][j] = y1[i][j] + y2[i][j];
    for (int64_t j = 0; j < H; j++) {
        DATA_TYPE x_1 = 0, y_1 = 0, y_2 = 0;
        for (int64_t i = 0; i < W; i++) {
            y1[i][j] = a1 * out[i][j] + a2 * x_1 + b1 * y_1 + b2 * y_2;
            x_1 = out[i][j];
            y_2 = y_1;
            y_1 = y1[i][j];
        }
    }
    for (int64_t j = 0; j < H; j++) {
        DATA_TYPE x_1 = 0, x_2 = 0, y_1 = 0, y_2 = 0;
        for (int64_t i = W - 1; i >= 0; i--) {
            y2[i][j] = a3 * x_1 + a4 * x_2 + b1 * y_1 + b2 * y_2;
            x_2 = x_1;
            x_1 = out[i][j];
            y_2 = y_1;
            y_1 = y2[i][j];
        }
    }
    for (int64_t i = 0; i < W; i++)
        for (int64_t j = 0; j < H; j++)
            out[i][j] = y1[i][j] + y2[i][j];
}
