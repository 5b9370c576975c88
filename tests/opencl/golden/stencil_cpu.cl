/* stencil: shapes.py:25

   if (T) * (n - 2) * (n - 2) * 9 is large:
     for __tile in -1 .. (T - 1)//16 + 1:
       launch stencil_i_tile over pieces of (__tile + 1)//2 .. min((2*T + n - 3)//64, (32*__tile + n + 29)//64) + 1
   else:
     launch stencil___tile
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;
typedef double4 f64x4 __attribute__((aligned(8)));

/* Where piece `number` of `trips` iterations begins, of as many pieces as there are groups. */
static inline int64_t share(int64_t trips, int64_t number)
{
    return trips > 0 ? trips * number / (int64_t)get_num_groups(0) : 0;
}

/* a / b rounded down, b > 0 */
static inline int64_t floord(int64_t a, int64_t b)
{
    return b & (b - 1) ? a / b - (a % b < 0) : (a - (a & (b - 1))) / b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return b > a ? b : a;
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return b < a ? b : a;
}

__kernel void stencil_i_tile(int64_t tile_, int64_t T, int64_t n, int64_t A_shape1,
                             int64_t B_shape1, __global double *restrict A,
                             __global double *restrict B)
{
    const int64_t i_tile_trips =
            min_i64(floord(2 * T + n + 61, 64), floord(32 * tile_ + n + 93, 64)) - (tile_ + 1) / 2;
    const int64_t i_tile_first = (tile_ + 1) / 2 + share(i_tile_trips, get_group_id(0));
    const int64_t i_tile_last = (tile_ + 1) / 2 + share(i_tile_trips, get_group_id(0) + 1);
    for (int64_t i_tile = i_tile_first; i_tile < i_tile_last; i_tile++) {
        const int64_t j_tile_start =
                max_i64(0, max_i64(floord(tile_, 16), floord(64 * i_tile - n + 3, 512)));
        const int64_t j_tile_end =
                min_i64((2 * T + n + 509) / 512,
                min_i64((32 * tile_ + n + 573) / 512, (32 * i_tile + 16 * tile_ + n + 572) / 512));
        for (int64_t j_tile = j_tile_start; j_tile < j_tile_end; j_tile++) {
            const int64_t start_ =
                    max_i64(0,
                    max_i64(16 * tile_,
                    max_i64(256 * j_tile + (n + 2) / 2 - n, 32 * i_tile + (n + 2) / 2 - n)));
            const int64_t end_ =
                    min_i64(T,
                    min_i64(16 * tile_ + 32,
                    min_i64(256 * j_tile + 256, 32 * tile_ + (n + 63) / 2 - 32 * i_tile)));
            for (int64_t v_ = start_; v_ < end_; v_++) {
                const int64_t i_start =
                        max_i64(1,
                        max_i64(64 * i_tile + 2 * v_ - 64 * tile_ - 63, 64 * i_tile - 2 * v_));
                const int64_t i_end =
                        min_i64(n - 1,
                        min_i64(64 * i_tile + 2 * v_ - 64 * tile_ + 1, 64 * i_tile - 2 * v_ + 64));
                for (int64_t i = i_start; i < i_end; i++) {
                    const int64_t j_end = min_i64(n - 1, 512 * j_tile - 2 * v_ + 512);
                    int64_t j = max_i64(1, 512 * j_tile - 2 * v_);
                    for (; j < j_end - 3; j += 4) {
                        /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1]
                           + A[i, j + 1])   S1 */
                        *(__global f64x4 *)&B[i * B_shape1 + j] = 0.25
                                * (*(__global const f64x4 *)&A[(i - 1) * A_shape1 + j]
                                + *(__global const f64x4 *)&A[(i + 1) * A_shape1 + j]
                                + *(__global const f64x4 *)&A[i * A_shape1 + (j - 1)]
                                + *(__global const f64x4 *)&A[i * A_shape1 + (j + 1)]);
                    }
                    for (; j < j_end; j++) {
                        /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j - 1]
                           + A[i, j + 1])   S1 */
                        B[i * B_shape1 + j] = 0.25
                                * (A[(i - 1) * A_shape1 + j] + A[(i + 1) * A_shape1 + j]
                                + A[i * A_shape1 + (j - 1)] + A[i * A_shape1 + (j + 1)]);
                    }
                }
                const int64_t i_start_2 =
                        max_i64(1,
                        max_i64(64 * i_tile + 2 * v_ - 64 * tile_ - 62, 64 * i_tile - 2 * v_ - 1));
                const int64_t i_end_2 =
                        min_i64(n - 1,
                        min_i64(64 * i_tile + 2 * v_ - 64 * tile_ + 2, 64 * i_tile - 2 * v_ + 63));
                for (int64_t i = i_start_2; i < i_end_2; i++) {
                    const int64_t j_end_2 = min_i64(n - 1, 512 * j_tile - 2 * v_ + 511);
                    int64_t j = max_i64(1, 512 * j_tile - 2 * v_ - 1);
                    for (; j < j_end_2 - 3; j += 4) {
                        /* shapes.py:33   A[i, j] = B[i, j]   S2 */
                        *(__global f64x4 *)&A[i * A_shape1 + j] =
                                *(__global const f64x4 *)&B[i * B_shape1 + j];
                    }
                    for (; j < j_end_2; j++) {
                        /* shapes.py:33   A[i, j] = B[i, j]   S2 */
                        A[i * A_shape1 + j] = B[i * B_shape1 + j];
                    }
                }
            }
        }
    }
}

__kernel void stencil___tile(int64_t T, int64_t n, int64_t A_shape1, int64_t B_shape1,
                             __global double *restrict A, __global double *restrict B)
{
    for (int64_t tile_ = -1; tile_ < floord(T + 15, 16); tile_++) {
        const int64_t i_tile_end =
                min_i64(floord(2 * T + n + 61, 64), floord(32 * tile_ + n + 93, 64));
        for (int64_t i_tile = (tile_ + 1) / 2; i_tile < i_tile_end; i_tile++) {
            const int64_t j_tile_start_2 =
                    max_i64(0, max_i64(floord(tile_, 16), floord(64 * i_tile - n + 3, 512)));
            const int64_t j_tile_end_2 =
                    min_i64((2 * T + n + 509) / 512,
                    min_i64((32 * tile_ + n + 573) / 512, (32 * i_tile + 16 * tile_ + n + 572)
                    / 512));
            for (int64_t j_tile = j_tile_start_2; j_tile < j_tile_end_2; j_tile++) {
                const int64_t start__2 =
                        max_i64(0,
                        max_i64(16 * tile_,
                        max_i64(256 * j_tile + (n + 2) / 2 - n, 32 * i_tile + (n + 2) / 2 - n)));
                const int64_t end__2 =
                        min_i64(T,
                        min_i64(16 * tile_ + 32,
                        min_i64(256 * j_tile + 256, 32 * tile_ + (n + 63) / 2 - 32 * i_tile)));
                for (int64_t v_ = start__2; v_ < end__2; v_++) {
                    const int64_t i_start_3 =
                            max_i64(1,
                            max_i64(64 * i_tile + 2 * v_ - 64 * tile_ - 63, 64 * i_tile - 2 * v_));
                    const int64_t i_end_3 =
                            min_i64(n - 1,
                            min_i64(64 * i_tile + 2 * v_ - 64 * tile_ + 1, 64 * i_tile - 2 * v_
                            + 64));
                    for (int64_t i = i_start_3; i < i_end_3; i++) {
                        const int64_t j_end_3 = min_i64(n - 1, 512 * j_tile - 2 * v_ + 512);
                        int64_t j = max_i64(1, 512 * j_tile - 2 * v_);
                        for (; j < j_end_3 - 3; j += 4) {
                            /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j -
                               1] + A[i, j + 1])   S1 */
                            *(__global f64x4 *)&B[i * B_shape1 + j] = 0.25
                                    * (*(__global const f64x4 *)&A[(i - 1) * A_shape1 + j]
                                    + *(__global const f64x4 *)&A[(i + 1) * A_shape1 + j]
                                    + *(__global const f64x4 *)&A[i * A_shape1 + (j - 1)]
                                    + *(__global const f64x4 *)&A[i * A_shape1 + (j + 1)]);
                        }
                        for (; j < j_end_3; j++) {
                            /* shapes.py:30   B[i, j] = 0.25 * (A[i - 1, j] + A[i + 1, j] + A[i, j -
                               1] + A[i, j + 1])   S1 */
                            B[i * B_shape1 + j] = 0.25
                                    * (A[(i - 1) * A_shape1 + j] + A[(i + 1) * A_shape1 + j]
                                    + A[i * A_shape1 + (j - 1)] + A[i * A_shape1 + (j + 1)]);
                        }
                    }
                    const int64_t i_start_4 =
                            max_i64(1,
                            max_i64(64 * i_tile + 2 * v_ - 64 * tile_ - 62, 64 * i_tile - 2 * v_
                            - 1));
                    const int64_t i_end_4 =
                            min_i64(n - 1,
                            min_i64(64 * i_tile + 2 * v_ - 64 * tile_ + 2, 64 * i_tile - 2 * v_
                            + 63));
                    for (int64_t i = i_start_4; i < i_end_4; i++) {
                        const int64_t j_end_4 = min_i64(n - 1, 512 * j_tile - 2 * v_ + 511);
                        int64_t j = max_i64(1, 512 * j_tile - 2 * v_ - 1);
                        for (; j < j_end_4 - 3; j += 4) {
                            /* shapes.py:33   A[i, j] = B[i, j]   S2 */
                            *(__global f64x4 *)&A[i * A_shape1 + j] =
                                    *(__global const f64x4 *)&B[i * B_shape1 + j];
                        }
                        for (; j < j_end_4; j++) {
                            /* shapes.py:33   A[i, j] = B[i, j]   S2 */
                            A[i * A_shape1 + j] = B[i * B_shape1 + j];
                        }
                    }
                }
            }
        }
    }
}
