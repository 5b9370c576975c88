/* gemm: shapes.py:17

   if (C_shape0) * (C_shape1) * (A_shape1) * 5 is large:
     for j_block in 0 .. (C_shape1 - 1)//1536 + 1:
       for k_block in 0 .. (A_shape1 - 1)//320 + 1:
         launch gemm_B_pack_fill over pieces of 0 .. min(1536, B_shape1 - 1536*j_block) by 24
         launch gemm_i_block over pieces of 0 .. (C_shape0 - 1)//96 + 1
   else:
     launch gemm_j_block
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

__kernel void gemm_B_pack_fill(int64_t k_block, int64_t j_block, int64_t B_shape0, int64_t B_shape1,
                               __global const double *restrict B, __global double *restrict B_pack)
{
    /* B packed */
    {
        const int64_t B_pack_end0 = min_i64(320, B_shape0 - 320 * k_block);
        const int64_t B_pack_start0 = max_i64(0, -(320 * k_block));
        const int64_t B_pack_end1 = min_i64(1536, B_shape1 - 1536 * j_block);
        const int64_t B_pack_start1 = max_i64(0, -(1536 * j_block));
        const int64_t B_pack_trips = (B_pack_end1 + 23) / 24 - (B_pack_start1 / 24);
        const int64_t B_pack_first = B_pack_start1 / 24 + share(B_pack_trips, get_group_id(0));
        const int64_t B_pack_last = B_pack_start1 / 24 + share(B_pack_trips, get_group_id(0) + 1);
        for (int64_t B_pack_1 = B_pack_first; B_pack_1 < B_pack_last; B_pack_1++)
            for (int64_t B_pack_0 = B_pack_start0; B_pack_0 < B_pack_end0; B_pack_0++)
                if (24 * B_pack_1 + 24 <= B_pack_end1 && 24 * B_pack_1 >= B_pack_start1) {
                    for (int64_t B_pack_in1 = 0; B_pack_in1 < 24; B_pack_in1++)
                        B_pack[((B_pack_1) * 320 + B_pack_0) * 24 + B_pack_in1] =
                                B[(320 * k_block + B_pack_0) * B_shape1
                                + (1536 * j_block + 24 * B_pack_1 + B_pack_in1)];
                } else {
                    for (int64_t B_pack_in1 = 0; B_pack_in1 < 24; B_pack_in1++)
                        B_pack[((B_pack_1) * 320 + B_pack_0) * 24 + B_pack_in1] = 24 * B_pack_1
                                + B_pack_in1 < B_pack_end1 && 24 * B_pack_1 + B_pack_in1
                                >= B_pack_start1
                                ? B[(320 * k_block + B_pack_0) * B_shape1
                                + (1536 * j_block + 24 * B_pack_1 + B_pack_in1)] : 0;
                }
    }
}

__kernel void gemm_i_block(int64_t k_block, int64_t j_block, int64_t C_shape0, int64_t C_shape1,
                           int64_t A_shape0, int64_t A_shape1, __global double *restrict C,
                           __global const double *restrict A,
                           __global const double *restrict B_pack, __global double *restrict A_pack)
{
    A_pack += get_group_id(0) * 30720;
    const int64_t i_block_trips = floord(C_shape0 + 95, 96);
    const int64_t i_block_first = share(i_block_trips, get_group_id(0));
    const int64_t i_block_last = share(i_block_trips, get_group_id(0) + 1);
    for (int64_t i_block = i_block_first; i_block < i_block_last; i_block++) {
        /* A packed */
        {
            const int64_t A_pack_end0 = min_i64(96, A_shape0 - 96 * i_block);
            const int64_t A_pack_start0 = max_i64(0, -(96 * i_block));
            const int64_t A_pack_end1 = min_i64(320, A_shape1 - 320 * k_block);
            const int64_t A_pack_start1 = max_i64(0, -(320 * k_block));
            for (int64_t A_pack_0 = A_pack_start0 / 8; A_pack_0 < (A_pack_end0 + 7) / 8; A_pack_0++)
                for (int64_t A_pack_1 = A_pack_start1; A_pack_1 < A_pack_end1; A_pack_1++)
                    if (8 * A_pack_0 + 8 <= A_pack_end0 && 8 * A_pack_0 >= A_pack_start0) {
                        for (int64_t A_pack_in0 = 0; A_pack_in0 < 8; A_pack_in0++)
                            A_pack[((A_pack_0) * 320 + A_pack_1) * 8 + A_pack_in0] =
                                    A[(96 * i_block + 8 * A_pack_0 + A_pack_in0) * A_shape1
                                    + (320 * k_block + A_pack_1)];
                    } else {
                        for (int64_t A_pack_in0 = 0; A_pack_in0 < 8; A_pack_in0++)
                            A_pack[((A_pack_0) * 320 + A_pack_1) * 8 + A_pack_in0] = 8 * A_pack_0
                                    + A_pack_in0 < A_pack_end0 && 8 * A_pack_0 + A_pack_in0
                                    >= A_pack_start0
                                    ? A[(96 * i_block + 8 * A_pack_0 + A_pack_in0) * A_shape1
                                    + (320 * k_block + A_pack_1)] : 0;
                    }
        }
        for (int64_t j_tile = 64 * j_block;
             j_tile < min_i64(64 * j_block + 64, (C_shape1 + 23) / 24); j_tile++) {
            for (int64_t i_tile = 12 * i_block;
                 i_tile < min_i64(12 * i_block + 12, (C_shape0 + 7) / 8); i_tile++) {
                const int64_t C_acc_end0 = C_shape0 - 8 * i_tile;
                const int64_t C_acc_end1 = C_shape1 - 24 * j_tile;
                double C_acc[8][24];
                if (C_acc_end0 >= 8 && C_acc_end1 >= 24) {
                    for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                        for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                            C_acc[C_acc_0][C_acc_1] =
                                    C[(8 * i_tile + C_acc_0) * C_shape1 + (24 * j_tile + C_acc_1)];
                } else {
                    for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                        for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                            C_acc[C_acc_0][C_acc_1] = C_acc_0 < C_acc_end0 && C_acc_1 < C_acc_end1
                                    ? C[(8 * i_tile + C_acc_0) * C_shape1
                                    + (24 * j_tile + C_acc_1)] : 0;
                }
                for (int64_t k = 320 * k_block; k < min_i64(A_shape1, 320 * k_block + 320); k++) {
                    #pragma unroll 8
                    for (int64_t i = 0; i < 8; i++) {
                        #pragma unroll 6
                        for (int64_t j = 0; j < 24; j += 4) {
                            /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                            *(f64x4 *)&C_acc[i][j] +=
                                    A_pack[2560 * i_tile + 8 * k + i - 30720 * i_block - 2560
                                    * k_block]
                                    * *(__global const f64x4 *)&B_pack[7680 * j_tile + 24 * k + j
                                    - 491520 * j_block - 7680 * k_block];
                        }
                    }
                }
                if (C_acc_end0 >= 8 && C_acc_end1 >= 24) {
                    for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                        for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                            C[(8 * i_tile + C_acc_0) * C_shape1 + (24 * j_tile + C_acc_1)] =
                                    C_acc[C_acc_0][C_acc_1];
                } else {
                    for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                        for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                            if (C_acc_0 < C_acc_end0 && C_acc_1 < C_acc_end1)
                                C[(8 * i_tile + C_acc_0) * C_shape1 + (24 * j_tile + C_acc_1)] =
                                        C_acc[C_acc_0][C_acc_1];
                }
            }
        }
    }
}

__kernel void gemm_j_block(int64_t C_shape0, int64_t C_shape1, int64_t A_shape0, int64_t A_shape1,
                           int64_t B_shape0, int64_t B_shape1, __global double *restrict C,
                           __global const double *restrict A, __global const double *restrict B,
                           __global double *restrict B_pack, __global double *restrict A_pack)
{
    A_pack += get_group_id(0) * 30720;
    for (int64_t j_block = 0; j_block < floord(C_shape1 + 1535, 1536); j_block++) {
        for (int64_t k_block = 0; k_block < floord(A_shape1 + 319, 320); k_block++) {
            /* B packed */
            {
                const int64_t B_pack_end0_2 = min_i64(320, B_shape0 - 320 * k_block);
                const int64_t B_pack_end1_2 = min_i64(1536, B_shape1 - 1536 * j_block);
                for (int64_t B_pack_1 = 0; B_pack_1 < (B_pack_end1_2 + 23) / 24; B_pack_1++)
                    for (int64_t B_pack_0 = 0; B_pack_0 < B_pack_end0_2; B_pack_0++)
                        if (24 * B_pack_1 + 24 <= B_pack_end1_2) {
                            for (int64_t B_pack_in1 = 0; B_pack_in1 < 24; B_pack_in1++)
                                B_pack[((B_pack_1) * 320 + B_pack_0) * 24 + B_pack_in1] =
                                        B[(320 * k_block + B_pack_0) * B_shape1
                                        + (1536 * j_block + 24 * B_pack_1 + B_pack_in1)];
                        } else {
                            for (int64_t B_pack_in1 = 0; B_pack_in1 < 24; B_pack_in1++)
                                B_pack[((B_pack_1) * 320 + B_pack_0) * 24 + B_pack_in1] = 24
                                        * B_pack_1 + B_pack_in1 < B_pack_end1_2
                                        ? B[(320 * k_block + B_pack_0) * B_shape1
                                        + (1536 * j_block + 24 * B_pack_1 + B_pack_in1)] : 0;
                        }
            }
            for (int64_t i_block = 0; i_block < floord(C_shape0 + 95, 96); i_block++) {
                /* A packed */
                {
                    const int64_t A_pack_end0_2 = min_i64(96, A_shape0 - 96 * i_block);
                    const int64_t A_pack_end1_2 = min_i64(320, A_shape1 - 320 * k_block);
                    for (int64_t A_pack_0 = 0; A_pack_0 < (A_pack_end0_2 + 7) / 8; A_pack_0++)
                        for (int64_t A_pack_1 = 0; A_pack_1 < A_pack_end1_2; A_pack_1++)
                            if (8 * A_pack_0 + 8 <= A_pack_end0_2) {
                                for (int64_t A_pack_in0 = 0; A_pack_in0 < 8; A_pack_in0++)
                                    A_pack[((A_pack_0) * 320 + A_pack_1) * 8 + A_pack_in0] =
                                            A[(96 * i_block + 8 * A_pack_0 + A_pack_in0)
                                            * A_shape1 + (320 * k_block + A_pack_1)];
                            } else {
                                for (int64_t A_pack_in0 = 0; A_pack_in0 < 8; A_pack_in0++)
                                    A_pack[((A_pack_0) * 320 + A_pack_1) * 8 + A_pack_in0] = 8
                                            * A_pack_0 + A_pack_in0 < A_pack_end0_2
                                            ? A[(96 * i_block + 8 * A_pack_0 + A_pack_in0)
                                            * A_shape1 + (320 * k_block + A_pack_1)] : 0;
                            }
                }
                for (int64_t j_tile = 64 * j_block;
                     j_tile < min_i64(64 * j_block + 64, (C_shape1 + 23) / 24); j_tile++) {
                    for (int64_t i_tile = 12 * i_block;
                         i_tile < min_i64(12 * i_block + 12, (C_shape0 + 7) / 8); i_tile++) {
                        const int64_t C_acc_end0 = C_shape0 - 8 * i_tile;
                        const int64_t C_acc_end1 = C_shape1 - 24 * j_tile;
                        double C_acc[8][24];
                        if (C_acc_end0 >= 8 && C_acc_end1 >= 24) {
                            for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                                for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                                    C_acc[C_acc_0][C_acc_1] =
                                            C[(8 * i_tile + C_acc_0) * C_shape1
                                            + (24 * j_tile + C_acc_1)];
                        } else {
                            for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                                for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                                    C_acc[C_acc_0][C_acc_1] = C_acc_0 < C_acc_end0 && C_acc_1
                                            < C_acc_end1
                                            ? C[(8 * i_tile + C_acc_0) * C_shape1
                                            + (24 * j_tile + C_acc_1)] : 0;
                        }
                        for (int64_t k = 320 * k_block; k < min_i64(A_shape1, 320 * k_block + 320);
                             k++) {
                            #pragma unroll 8
                            for (int64_t i = 0; i < 8; i++) {
                                #pragma unroll 6
                                for (int64_t j = 0; j < 24; j += 4) {
                                    /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                                    *(f64x4 *)&C_acc[i][j] +=
                                            A_pack[2560 * i_tile + 8 * k + i - 30720 * i_block
                                            - 2560 * k_block]
                                            * *(__global const f64x4 *)&B_pack[7680 * j_tile + 24
                                            * k + j - 491520 * j_block - 7680 * k_block];
                                }
                            }
                        }
                        if (C_acc_end0 >= 8 && C_acc_end1 >= 24) {
                            for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                                for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                                    C[(8 * i_tile + C_acc_0) * C_shape1 + (24 * j_tile + C_acc_1)] =
                                            C_acc[C_acc_0][C_acc_1];
                        } else {
                            for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                                for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                                    if (C_acc_0 < C_acc_end0 && C_acc_1 < C_acc_end1)
                                        C[(8 * i_tile + C_acc_0) * C_shape1
                                                + (24 * j_tile + C_acc_1)] =
                                                C_acc[C_acc_0][C_acc_1];
                        }
                    }
                }
            }
        }
    }
}
